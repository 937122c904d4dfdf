"""A message for a reader's row: its marks are the reader's own, and its pieces are the message that the preview shows."""

import email
import email.policy
from datetime import UTC, datetime

import pytest

from syndication.audience import tokens
from syndication.audience.keys import copy_key
from syndication.delivery.mailing import links
from syndication.delivery.mailing.compose import Addressee, Composer
from syndication.delivery.mailing.freeze import Frozen
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.email import EmailTemplates
from syndication.rendering.message import Envelope
from syndication.rendering.reader import ReaderRow, reader_from

DATE = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
ENVELOPE = Envelope("Weekly", "news@weekly.example.org", "", "weekly.example.org", "news.weekly.example.org", "News")
ADA = ReaderRow(700_001, "ada@example.org", "Ada Lovelace", {"plan": "pro"}, "en")


def composer_of(*, text: str = "Hello {{ subscriber.first_name }}, {{ unsubscribe_url }}\n", envelope: Envelope = ENVELOPE) -> Composer:
    templates = EmailTemplates(subject="Hi {{ subscriber.name }}", html='<a href="{{ unsubscribe_url }}">Leave</a>', text=text)
    return Composer(Frozen(templates, envelope, "https://news.example.org/a/"), uid="0f", mailing_id=417, list_id=3)


def test_sender_message_id_and_link_are_those_of_the_mailing_and_the_subscriber(settings):
    parcel = composer_of().parcel_of(ADA, DATE)
    message = email.message_from_bytes(b"".join(parcel.message), policy=email.policy.default)
    leave, bounce, message_id, _ = tokens.of_copy(417, 700_001, 3, copy_key())
    assert parcel.sender == links.sender_of(bounce, "weekly.example.org")
    assert message["Message-ID"] == f"<{message_id}@weekly.example.org>"
    assert message.get_body(("plain",)).get_content() == f"Hello Ada, {links.unsubscribe_url(settings.BASE_URL, leave)}\r\n"
    assert f"mailto:u+{leave}@weekly.example.org" in message["List-Unsubscribe"]


def test_the_preview_of_a_reader_is_what_the_reader_gets():
    composer = composer_of()
    reader = reader_from(ADA.address, ADA.name, ADA.attributes, ADA.locale)
    shown, sent = composer.parcel(Addressee(ADA.subscriber_id, reader), DATE), composer.parcel_of(ADA, DATE)
    assert (shown.sender, shown.recipient, b"".join(shown.message)) == (sent.sender, sent.recipient, b"".join(sent.message))


def test_the_signature_stands_first_and_covers_the_whole_body():
    class Signer:
        def sign(self, own_headers: bytes, body: bytes, *, signed_at: int) -> bytes:
            assert own_headers.startswith(b"To: Ada Lovelace <ada@example.org>\r\n")
            assert body.startswith(b"--=_")
            assert body.endswith(b"--\r\n")
            return b"DKIM-Signature: t=%d\r\n" % signed_at

    composer = composer_of()
    unsigned = b"".join(composer.parcel_of(ADA, DATE).message)
    composer.signer = Signer()
    signature, shared, own, blank, body = composer.parcel_of(ADA, DATE).message
    assert signature == b"DKIM-Signature: t=%d\r\n" % DATE.timestamp()
    assert shared + own + blank + body == unsigned


def test_an_address_of_the_installation_in_other_letters_is_written_as_a_uri(settings):
    settings.BASE_URL = "https://gärten.example"
    octets = b"".join(composer_of().parcel_of(ADA, DATE).message)
    assert b"List-Unsubscribe: <https://g%C3%A4rten.example/u/" in octets


def test_a_field_that_fails_for_one_reader_fails_for_that_one_only():
    composer = composer_of(text="{{ subscriber.attributes.plan }}\n")
    with pytest.raises(BadTemplate):
        composer.parcel_of(ADA._replace(attributes={}), DATE)
    assert composer.parcel_of(ADA, DATE).recipient == "ada@example.org"


def test_a_domain_in_other_letters_is_written_in_those_of_dns():
    parcel = composer_of(envelope=Envelope("W", "n@bücher.example", "", "bücher.example", "n.bücher.example", "N")).parcel_of(ADA, DATE)
    assert parcel.sender.endswith("@xn--bcher-kva.example")
