"""Quoted-printable text survives every server on the way."""

import quopri
import re

import markupsafe
from hypothesis import given
from hypothesis import strategies as st

from syndication.rendering.quoted_printable import encode, encode_pieces, piece, piece_of_markup_word, piece_of_word

words = st.text(st.sampled_from(" \t.=\r\naF\u00e9\u20ac\U0001f600-"), max_size=400)
any_text = st.text(st.characters(codec="utf-8"), max_size=400)
long_lines = st.builds(lambda piece, times: piece * times, st.text(st.sampled_from(" .aé\t="), min_size=1, max_size=9), st.integers(1, 60))


def with_crlf(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\r\n", text)


@given(words | any_text | long_lines)
def test_it_decodes_to_the_text_with_its_line_ends_as_crlf(text):
    assert quopri.decodestring(encode(text)).decode() == with_crlf(text)


@given(words | any_text | long_lines)
def test_no_line_is_longer_than_76_columns(text):
    assert max(map(len, encode(text).split(b"\r\n"))) <= 76


@given(words | any_text | long_lines)
def test_every_octet_is_printable_ascii_and_every_line_end_is_crlf(text):
    assert re.fullmatch(rb"(?:[\t -~]|\r\n)*", encode(text))


@given(words | any_text | long_lines)
def test_no_line_ends_in_a_blank(text):
    assert not re.search(rb"[ \t](?:\r\n|$)", encode(text))


@given(words | any_text | long_lines)
def test_no_line_begins_with_a_dot_so_dot_stuffing_changes_nothing(text):
    assert not re.search(rb"(?m)^\.", encode(text))


@given(words | any_text | long_lines)
def test_escapes_are_upper_case_and_whole(text):
    for escape in re.findall(rb"=.{0,2}", encode(text).replace(b"=\r\n", b"")):
        assert re.fullmatch(rb"=[0-9A-F]{2}", escape)


def test_a_line_that_begins_with_from_is_harmless_in_a_mailbox_file():
    assert encode("From me\nFrom you") == b"=46rom me\r\n=46rom you"


def test_a_line_of_76_columns_that_ends_in_a_blank_is_broken_where_binascii_overruns():
    encoded = encode("a" * 75 + " ")
    assert max(map(len, encoded.split(b"\r\n"))) <= 76


def test_a_lone_surrogate_becomes_a_replacement_character():
    assert encode("a\ud800b") == "a\ufffdb".encode().replace(b"\xef\xbf\xbd", b"=EF=BF=BD")


def test_a_newsletter_of_30_kilobytes_grows_by_less_than_a_tenth():
    text = "A calm sentence about gardens, rivers and the people who care for them.\n" * 420
    assert len(encode(text)) < 1.1 * len(text)


one_word = st.text(st.sampled_from("abz09/:.?=&<>'\"~-_é \n"), max_size=160) | st.builds(
    lambda length, end: "a" * length + end, st.integers(70, 160), st.sampled_from(["", ".b"])
)


@given(one_word | words)
def test_the_quick_way_for_a_word_gives_the_same_piece(text):
    assert piece_of_word(text) == piece(text)


@given(one_word | words)
def test_the_quick_way_for_a_word_in_html_gives_the_same_piece(text):
    assert piece_of_markup_word(text) == piece(str(markupsafe.escape(text)))


pieces = st.lists(
    words.map(lambda text: text.rstrip("\r")) | st.sampled_from(["a" * 75, "b" * 76, "é" * 13 + "c" * 10, "", "\n", " ", "."]), max_size=12
)


@given(pieces)
def test_pieces_decode_to_what_they_say_together(parts):
    assert quopri.decodestring(encode_pieces(parts)).decode() == with_crlf("".join(parts))


@given(pieces)
def test_pieces_keep_every_promise_of_the_whole(parts):
    encoded = encode_pieces(parts)
    assert max(map(len, encoded.split(b"\r\n"))) <= 76
    assert re.fullmatch(rb"(?:[\t -~]|\r\n)*", encoded)
    assert not re.search(rb"[ \t](?:\r\n|$)", encoded)
    assert not re.search(rb"(?m)^(?:\.|From )", encoded)
    for escape in re.findall(rb"=.{0,2}", encoded.replace(b"=\r\n", b"")):
        assert re.fullmatch(rb"=[0-9A-F]{2}", escape)


@given(pieces)
def test_remembered_pieces_give_the_same_bytes_again(parts):
    assert encode_pieces(parts) == encode_pieces(["".join(list(part)) for part in parts])
