"""What a signature covers, and that verifiers which are not ours agree."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dkim_verifiers import by_dkimpy, reasons_of_dkimpy, records_of
from support.signed_mail import NOW, Mail

from syndication.delivery.signing.dkim import SIGNED, VALID_SECONDS, DomainKey, NotSignable, Signer
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import reader_from


def fields(mail, keys, **more):
    """The signature fields alone, as the message carries them."""
    return Signer(keys, shared_headers=mail.shared).sign(mail.own, mail.body, signed_at=more.get("signed_at", NOW))


def tags(field: bytes) -> dict[str, str]:
    value = re.sub(r"\s+", "", field.decode().partition(":")[2])
    return dict(part.partition("=")[::2] for part in value.split(";"))


# ---------------------------------------------------------------- what verifiers say


def test_rsa_is_verified(mail, rsa_key):
    assert by_dkimpy(mail.signed([rsa_key]), records_of([rsa_key])) == [True]


def test_ed25519_is_verified(mail, ed25519_key):
    assert by_dkimpy(mail.signed([ed25519_key]), records_of([ed25519_key])) == [True]


def test_both_at_once_are_verified_and_rsa_stands_first(mail, both_keys):
    signed = mail.signed(both_keys)
    assert by_dkimpy(signed, records_of(both_keys)) == [True, True]
    assert [tags(field)["a"] for field in signed.split(b"DKIM-Signature")[1:3]] == ["rsa-sha256", "ed25519-sha256"]


def test_a_key_of_another_owner_does_not_verify(mail, rsa_key, ed25519_key):
    records = records_of([rsa_key])
    other = DomainKey(rsa_key.domain, "e1", ed25519_key.private)
    assert by_dkimpy(mail.signed([replace(rsa_key, selector="r1")]), records) == [True]
    assert by_dkimpy(mail.signed([other]), {"e1._domainkey.news.example.org": records["r1._domainkey.news.example.org"]}) == [False]


@pytest.mark.parametrize(
    ("what", "was", "becomes"),
    [
        ("the body", b"Hello Ada", b"Hello Eve"),
        ("blanks in the body", b"two  blanks", b"two blanks"),
        ("the subject", b"Ein_Teich", b"Kein_Teich"),
        ("the sender", b"<mara@news.example.org>", b"<eve@news.example.org>"),
        ("the recipient", b"<ada@example.org>", b"<bo@example.org>"),
        ("the date", b"24 Nov 2026", b"25 Nov 2026"),
        ("the Message-ID", b"<m.0f4a.1@", b"<m.0f4a.2@"),
        ("the reply address", b"Reply-To: post@", b"Reply-To: eve@"),
        ("the unsubscribe link", b"<https://news.example.org/u/", b"<https://evil.example.org/u/"),
        ("the one-click promise", b"List-Unsubscribe=One-Click", b"List-Unsubscribe=No"),
        ("the list", b"<weekly.news", b"<daily.news"),
        ("the media type", b"multipart/alternative", b"multipart/mixed"),
        ("the complaint address", b"fbl@news", b"eve@news"),
        ("the feedback id", b"0f4a:weekly", b"0f4b:weekly"),
    ],
)
def test_a_change_breaks_both_signatures(mail, both_keys, what, was, becomes):
    signed = mail.signed(both_keys)
    assert signed.count(was) == 1, what
    assert by_dkimpy(signed.replace(was, becomes), records_of(both_keys)) == [False, False]


@pytest.mark.parametrize(
    "field", [b"From: eve@example.com", b"To: b@example.org", b"Subject: Buy", b"Date: x", b"Reply-To: eve@example.com"]
)
@pytest.mark.parametrize("place", ["above", "below"])
def test_an_added_copy_of_what_readers_see_breaks_the_signature(mail, ed25519_key, field, place):
    signed = mail.signed([ed25519_key])
    changed = field + b"\r\n" + signed if place == "above" else signed.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n", 1)
    assert by_dkimpy(changed, records_of([ed25519_key])) == [False]


def test_a_reply_address_cannot_be_added_where_there_was_none(mail, ed25519_key):
    without = replace(mail, shared=mail.shared.replace(b"Reply-To: post@news.example.org\r\n", b""))
    signed = without.signed([ed25519_key])
    assert by_dkimpy(signed, records_of([ed25519_key])) == [True]
    assert by_dkimpy(b"Reply-To: eve@example.com\r\n" + signed, records_of([ed25519_key])) == [False]


def test_relays_may_add_trace_fields_and_fold_anew(mail, both_keys):
    signed = b"Received: from a by b; Tue, 24 Nov 2026 08:30:01 +0000\r\nReturn-Path: <b+x@news.example.org>\r\n" + mail.signed(both_keys)
    refolded = signed.replace(b"To: Ada Example <", b"TO:   Ada\r\n\tExample  <").replace(b",\r\n <mailto", b", <mailto")
    assert refolded != signed
    assert by_dkimpy(refolded, records_of(both_keys)) == [True, True]


@dataclass
class Words:
    """The templates of a mailing."""

    subject: str
    html: str = "<p>Hello {{ subscriber.first_name | default('you') }}</p>"
    text: str = "Hello {{ subscriber.first_name | default('you') }}\n"


@pytest.mark.parametrize(
    ("domain", "address", "subject"),
    [
        ("bücher.example", "lesen@bücher.example", "Neu im Regal: Bücher für {{ subscriber.first_name | default('alle') }}"),
        ("例え.example", "kiji@例え.example", "今週の記事 " * 20),
        ("news.example.org", "desk@news.example.org", "A long plain subject that has to be folded because it does not fit " * 4),
        ("news.example.org", "desk@news.example.org", "%s %d 100% sure {{ subscriber.first_name }}"),
    ],
)
def test_what_rendering_makes_is_verified_for_any_alphabet(domain, address, subject, both_keys):
    ascii_domain = domain.encode("idna").decode()
    keys = [replace(key, domain=ascii_domain) for key in both_keys]
    envelope = Envelope("Ärger & Co", address, "", domain, f"weekly.{domain}", "Wöchentlich")
    compiled = CompiledMailing(Words(subject), envelope, uid="17")
    reader = reader_from("ada@example.org", "Ada Ünal", {}, "de")
    links = Links("https://x.example/u/t/", "https://x.example/u/" + "t" * 80 + "/", "mailto:u+t@x.example", "https://x.example/a/")
    own, body = compiled.compose_parts(reader, links, message_id="1.2@x.example", date=datetime(2026, 11, 24, 8, 30, tzinfo=UTC))
    signed = Mail(compiled.shared_headers, own, body).signed(keys)
    assert by_dkimpy(signed, records_of(keys)) == [True, True]
    assert tags(signed.split(b"DKIM-Signature")[1])["d"] == ascii_domain


# ---------------------------------------------------------------- what stands in the field


def test_the_field_says_what_the_rules_ask_for(mail, rsa_key):
    found = tags(fields(mail, [rsa_key]))
    assert list(found) == ["v", "a", "c", "d", "s", "t", "x", "h", "bh", "b"]
    assert (found["v"], found["c"], found["d"], found["s"]) == ("1", "relaxed/simple", "news.example.org", "r1")
    assert int(found["x"]) - int(found["t"]) == VALID_SECONDS == 7 * 86400
    names = found["h"].split(":")
    assert {name.encode() for name in names} == SIGNED - {b"auto-submitted"}
    assert {name for name in names if names.count(name) == 2} == {"from", "to", "subject", "date", "reply-to"}


def test_a_confirmation_signs_its_auto_submitted_field(mail, ed25519_key):
    confirmation = replace(mail, shared=mail.shared.replace(b"Precedence: bulk", b"Auto-Submitted: auto-generated"))
    assert "auto-submitted" in tags(fields(confirmation, [ed25519_key]))["h"].split(":")
    assert by_dkimpy(confirmation.signed([ed25519_key]), records_of([ed25519_key])) == [True]


def test_lines_are_short_and_end_with_crlf(mail, both_keys):
    found = fields(mail, both_keys)
    assert found.endswith(b"\r\n")
    assert found.count(b"\n") == found.count(b"\r\n") == found.count(b"\r")
    assert max(len(line) for line in found.split(b"\r\n")) <= 78
    assert found.isascii()


def test_every_attempt_has_the_same_bytes(mail, both_keys):
    assert fields(mail, both_keys) == fields(mail, both_keys)
    signer = Signer(both_keys, shared_headers=mail.shared)
    once = signer.sign(mail.own, mail.body, signed_at=NOW)
    signer.sign(mail.own.replace(b"Ada", b"Bo"), mail.body, signed_at=NOW + 5)
    assert signer.sign(mail.own, mail.body, signed_at=NOW) == once


def test_a_signature_runs_out_after_a_week(mail, ed25519_key):
    old = mail.signed([ed25519_key], signed_at=NOW - VALID_SECONDS - 12 * 3600)
    assert "past" in reasons_of_dkimpy(old, records_of([ed25519_key]))[0]


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n" * 5000, b"no line end", b"text\r\n\r\n\r\n", b"text\r\n \r\n", b"a\r\n\r\nb\r\n", b"\0\xff\r\n"]
)
def test_any_end_of_a_body_is_brought_into_its_form(mail, ed25519_key, body):
    assert by_dkimpy(replace(mail, body=body).signed([ed25519_key]), records_of([ed25519_key])) == [True]


def test_a_body_in_its_form_is_not_copied(mail, ed25519_key):
    from syndication.delivery.signing.dkim import _simple_body

    assert _simple_body(mail.body) is mail.body


# ---------------------------------------------------------------- what cannot be signed


@pytest.mark.parametrize(
    ("own", "says"),
    [
        (b"To: a@example.org\r\nFrom: eve@example.com\r\n", "from twice"),
        (b"Subject: a\r\nSUBJECT : b\r\n", "subject twice"),
        (b"To: a@example.org\nBcc: all\r\n", "bare"),
        (b"To: a@example.org\rBcc: all\r\n", "bare"),
        (b"To: a@example.org", "not ended"),
        (b"To: a@example.org\r\n\r\nA body of my own\r\n", "no colon"),
        (b" folded from the field before: x\r\n", "in the middle"),
    ],
)
def test_headers_that_would_not_hold_are_refused(mail, ed25519_key, own, says):
    with pytest.raises(NotSignable, match=says):
        Signer([ed25519_key], shared_headers=mail.shared).sign(own, mail.body, signed_at=NOW)


def test_a_message_without_a_sender_is_refused(mail, ed25519_key):
    with pytest.raises(NotSignable, match="no From"):
        Signer([ed25519_key], shared_headers=b"Subject: x\r\n").sign(b"To: a@example.org\r\n", b"x\r\n", signed_at=NOW)


def test_strange_sets_of_fields_do_not_pile_up(mail, ed25519_key):
    signer = Signer([ed25519_key], shared_headers=b"From: a@news.example.org\r\n")
    optional = sorted(SIGNED - {b"from"})
    for number in range(300):
        own = b"".join(name + b": x\r\n" for bit, name in enumerate(optional) if number >> bit & 1)
        signer.sign(own, b"x\r\n", signed_at=NOW)
    assert len(signer._heads) <= 64


# ---------------------------------------------------------------- any message

SOME_BLANKS = [" ", "  ", "\t", " \t ", "\r\n ", "\r\n\t", " \r\n  ", "\r\n \r\n "]
blanks = st.sampled_from(SOME_BLANKS)
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
values = st.lists(st.tuples(words, blanks), max_size=8).map(lambda pairs: "".join(word + blank for word, blank in pairs))
signed_names = st.sampled_from(sorted(name.decode() for name in SIGNED - {b"from"}))
other_names = st.sampled_from(["X-Own", "Content-Language", "Comments", "List-Help"])
spellings = st.sampled_from([str.lower, str.upper, str.title])


@st.composite
def headers(draw):
    """From among others, each signed field at most once, in any order, spelling and folding."""
    names = draw(st.lists(signed_names | other_names, unique=True, max_size=9).map(lambda found: [*found, "from"]).flatmap(st.permutations))
    lines = [f"{draw(spellings)(name)}:{draw(st.sampled_from(['', *SOME_BLANKS]))}{draw(values)}" for name in names]
    cut = draw(st.integers(0, len(lines)))
    return tuple("".join(f"{line}\r\n" for line in part).encode() for part in (lines[:cut], lines[cut:]))


lines_of_body = st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")), max_size=12)


@given(parts=headers(), body=lines_of_body.map(b"\r\n".join))
def test_any_message_is_verified(parts, body, both_keys):
    assert by_dkimpy(Mail(*parts, body).signed(both_keys), records_of(both_keys)) == [True, True]
