"""Subjects, names and addresses arrive as they were written, and nothing can slip in beside them."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.rendering.header_words import (
    BadAddress,
    ascii_address,
    encode_name,
    encode_text,
    international_address,
    mailbox,
    one_line,
    plain_mailbox,
)

characters = st.sampled_from(' abcXYZ0-_=?.,;:()<>@"\\äß€–漢字\U0001f600\u0301')
texts = (st.text(characters, max_size=200) | st.text(st.characters(codec="utf-8"), max_size=120)).map(one_line)
hostile = st.text(st.sampled_from("a\r\n\0\x0b\x0c\x1c\x85\u2028\u2029\u202e :B"), max_size=60)


def subject_line(value: str) -> str:
    return "Subject: " + encode_text(value, column=9)


@given(texts)
def test_a_subject_reads_back_exactly(value):
    message = email.message_from_string(subject_line(value) + "\r\n\r\n", policy=email.policy.default)
    assert message["Subject"] == value


@given(texts)
def test_a_subject_reads_back_exactly_with_the_older_parser(value):
    message = email.message_from_string(subject_line(value) + "\r\n\r\n", policy=email.policy.compat32.clone(linesep="\r\n"))
    unfolded = re.sub(r"\r?\n", "", message["Subject"])
    assert str(make_header(decode_header(unfolded))) == value


@given(texts)
def test_lines_stay_within_78_columns_and_encoded_words_within_75(value):
    lines = subject_line(value).split("\r\n")
    assert max(map(len, lines)) <= 78
    for word in re.findall(r"=\?utf-8\?[qb]\?[^?]*\?=", subject_line(value)):
        assert len(word) <= 75


@given(texts)
def test_each_encoded_word_holds_whole_characters(value):
    for part, charset in decode_header(encode_text(value, column=9).replace("\r\n", "")):
        if charset:
            part.decode(charset)
    for word in re.findall(r"=\?utf-8\?[qb]\?[^?]*\?=", encode_text(value, column=9)):
        ((part, _),) = decode_header(word)
        part.decode("utf-8")


@given(hostile)
def test_no_text_can_end_its_field(value):
    for encoded in (encode_text(value, column=9), mailbox(value, "a@example.org", column=4)):
        assert re.fullmatch(r"(?:[\t -~]|\r\n [!-~])*", encoded)


@given(hostile | texts)
def test_no_continuation_line_is_blank(value):
    assert not re.search(r"\r\n[ \t]*(?:\r\n|$)", encode_text(value, column=9))


@given(texts.filter(bool))
def test_a_display_name_reads_back_exactly_with_single_blanks(name):
    name = " ".join(name.split())
    # the older parser: that of 3.11's policy.default puts a blank between two encoded words of a name (RFC 2047 6.2: none)
    shown, address = parseaddr(mailbox(name, "a@example.org", column=4).replace("\r\n", ""))
    assert (str(make_header(decode_header(shown))), address) == (name, "a@example.org")


@given(texts.filter(bool))
def test_a_name_is_quoted_or_encoded_never_both(name):
    encoded = encode_name(name, column=4)
    assert not (encoded.startswith('"') and "=?utf-8?" in encoded)


def test_the_blank_between_a_plain_and_an_encoded_word_is_kept():
    message = email.message_from_string(subject_line("know – café") + "\r\n\r\n", policy=email.policy.default)
    assert message["Subject"] == "know – café"


def test_plain_text_stays_readable():
    assert encode_text("Five plants for a shady yard", column=9) == "Five plants for a shady yard"


def test_plain_text_that_looks_encoded_is_encoded():
    assert encode_text("=?utf-8?q?hello?=", column=9) != "=?utf-8?q?hello?="


def test_a_long_plain_subject_is_folded_before_a_blank():
    assert "\r\n " in encode_text("word " * 40, column=9)


def test_bidi_controls_are_dropped_and_line_breaks_become_blanks():
    assert one_line("\u202eab\r\nBcc: x\u2066") == "ab Bcc: x"


def test_a_domain_in_other_letters_is_written_as_a_labels():
    assert ascii_address("ada@bücher.example") == "ada@xn--bcher-kva.example"


def test_a_strange_local_part_is_quoted():
    assert ascii_address("ada lovelace@example.org") == '"ada lovelace"@example.org'


@pytest.mark.parametrize(
    "address", ["", "ada", "@example.org", "ada@", "ada\r\nBcc: x@example.org", "äda@example.org", "a@exa mple.org", "a@b>c"]
)
def test_what_is_no_address_for_a_header_is_refused(address):
    with pytest.raises(BadAddress):
        ascii_address(address)


plain_names = st.text(st.sampled_from("aZ'-_ éüßł日\u0301"), max_size=80)
plain_addresses = st.text(st.sampled_from("aZ.+-_@é"), max_size=70).map("{}@example.org".format)


@given(plain_names, plain_addresses)
def test_the_quick_way_for_a_plain_name_and_address_gives_what_the_long_way_gives(name, address):
    quick = plain_mailbox(name, address, column=len("To: "))
    assert quick == "" or quick == mailbox(name, address, column=len("To: "))


@pytest.mark.parametrize("name", ["", "Ada", "Ada Lovelace", "Zoë Müller", "O'Neill"])
def test_a_usual_name_takes_the_quick_way(name):
    assert plain_mailbox(name, "ada@example.org", column=len("To: "))


def test_a_local_part_outside_ascii_stays_in_its_own_letters_and_others_are_written_as_always():
    assert international_address("jürgen.groß@bücher.example") == "jürgen.groß@bücher.example"
    assert international_address("ada@bücher.example") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "address",
    [
        "jü rgen@example.org",
        "jü\nrgen@example.org",
        "jü\u200brgen@example.org",
        "jü>,b@example.org",
        "jü..r@example.org",
        "jü@exa mple",
        "\ud800@a.example",
    ],
)
def test_what_no_header_may_carry_is_refused_in_any_letters(address):
    with pytest.raises(BadAddress):
        international_address(address)
