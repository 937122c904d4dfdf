"""Takes the notices of mail providers about bounces and complaints, each in its own form, by django-anymail's readers.

`/hooks/<provider>/` answers only what shows the secret of SYNDICATION_WEBHOOK_SECRET (HTTP Basic) or a signature made with
SYNDICATION_WEBHOOK_SIGNING_KEY. The notices are kept here and acted on by the step that reads all that came back.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent
from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from syndication.delivery.bounces.intake import WEBHOOK, Came, keep
from syndication.delivery.bounces.letters.notices import KEPT, LONGEST_WORDS, Notice

LARGEST_BODY = 4 * 1024 * 1024  # bytes; providers send batches of some hundred events
ALSO_SAID = ("error", "comment")
"""What the servers' words stand under at providers where django-anymail passes them over."""
ALLOWED = "GET, HEAD, POST"

log = logging.getLogger("syndication.hooks")


@dataclass(frozen=True, slots=True)
class Provider:
    """How one provider's notices are read, and what its signing key is called there ("" when it signs nothing)."""

    view: str
    signing_key: str = ""


def _view(module: str, name: str) -> str:
    return f"anymail.webhooks.{module}.{name}TrackingWebhookView"


PROVIDERS: Mapping[str, Provider] = {
    "brevo": Provider(_view("brevo", "Brevo")),
    "mailersend": Provider(_view("mailersend", "MailerSend"), "signing_secret"),
    "mailgun": Provider(_view("mailgun", "Mailgun"), "webhook_signing_key"),
    "mailjet": Provider(_view("mailjet", "Mailjet")),
    "mailtrap": Provider(_view("mailtrap", "Mailtrap"), "signing_secret"),
    "postmark": Provider(_view("postmark", "Postmark")),
    "resend": Provider(_view("resend", "Resend")),
    "sparkpost": Provider(_view("sparkpost", "SparkPost")),
}
MUST_SIGN = frozenset({"mailersend", "mailgun"})


@csrf_exempt
@never_cache
def hook(request: HttpRequest, provider: str) -> HttpResponse:  # noqa: PLR0911  # one for each thing that may be wrong
    """One POST of a provider; 200 only when all of it is kept. A GET shows nothing but that the address is right."""
    reader = _reader(provider)
    if reader is None:
        return _said(404, "No notices are taken here. Set SYNDICATION_WEBHOOK_SECRET, and use the name of a provider that is known.")
    if request.method in {"GET", "HEAD"}:  # some providers try the address out before they use it
        return _said(200, "Notices are taken here by POST.")
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": ALLOWED})
    if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST_BODY:
        return _said(413, "The notice is too large.")
    try:
        reader.run_validators(request)
        events = reader.parse_events(request)
    except AnymailWebhookValidationFailure:
        log.warning("a notice for %s showed no right secret or signature", provider)
        return _said(403, "The secret or the signature is not right.")
    except Exception as error:  # noqa: BLE001  # django-anymail's readers raise what the form of a stranger's JSON makes them raise
        log.info("a notice for %s could not be read: %r", provider, error)
        return _said(400, "This cannot be read as a notice of that provider.")
    try:
        kept = sum(_keep(provider, event) for event in events)
    except DatabaseError as error:
        log.warning("a notice for %s was not kept: %s", provider, error)
        return _said(503, "It cannot be kept now; send it again later.")
    return _said(200, f"{kept} kept.")


def _reader(provider: str) -> Any:
    """django-anymail's view for a provider, with our secrets; None: off, unknown, or without the key that it needs."""
    found = PROVIDERS.get(provider)
    secret, key = settings.WEBHOOK_SECRET, settings.WEBHOOK_SIGNING_KEY
    is_signed = bool(found and found.signing_key and key)
    if found is None or (not secret and not is_signed) or (provider in MUST_SIGN and not key):
        return None
    arguments: dict[str, object] = {"webhook_secret": [secret] if secret else []}
    if is_signed:
        arguments[found.signing_key] = key
    return import_string(found.view)(**arguments)


def _keep(provider: str, event: AnymailTrackingEvent) -> bool:
    """Keep what asks for something; what was only delivered, opened or put off is not."""
    if event.event_type not in KEPT:
        return False
    metadata = event.metadata if isinstance(event.metadata, dict) else {}
    number = "|".join(_text(one) for one in (event.event_id, event.event_type, event.timestamp, event.message_id, event.recipient))
    told = event.esp_event if isinstance(event.esp_event, dict) else {}
    said = (event.mta_response, event.description, *(told.get(name) for name in ALSO_SAID))
    words = " ".join(" ".join(dict.fromkeys(one for one in said if isinstance(one, str))).split())
    notice = Notice(
        event=str(event.event_type),
        reason=str(event.reject_reason or ""),
        words=_text(words)[:LONGEST_WORDS],
        copy=_text(metadata.get("copy") or event.message_id or "")[:400],
        recipient=_text(event.recipient or "")[:320],
        number=number[:1000],
    )
    digest = hashlib.sha256(f"{provider}|{number}".encode()).hexdigest()
    keep(Came(f"{WEBHOOK} {provider}", "", notice.recipient, notice.as_bytes()), timezone.now(), digest=digest)
    return True


def _text(value: object) -> str:
    """What JSON may say and a database column cannot hold is left out or becomes a question mark: NUL, halves of a surrogate pair."""
    return str(value).replace("\0", "").encode("utf-8", "replace").decode()


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")
