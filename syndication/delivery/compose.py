"""Makes the exact bytes of one message; the sender, the preview and `article render` all call this."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from syndication.audience import tokens
from syndication.audience.addresses import on_the_wire
from syndication.audience.keys import token_key
from syndication.audience.leave import unsubscribe_token
from syndication.audience.subscribe import confirmation_token
from syndication.delivery import links
from syndication.delivery.freeze import Frozen
from syndication.delivery.models import Mailing
from syndication.delivery.smtp import Parcel
from syndication.rendering.email import EmailTemplates
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import Reader

KEPT = 8  # compiled mailings a process remembers
MESSAGE_ID = "message-id"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who gets this copy: the delivery's row id (0 for a preview), the subscriber's id, and what merge fields may show."""

    delivery_id: int
    subscriber_id: int
    reader: Reader


class Composer:
    """One compiled mailing and what its links need. Raises BadTemplate when the frozen templates do not compile."""

    def __init__(self, frozen: Frozen, *, uid: str, mailing_id: int, list_id: int) -> None:
        self.compiled = CompiledMailing(frozen.templates, frozen.envelope, uid=uid)
        self._envelope = frozen.envelope
        self._page_url = frozen.page_url
        self._mailing_id = mailing_id
        self._list_id = list_id
        self._keys = {purpose: token_key(purpose) for purpose in (tokens.BOUNCE, MESSAGE_ID)}

    def links(self, addressee: Addressee, date: datetime) -> Links:
        """The links of one copy; `date` dates the confirmation link."""
        if self._envelope.kind == Mailing.Kind.CONFIRMATION:
            token = confirmation_token(addressee.subscriber_id, self._list_id, date)
            confirm = links.confirm_url(settings.BASE_URL, token)
            return Links(unsubscribe="", one_click="", unsubscribe_mailto="", page="", confirm=confirm)
        token = unsubscribe_token(addressee.subscriber_id, self._list_id)
        url = links.unsubscribe_url(settings.BASE_URL, token)
        mailto = links.unsubscribe_mailto(self._envelope.mail_domain, token)
        return Links(unsubscribe=url, one_click=url, unsubscribe_mailto=mailto, page=self._page_url)

    def parcel(self, addressee: Addressee, date: datetime) -> Parcel:
        """The message and its envelope. Raises BadTemplate when a merge field fails for this reader."""
        identity = links.Identity(addressee.delivery_id, self._mailing_id, self._envelope.mail_domain)
        message_id = links.message_id(identity, self._keys[MESSAGE_ID])
        message = self.compiled.compose(addressee.reader, self.links(addressee, date), message_id=message_id, date=date)
        sender = links.envelope_sender(identity, self._keys[tokens.BOUNCE])
        return Parcel(sender, on_the_wire(addressee.reader.address), message)


_kept: dict[tuple[int, str], Composer] = {}


def composer_of(mailing: Mailing) -> Composer:
    """The composer of a frozen mailing, compiled once in each process."""
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
    return _kept[key]
