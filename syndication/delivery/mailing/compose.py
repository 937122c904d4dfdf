"""Makes the exact bytes of one message; the sender, the preview and `article render` all call this."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.conf import settings

from syndication.audience import tokens
from syndication.audience.addresses import on_the_wire
from syndication.audience.keys import copy_key
from syndication.audience.subscribe import confirmation_token
from syndication.delivery.mailing import links
from syndication.delivery.mailing.freeze import Frozen
from syndication.delivery.models import Mailing
from syndication.delivery.parcel import Parcel
from syndication.delivery.signing.keys import signer_of_keys
from syndication.rendering.email import EmailTemplates
from syndication.rendering.header_words import ascii_domain
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import Reader, ReaderRow

KEPT = 8  # compiled mailings a process remembers


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets this copy: the subscriber's id (0 for nobody in particular), and what merge fields may show."""

    subscriber_id: int
    reader: Reader


class Signer(Protocol):
    """Signs messages of one mailing with DKIM; it knows the mailing's shared headers."""

    def sign(self, own_headers: bytes, body: bytes, *, signed_at: int) -> bytes:
        """The DKIM-Signature header, complete with CRLF, that stands before all others; signed_at in seconds since 1970."""


class Composer:
    """One compiled mailing and what its links need. Raises BadTemplate when the frozen templates do not compile.

    signer  signs each message; None leaves that to the relay. It is made from compiled.shared_headers, so it may be set later
    """

    signer: Signer | None = None

    def __init__(self, frozen: Frozen, *, uid: str, mailing_id: int, list_id: int) -> None:
        self.compiled = CompiledMailing(frozen.templates, frozen.envelope, uid=uid)
        self._is_confirmation = frozen.envelope.kind == Mailing.Kind.CONFIRMATION
        self._mail_domain = ascii_domain(frozen.envelope.mail_domain)
        self._page_url = frozen.page_url
        self._base_url = settings.BASE_URL
        self._list_id = list_id
        self._packed = tokens.packed(mailing_id), tokens.packed(list_id)
        self._maker = tokens.CopyMaker(copy_key())

    def links(self, addressee: Addressee, date: datetime) -> Links:
        """The links of one copy; `date` dates the confirmation link."""
        return self._marks(addressee.subscriber_id, date)[0]

    def parcel(self, addressee: Addressee, date: datetime) -> Parcel:
        """The message and its envelope. Raises BadTemplate when a merge field fails for this reader."""
        shown, sender, message_id = self._marks(addressee.subscriber_id, date)
        own, body = self.compiled.compose_parts(addressee.reader, shown, message_id=message_id, date=date)
        return Parcel(sender, on_the_wire(addressee.reader.address), self._message(own, (body,), date))

    def parcel_of(self, row: ReaderRow, date: datetime) -> Parcel:
        """parcel() for a reader's row: the way of the many. `date` in whole seconds, the same at every attempt of this delivery."""
        shown, sender, message_id = self._marks(row.subscriber_id, date)
        own, body = self.compiled.parts_for(row, shown, message_id, date)
        return Parcel(sender, on_the_wire(row.address), self._message(own, body, date))

    def _marks(self, subscriber_id: int, date: datetime) -> tuple[Links, str, str]:
        """The links, the envelope sender and the Message-ID."""
        mailing, to = self._packed
        domain = self._mail_domain
        unsubscribe, bounce, message_id, preferences = self._maker.tokens(mailing + tokens.packed(subscriber_id) + to)
        if self._is_confirmation:
            shown = self._confirm_links(subscriber_id, date)
        else:
            base = self._base_url
            url = links.unsubscribe_url(base, unsubscribe)
            mailto, chosen = links.unsubscribe_mailto(domain, unsubscribe), links.preferences_url(base, preferences)
            shown = Links(url, url, mailto, self._page_url, "", chosen)
            if not base.isascii():
                shown = shown.as_uris()
        return shown, links.sender_of(bounce, domain), f"{message_id}@{domain}"

    def _confirm_links(self, subscriber_id: int, date: datetime) -> Links:
        token = confirmation_token(subscriber_id, self._list_id, date)
        return Links("", "", "", "", confirm=links.confirm_url(self._base_url, token))

    def _message(self, own: bytes, body: Sequence[bytes], date: datetime) -> tuple[bytes, ...]:
        shared = self.compiled.shared_headers
        if self.signer is None:
            return shared, own, b"\r\n", *body
        joined = b"".join(body)
        return self.signer.sign(own, joined, signed_at=int(date.timestamp())), shared, own, b"\r\n", joined


_kept: dict[tuple[int, str], Composer] = {}


def composer_of(mailing: Mailing) -> Composer:
    """The composer of a frozen mailing, compiled once in each process; its keys are asked for anew, since they may be retired.

    Raises KeyLocked when the mailing is to be signed and cannot be.
    """
    key = (mailing.pk, mailing.content_hash)
    if key not in _kept:
        for old in list(_kept)[: max(0, len(_kept) - KEPT + 1)]:
            _kept.pop(old, None)  # another thread may have been here
        kept = {name: value for name, value in mailing.envelope.items() if name != "page_url"}
        frozen = Frozen(
            EmailTemplates(subject=mailing.subject, html=mailing.html, text=mailing.text),
            Envelope.from_json(kept),
            mailing.envelope.get("page_url", ""),
        )
        _kept[key] = Composer(frozen, uid=mailing.uid.hex, mailing_id=mailing.pk, list_id=mailing.list_id)
    composer = _kept[key]
    composer.signer = signer_of_keys(mailing.envelope.get("dkim", ()), composer.compiled.shared_headers)
    return composer
