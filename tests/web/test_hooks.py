"""Providers' notices: only with the secret, kept once, and the same rules as for mail that comes back."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from support.publications import make_list, make_publication
from support.returned_mail import copy_tokens
from support.staff import visitor

from syndication.audience.models import Subscriber, Suppression
from syndication.delivery.bounces.models import InboundMail
from syndication.delivery.bounces.read_inbound import read_inbound
from syndication.delivery.models import Mailing

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECRET = "hook:0123456789abcdef"
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
UNKNOWN_USER = "smtp;550 5.1.1 The email account that you tried to reach does not exist"


@pytest.fixture(autouse=True)
def _on(settings):
    settings.WEBHOOK_SECRET = SECRET
    settings.WEBHOOK_SIGNING_KEY = "the signing key"


@pytest.fixture
def reader():
    return Subscriber.objects.create(address="r@example.net", address_hash="a" * 64)


@pytest.fixture
def token(reader):
    publication = make_publication()
    chosen = make_list(publication)
    mailing = Mailing.objects.create(
        key="campaign:1",
        publication=publication,
        list=chosen,
        subject="s",
        html="h",
        text="t",
        content_hash="0" * 64,
        frozen_at=NOW,
        envelope={"mail_domain": "news.example.org"},
    )
    return copy_tokens(mailing, reader, chosen).message_id


def post(provider, told, *, secret=SECRET, **options):
    headers = {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()} if secret else {}
    body = told if isinstance(told, bytes | str) else json.dumps(told)
    return visitor().post(f"/hooks/{provider}/", body, content_type="application/json", headers=headers, **options)


def postmark(token, kind="HardBounce", record="Bounce", details=UNKNOWN_USER, number=42):
    return {
        "RecordType": record,
        "Type": kind,
        "ID": number,
        "Email": "r@example.net",
        "BouncedAt": "2026-11-25T08:00:00Z",
        "Details": details,
        "Description": "",
        "MessageID": "0b8e3d1a-0000-4c1e-9f00-1234567890ab",
        "Metadata": {"copy": token} if token else {},
    }


def read():
    read_inbound(lambda: NOW)
    return [(row.source, row.verdict) for row in InboundMail.objects.order_by("pk")]


def reasons():
    return list(Suppression.objects.values_list("reason", flat=True))


def test_a_hard_bounce_is_off(token, reader):
    assert post("postmark", postmark(token)).status_code == 200
    assert read() == [("webhook postmark", "bounce")]
    assert (reasons(), reader.events.get().source) == (["bounced"], "webhook postmark")


@pytest.mark.parametrize(
    ("provider", "told"),
    [
        ("postmark", postmark),
        (
            "brevo",
            lambda token: {
                "event": "hard_bounce",
                "email": "r@example.net",
                "id": 1,
                "ts_epoch": 1790000000000,
                "message-id": "<x@brevo.example>",
                "reason": UNKNOWN_USER,
                "X-Mailin-custom": json.dumps({"copy": token}),
            },
        ),
        (
            "mailjet",
            lambda token: [
                {
                    "event": "bounce",
                    "time": 1790000000,
                    "MessageID": 1,
                    "email": "r@example.net",
                    "hard_bounce": True,
                    "error_related_to": "recipient",
                    "error": "user unknown",
                    "comment": UNKNOWN_USER,
                    "Payload": json.dumps({"copy": token}),
                }
            ],
        ),
        (
            "mailtrap",
            lambda token: {
                "events": [
                    {
                        "event": "bounce",
                        "event_id": "1",
                        "timestamp": 1790000000,
                        "email": "r@example.net",
                        "message_id": "m",
                        "response": UNKNOWN_USER,
                        "response_code": 550,
                        "custom_variables": {"copy": token},
                    }
                ]
            },
        ),
        (
            "resend",
            lambda token: {
                "type": "email.bounced",
                "created_at": "2026-11-25T08:00:00.000Z",
                "data": {
                    "email_id": "m",
                    "to": ["r@example.net"],
                    "headers": [{"name": "X-Metadata", "value": json.dumps({"copy": token})}],
                    "bounce": {"message": UNKNOWN_USER, "type": "Permanent", "subType": "General"},
                },
            },
        ),
    ],
)
def test_each_provider_that_we_send_through_is_understood(token, provider, told, settings):
    if provider == "mailtrap":
        settings.WEBHOOK_SIGNING_KEY = ""
    answer = post(provider, told(token))
    assert (answer.status_code, answer.content) == (200, b"1 kept.\n")
    read()
    assert reasons() == ["bounced"]


def test_mailgun_signs_and_its_message_id_is_ours(token, settings):
    stamp, once = "1790000000", "x" * 50
    signature = hmac.new(settings.WEBHOOK_SIGNING_KEY.encode(), f"{stamp}{once}".encode(), hashlib.sha256).hexdigest()
    told = {
        "signature": {"timestamp": stamp, "token": once, "signature": signature},
        "event-data": {
            "event": "failed",
            "severity": "permanent",
            "reason": "bounce",
            "timestamp": 1790000000.1,
            "id": "e",
            "recipient": "r@example.net",
            "message": {"headers": {"message-id": f"{token}@news.example.org"}},
            "delivery-status": {"code": 550, "message": "5.1.1 no such user", "description": ""},
            "user-variables": {},
        },
    }
    assert post("mailgun", told).status_code == 200
    read()
    assert reasons() == ["bounced"]
    told["signature"]["signature"] = "0" * 64
    assert post("mailgun", told).status_code == 403


def test_a_complaint_ends_the_publications_mail(token):
    post("postmark", postmark(token, "SpamComplaint", "SpamComplaint"))
    assert read() == [("webhook postmark", "complaint")]
    assert reasons() == ["complained"]


@pytest.mark.parametrize(
    ("kind", "details", "verdict", "score"),
    [
        ("SoftBounce", "smtp;452 4.2.2 mailbox full", "bounce", 0.5),
        ("Blocked", "smtp;550 5.7.1 blocked using zen.spamhaus.org", "sender's fault", 0),
        ("SoftBounce", "", "bounce", 0.5),
    ],
)
def test_the_same_classes_hold(token, reader, kind, details, verdict, score):
    post("postmark", postmark(token, kind, details=details))
    assert read() == [("webhook postmark", verdict)]
    reader.refresh_from_db()
    assert (reasons(), reader.bounce_score) == ([], score)


def test_the_same_notice_again_changes_nothing(token, reader):
    for _ in range(3):
        assert post("postmark", postmark(token)).status_code == 200
    assert len(read()) == 1
    assert reader.events.count() == 1


@pytest.mark.parametrize("wrong", ["", "0" * 44, "r@example.net"])
def test_a_notice_that_names_no_copy_of_ours_changes_nobody_and_stays_visible(reader, wrong):
    post("postmark", postmark(wrong))
    assert read() == [("webhook postmark", "unknown")]
    assert reasons() == []


@pytest.mark.parametrize("secret", ["", "hook:wrong-wrong-wrong", "other:0123456789abcdef"])
def test_without_the_secret_nothing_is_kept(token, secret):
    assert post("postmark", postmark(token), secret=secret).status_code == 403
    assert not InboundMail.objects.exists()


def test_the_door_is_shut_until_a_secret_is_set(token, settings):
    settings.WEBHOOK_SECRET = settings.WEBHOOK_SIGNING_KEY = ""
    assert post("postmark", postmark(token)).status_code == 404


@pytest.mark.parametrize("provider", ["nobody", "mandrill", "inbound"])
def test_an_unknown_provider_is_not_there(provider):
    assert post(provider, {}).status_code == 404


def test_mailgun_without_its_key_is_not_there(settings):
    settings.WEBHOOK_SIGNING_KEY = ""
    assert post("mailgun", {}).status_code == 404


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'"text"', b"[" * 100_000, b'{"RecordType": "Bounce", "Type": [], "Metadata": 3}']
)
def test_what_cannot_be_read_is_refused_or_changes_nobody(body):
    assert post("postmark", body).status_code in {200, 400}
    read()
    assert reasons() == []


def test_delivered_and_opened_are_not_kept(token):
    for record in ("Delivery", "Open", "Click"):
        assert post("postmark", postmark(token, record=record)).content == b"0 kept.\n"
    assert not InboundMail.objects.exists()


def test_a_body_that_is_too_large_is_refused(token):
    assert post("postmark", b" " * (5 << 20)).status_code == 413


def test_a_look_at_the_address_changes_nothing():
    assert visitor().get("/hooks/postmark/").status_code == 200
    assert visitor().put("/hooks/postmark/").status_code == 405


@pytest.mark.parametrize("strange", ["\ud800", "a\0b"])
def test_text_that_no_column_can_hold_does_not_make_the_provider_try_for_ever(token, reader, strange):
    told = postmark(token, details=UNKNOWN_USER + strange, number=f"42{strange}") | {"Email": f"r{strange}@example.net"}
    assert post("postmark", told).status_code == 200
    assert read() == [("webhook postmark", "bounce")]
    assert reasons()
