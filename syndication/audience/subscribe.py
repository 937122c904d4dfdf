"""Adds readers: by the reader's own wish with a confirmation, or by staff."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from syndication.audience import addresses, consent, tokens
from syndication.audience.asking import ASKED, Wish, ask_all
from syndication.audience.change import NOTHING_ELSE, Evidence, change, record
from syndication.audience.keys import address_hash, token_key
from syndication.audience.models import Subscriber, SubscriberList, Subscription
from syndication.audience.naming import joined
from syndication.audience.self_service.leave import Leaving, leaving_of
from syndication.audience.suppression.domain_rules import why_blocked
from syndication.audience.suppression.suppress import is_suppressed
from syndication.errors import Refused

CONFIRM_WITHIN = timedelta(days=7)


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
    """Staff adds a reader. One who left stays unsubscribed: only the reader leads back.

    Raises NotAnAddress, and Refused for an address that must not be mailed: adding it would wait for the day on which that is lifted.
    """
    act = consent.Act.ADD_CONFIRMED if confirmed else consent.Act.ADD_PENDING
    _refuse_held_back(addresses.normalise(person.address), to)
    with transaction.atomic():
        subscriber, _ = subscriber_of(person)
        subscription, is_new = _subscription(subscriber, to, consent.after(consent.State.NONE, act), now)
        if is_new:
            record(subscription, how=how, now=now)
            return subscription
    return change(subscription.pk, act, how=how, now=now)


def ask(address: str, *, list_ids: list[int], how: str, now: datetime, evidence: Evidence = NOTHING_ELSE) -> list[int]:
    """A reader asks to subscribe; the ids of the subscriptions that need a confirmation, all by the same mail. As asking.ask_all."""
    return ask_all([Wish(address, tuple(list_ids), how, now, evidence)])[0]


def confirmation_token(subscriber_id: int, list_id: int, asked_at: datetime) -> str:
    """The token of a confirmation link; dies after CONFIRM_WITHIN."""
    return tokens.make((subscriber_id, list_id, int(asked_at.timestamp())), token_key(tokens.CONFIRM))


def pending(token: str, *, now: datetime) -> Leaving | None:
    """What a confirmation link is about, or None when it is wrong, too old, or its row is gone."""
    return _together(asked_by(token, now=now))


def confirm(token: str, *, how: str, now: datetime, network: str = "") -> Leaving | None:
    """The reader says yes to all that was asked for together; a second call changes nothing. None as in `pending`.

    network  "ipv4", "ipv6" or "", for the consent record, which also keeps the words that the person had read when asking
    """
    with transaction.atomic():
        found = asked_by(token, now=now)
        for one in found:
            evidence = Evidence(wording_id=_words_of(one), network=network)
            one.state = change(one.pk, consent.Act.CONFIRM, how=how, now=now, evidence=evidence).state
    return _together(found)


def _refuse_held_back(known_as: str, to: SubscriberList) -> None:
    if is_suppressed(address_hash(known_as), to.publication_id):
        raise Refused(f"{known_as} is suppressed: this address must not be mailed. Its reasons can be seen, and some lifted, by staff.")
    why = why_blocked(known_as, to.publication_id)
    if why:
        raise Refused(f"{known_as} cannot be added: {why}.")


def _subscription(subscriber: Subscriber, to: SubscriberList, state: str, now: datetime) -> tuple[Subscription, bool]:
    return Subscription.objects.get_or_create(subscriber=subscriber, list=to, defaults={"state": state, "changed_at": now})


def asked_by(token: str, *, now: datetime) -> list[Subscription]:
    """The subscriptions that a confirmation link confirms: its own first, then the others that were asked for at the same moment."""
    numbers = tokens.read(token, token_key(tokens.CONFIRM), count=3)
    if numbers is None:
        return []
    subscriber_id, list_id, asked_at = numbers
    if now.timestamp() - asked_at > CONFIRM_WITHIN.total_seconds():
        return []
    of_reader = Subscription.objects.select_related("subscriber", "list__publication").filter(
        subscriber_id=subscriber_id, subscriber__state=Subscriber.State.ACTIVE
    )
    own = of_reader.filter(list_id=list_id).first()
    if own is None or _left_after(own, asked_at):
        return []
    until = datetime.fromtimestamp(asked_at + 1, UTC)
    last = own.consent.filter(how__in=ASKED, at__lte=until).order_by("-at").first()
    if last is None:
        return [own]
    same_moment = of_reader.filter(consent__how__in=ASKED, consent__at=last.at, list__publication=own.list.publication)
    others = same_moment.exclude(pk=own.pk).order_by("list_id").distinct()
    return [own, *(one for one in others if not _left_after(one, asked_at))]


def _words_of(subscription: Subscription) -> int | None:
    """The wording that the reader had read when asking last."""
    last = subscription.consent.filter(how__in=ASKED).order_by("-at").first()
    return last.wording_id if last else None


def _together(found: list[Subscription]) -> Leaving | None:
    """One view of subscriptions of one reader: confirmed only when all of them are."""
    if not found:
        return None
    unlike = [one.state for one in found if one.state != Subscription.State.CONFIRMED]
    return replace(
        leaving_of(found[0]),
        list_name=joined([one.list.name for one in found]),
        state=unlike[0] if unlike else Subscription.State.CONFIRMED,
    )


def _left_after(subscription: Subscription, asked_at: int) -> bool:
    """Whether the reader left after this link was made: an old link must not undo a newer no."""
    return subscription.state == Subscription.State.UNSUBSCRIBED and subscription.changed_at.timestamp() > asked_at + 1
