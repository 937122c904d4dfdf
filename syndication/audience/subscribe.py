"""Adds readers: by the reader's own wish with a confirmation, or by staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from syndication.audience import addresses, consent, tokens
from syndication.audience.change import change, record
from syndication.audience.keys import address_hash, token_key
from syndication.audience.leave import Leaving, leaving_of
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription
from syndication.audience.suppress import is_suppressed

CONFIRMATIONS_A_DAY = 3
CONFIRM_WITHIN = timedelta(days=7)
ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Person:
    """What one knows of a new reader."""

    address: str
    name: str = ""
    attributes: Mapping[str, Any] | None = None
    locale: str = ""
    time_zone: str = ""


def subscriber_of(person: Person) -> tuple[Subscriber, bool]:
    """The subscriber of an address and whether it is new. Raises NotAnAddress."""
    known_as = addresses.normalise(person.address)
    return Subscriber.objects.get_or_create(
        address_hash=address_hash(known_as),
        defaults={
            "address": known_as,
            "name": person.name[:200],
            "attributes": dict(person.attributes or {}),
            "locale": person.locale,
            "time_zone": person.time_zone,
        },
    )


def add(person: Person, *, to: SubscriberList, confirmed: bool, how: str, now: datetime) -> Subscription:
    """Staff adds a reader. One who left stays unsubscribed: only the reader leads back. Raises NotAnAddress."""
    act = consent.Act.ADD_CONFIRMED if confirmed else consent.Act.ADD_PENDING
    with transaction.atomic():
        subscriber, _ = subscriber_of(person)
        subscription, is_new = _subscription(subscriber, to, consent.after(consent.State.NONE, act), now)
        if is_new:
            record(subscription, how=how, now=now)
            return subscription
    return change(subscription.pk, act, how=how, now=now)


def ask(address: str, *, list_ids: list[int], how: str, now: datetime) -> list[int]:
    """A reader asks to subscribe; the ids of the subscriptions that need a confirmation mail.

    Confirmed and suppressed ones are left out, and so is the fourth request of a day. Nothing is confirmed here: that takes the link.
    Private lists cannot be joined by their id. Raises NotAnAddress.
    """
    wanted = list(SubscriberList.objects.filter(pk__in=list_ids, is_public=True).order_by("pk"))
    with transaction.atomic():
        subscriber, _ = subscriber_of(Person(address))
        ids = []
        for chosen in wanted:
            subscription, _ = _subscription(subscriber, chosen, consent.State.PENDING, now)
            if _needs_confirmation(subscription, chosen, now):
                record(subscription, how=ASKED, now=now, detail=how)
                ids.append(subscription.pk)
        return ids


def confirmation_token(subscriber_id: int, list_id: int, asked_at: datetime) -> str:
    """The token of a confirmation link; dies after CONFIRM_WITHIN."""
    return tokens.make((subscriber_id, list_id, int(asked_at.timestamp())), token_key(tokens.CONFIRM))


def pending(token: str, *, now: datetime) -> Leaving | None:
    """What a confirmation link is about, or None when it is wrong, too old, or its row is gone."""
    subscription = _asked_by(token, now)
    return leaving_of(subscription) if subscription else None


def confirm(token: str, *, how: str, now: datetime) -> Leaving | None:
    """The reader says yes; a second call changes nothing. None as in `pending`."""
    subscription = _asked_by(token, now)
    if subscription is None:
        return None
    changed = change(subscription.pk, consent.Act.CONFIRM, how=how, now=now)
    subscription.state = changed.state
    return leaving_of(subscription)


def _subscription(subscriber: Subscriber, to: SubscriberList, state: str, now: datetime) -> tuple[Subscription, bool]:
    return Subscription.objects.get_or_create(subscriber=subscriber, list=to, defaults={"state": state, "changed_at": now})


def _needs_confirmation(subscription: Subscription, chosen: SubscriberList, now: datetime) -> bool:
    if subscription.state == Subscription.State.CONFIRMED:
        return False
    if is_suppressed(subscription.subscriber.address_hash, chosen.publication_id):
        return False
    lately = ConsentRecord.objects.filter(
        subscription__subscriber=subscription.subscriber,
        how=ASKED,
        at__gt=now - timedelta(days=1),
    )
    return lately.count() < CONFIRMATIONS_A_DAY


def _asked_by(token: str, now: datetime) -> Subscription | None:
    numbers = tokens.read(token, token_key(tokens.CONFIRM), count=3)
    if numbers is None:
        return None
    subscriber_id, list_id, asked_at = numbers
    if now.timestamp() - asked_at > CONFIRM_WITHIN.total_seconds():
        return None
    subscription = (
        Subscription.objects.select_related("subscriber", "list__publication")
        .filter(subscriber_id=subscriber_id, list_id=list_id, subscriber__state=Subscriber.State.ACTIVE)
        .first()
    )
    return None if subscription is None or _left_after(subscription, asked_at) else subscription


def _left_after(subscription: Subscription, asked_at: int) -> bool:
    """Whether the reader left after this link was made: an old link must not undo a newer no."""
    return subscription.state == Subscription.State.UNSUBSCRIBED and subscription.changed_at.timestamp() > asked_at + 1
