"""A composed message reads back as exactly what was filled, and obeys the rules for bulk mail."""

import email
import email.policy
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.header_words import BadAddress, one_line
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import Reader, reader_from


@dataclass(frozen=True)
class Sources:
    """The three sources of a mailing."""

    subject: str
    html: str
    text: str


SOURCES = Sources(
    subject='Für {{ subscriber.first_name | default("dich") }} – neu',
    html='<!doctype html><p class="a">Hallo {{ subscriber.name | default("du") }}</p>\n.<a href="{{ unsubscribe_url }}">Abmelden</a>\n',
    text='Hallo {{ subscriber.name | default("du") }}\n.\n.. From here\nFrom there {{ page_url }}\n-- \n{{ unsubscribe_url }}\n',
)
ENVELOPE = Envelope(
    from_name="Garten, Brief & Söhne",
    from_address="post@gärten.example",
    reply_to="antwort@example.org",
    mail_domain="gärten.example",
    list_id="weekly.gärten.example",
    list_name='Der "Wochenbrief"',
    kind="campaign",
    language="de",
)
LINKS = Links(
    "https://n.example/u/T0ken/", "https://n.example/u/T0ken/", "mailto:u+T0ken@n.example?subject=unsubscribe", "https://n.example/p/"
)
MOMENT = datetime(2026, 12, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
MAILING = CompiledMailing(SOURCES, ENVELOPE, uid="4711")
ADA = reader_from("ada@example.org", "Ada Lovelace", {}, "de")

hostile_names = (
    st.text(st.characters(codec="utf-8"), max_size=60)
    | st.text(st.sampled_from("a\r\n\0 :<>\"'&{}%=?.\u202e\ud800é"), max_size=60)
    | st.sampled_from(
        ["\r\nBcc: all@example.org", "{{ 7*7 }}", "{% raw %}", "<script>alert(1)</script>", "x" * 1_000_000, "a@b.example", "\u202eevil"]
    )
)


def compose(reader: Reader = ADA, mailing: CompiledMailing = MAILING, links: Links = LINKS) -> bytes:
    return mailing.compose(reader, links, message_id="m.1@n.example", date=MOMENT)


def parsed(octets: bytes):
    return email.message_from_bytes(octets, policy=email.policy.default)


def body_of(message, kind: str) -> str:
    part = message.get_body((kind,))
    return part.get_payload(decode=True).decode("utf-8")


def with_crlf(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\r\n", text)


@given(hostile_names)
def test_whatever_a_reader_is_called_the_parts_read_back_as_they_were_filled(name):
    reader = reader_from("ada@example.org", name, {}, "")
    message = parsed(compose(reader))
    assert body_of(message, "html") == with_crlf(MAILING.html(reader, LINKS))
    assert body_of(message, "plain") == with_crlf(MAILING.text(reader, LINKS))
    assert message["Subject"] == MAILING.subject(reader)


@given(hostile_names)
def test_whatever_a_reader_is_called_no_header_is_added(name):
    fields = [field for field, _ in parsed(compose()).items()]
    assert [field for field, _ in parsed(compose(reader_from("ada@example.org", name, {}, ""))).items()] == fields


@given(hostile_names)
def test_every_message_is_ascii_with_crlf_only_and_short_lines(name):
    octets = compose(reader_from("ada@example.org", name, {}, ""))
    assert re.fullmatch(rb"(?:[\t -~]|\r\n)*", octets)
    assert max(map(len, octets.split(b"\r\n"))) <= 78
    assert octets.endswith(b"--\r\n")


@given(hostile_names)
def test_no_line_begins_with_a_dot(name):
    assert b"\r\n." not in compose(reader_from("ada@example.org", name, {}, ""))


def test_the_parser_finds_no_defect():
    message = parsed(compose())
    assert [defect for part in message.walk() for defect in part.defects] == []
    assert all(value.defects == () for value in message.values())


def test_each_required_header_stands_exactly_once_and_bcc_never():
    fields = [field.lower() for field, _ in parsed(compose()).items()]
    for field in ("from", "to", "date", "message-id", "subject", "mime-version", "content-type"):
        assert fields.count(field) == 1
    assert "bcc" not in fields


def test_to_is_the_one_recipient_with_the_name():
    assert parsed(compose())["To"] == "Ada Lovelace <ada@example.org>"


@pytest.mark.parametrize("name", ["win@evil.example", "https://evil.example", "x" * 500, "<b>"])
def test_a_name_that_looks_like_an_address_or_a_text_is_left_out_of_to(name):
    assert parsed(compose(reader_from("ada@example.org", name, {}, "")))["To"] == "ada@example.org"


def test_from_carries_the_senders_name_and_the_domain_in_a_labels():
    (sender,) = parsed(compose())["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Garten, Brief & Söhne", "post@xn--grten-gra.example")


def test_the_date_has_a_numeric_zone_and_the_right_weekday():
    assert b"\r\nDate: Tue, 01 Dec 2026 09:30:00 +0100\r\n" in compose()


def test_utc_is_written_as_a_numeric_zone_too():
    octets = MAILING.compose(ADA, LINKS, message_id="m.1@n.example", date=MOMENT.astimezone(UTC))
    assert b"\r\nDate: Tue, 01 Dec 2026 08:30:00 +0000\r\n" in octets


def test_a_date_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        MAILING.compose(ADA, LINKS, message_id="m.1@n.example", date=MOMENT.replace(tzinfo=None))


def test_the_message_id_is_the_given_one_in_angle_brackets():
    assert parsed(compose())["Message-ID"] == "<m.1@n.example>"


@pytest.mark.parametrize("message_id", ["", "abc", "a b@c", "a@b\r\nBcc: x", "ä@b"])
def test_a_wrong_message_id_is_refused(message_id):
    with pytest.raises(ValueError, match="Message-ID"):
        MAILING.compose(ADA, LINKS, message_id=message_id, date=MOMENT)


def test_list_unsubscribe_holds_one_https_and_one_mailto_uri():
    assert parsed(compose())["List-Unsubscribe"] == "<https://n.example/u/T0ken/>, <mailto:u+T0ken@n.example?subject=unsubscribe>"


def test_list_unsubscribe_post_is_exact():
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in compose()


def test_list_id_stands_under_the_senders_domain():
    assert parsed(compose())["List-Id"] == '"Der \\"Wochenbrief\\"" <weekly.xn--grten-gra.example>'


def test_a_campaign_is_bulk():
    assert parsed(compose())["Precedence"] == "bulk"


def test_the_text_part_comes_before_the_html_part():
    parts = [part.get_content_type() for part in parsed(compose()).walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]


def test_a_confirmation_is_automatic_and_has_no_list_unsubscribe():
    mailing = CompiledMailing(Sources("Confirm", "{{ confirm_url }}", "{{ confirm_url }}"), replace(ENVELOPE, kind="confirmation"), uid="1")
    message = parsed(mailing.compose(ADA, Links("", "", "", "", "https://n.example/c/x/"), message_id="a@b.example", date=MOMENT))
    assert message["Auto-Submitted"] == "auto-generated"
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "Precedence"} & set(message.keys())


def test_a_confirmation_shows_no_name_that_a_stranger_typed():
    mailing = CompiledMailing(Sources("Confirm", "x", "x"), replace(ENVELOPE, kind="confirmation"), uid="1")
    assert parsed(compose(mailing=mailing))["To"] == "ada@example.org"


def test_the_same_mailing_gives_the_same_bytes():
    assert compose() == compose(mailing=CompiledMailing(SOURCES, ENVELOPE, uid="4711"))


def test_another_mailing_has_another_boundary():
    assert parsed(compose()).get_boundary() != parsed(compose(mailing=CompiledMailing(SOURCES, ENVELOPE, uid="4712"))).get_boundary()


def test_an_envelope_survives_a_json_column():
    assert Envelope.from_json(ENVELOPE.as_json()) == ENVELOPE


def test_an_address_that_cannot_be_written_is_refused():
    with pytest.raises(BadAddress):
        compose(Reader(address="ada\r\nBcc: x@example.org"))


def test_a_value_that_is_missing_is_told_with_its_line():
    mailing = CompiledMailing(replace(SOURCES, text="one\n{{ subscriber.attributes.plan }}"), ENVELOPE, uid="1")
    with pytest.raises(BadTemplate) as caught:
        compose(mailing=mailing)
    assert (caught.value.where, caught.value.line) == ("text", 2)


@given(hostile_names)
def test_a_subject_is_one_line(name):
    subject = MAILING.subject(reader_from("ada@example.org", name, {}, ""))
    assert subject == one_line(subject)
