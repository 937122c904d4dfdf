"""A composed message, told in parts."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.esp.letter import NoLetter, letter_from
from syndication.delivery.parcel import Parcel


def parcel_of(*lines: str, body: str = "Hello", recipient: str = "ada@example.org") -> Parcel:
    raw = "\r\n".join([*lines, "", body, ""]).encode()
    return Parcel("b@example.org", recipient, (raw,))


def test_the_sample_newsletter_comes_apart_as_it_was_written(parcel):
    letter = letter_from(parcel("ada@example.org"))
    assert letter.sender == "Mara – The Garden Letter <mara@garden.example>"
    assert letter.recipient == "Ada Example <ada@example.org>"
    assert letter.reply_to == ("post@garden.example",)
    assert letter.subject == "A pond in a bucket, for Ada"
    assert letter.message_id == "<m.0f4a.1@garden.example>"
    assert "Hello Ada, a bucket, a stone" in letter.text
    assert "\r" not in letter.text + letter.html
    assert letter.html.startswith("<!DOCTYPE html>")
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter.headers["List-Unsubscribe"].startswith("<https://garden.example/u/T0kenOfAda/>, <mailto:")
    assert letter.headers["Date"] == "Tue, 01 Dec 2026 08:30:00 +0000"
    assert not {"From", "To", "Subject", "Content-Type", "MIME-Version"} & set(letter.headers)


def test_the_envelope_and_not_the_field_names_the_recipient(parcel):
    assert letter_from(parcel("other@example.org")).recipient == "other@example.org"


def test_a_signature_over_bytes_that_are_not_sent_is_left_out():
    assert "DKIM-Signature" not in letter_from(parcel_of("From: a@example.org", "DKIM-Signature: v=1; a=rsa-sha256")).headers


def test_a_name_with_a_comma_stays_one_address():
    assert letter_from(parcel_of("From: =?utf-8?q?Weekly=2C_the?= <a@example.org>")).sender == '"Weekly, the" <a@example.org>'


@pytest.mark.parametrize(
    "lines", [["Subject: x"], ["From: a@example.org, b@example.org"], ["From: a@example.org", "Content-Type: application/pdf"]]
)
def test_what_cannot_be_told_in_parts_says_so(lines):
    with pytest.raises(NoLetter):
        letter_from(parcel_of(*lines))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_letter_or_no_letter(raw):
    with contextlib.suppress(NoLetter):
        letter_from(Parcel("b@example.org", "ada@example.org", (b"From: a@example.org\r\n" + raw,)))
