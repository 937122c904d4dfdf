"""Lets a reader leave a list, by a signed link, and come back by the same link."""

from dataclasses import dataclass
from datetime import datetime

from syndication.articles.models import Publication
from syndication.audience import addresses, consent, tokens
from syndication.audience.change import change
from syndication.audience.keys import copy_key, token_key
from syndication.audience.models import Subscriber, Subscription


@dataclass(frozen=True, slots=True)
class Leaving:
    """What an answer page may show: never the whole address."""

    list_name: str
    publication: Publication
    address_hint: str
    state: str
    subscriber_id: int


def leaving_of(subscription: Subscription) -> Leaving:
    """The page's view of a subscription."""
    return Leaving(
        list_name=subscription.list.name,
        publication=subscription.list.publication,
        address_hint=addresses.hint(subscription.subscriber.address),
        state=subscription.state,
        subscriber_id=subscription.subscriber_id,
    )


def unsubscribe_token(subscriber_id: int, list_id: int) -> str:
    """A token that leaves a list, tied to no mailing, as older mails carry it; works for years."""
    return tokens.make((subscriber_id, list_id), token_key(tokens.UNSUBSCRIBE))


def subscription_of(token: str) -> Leaving | None:
    """What an unsubscribe link is about, or None when it is wrong or the person was erased."""
    subscription = _subscription(token)
    return leaving_of(subscription) if subscription else None


def unsubscribe(token: str, *, how: str, now: datetime) -> Leaving | None:
    """Leave; obeyed by every message whose transmission starts later. Again is harmless. None as above."""
    return _act(token, consent.Act.LEAVE, how, now)


def undo(token: str, *, now: datetime) -> Leaving | None:
    """The reader takes the leaving back; one who never confirmed has nothing to come back to and stays away."""
    subscription = _subscription(token)
    if subscription is None:
        return None
    if not subscription.consent.filter(state=Subscription.State.CONFIRMED).exists():
        return leaving_of(subscription)
    return _act(token, consent.Act.UNDO, "undo", now)


def _act(token: str, act: consent.Act, how: str, now: datetime) -> Leaving | None:
    subscription = _subscription(token)
    if subscription is None:
        return None
    subscription.state = change(subscription.pk, act, how=how, now=now).state
    return leaving_of(subscription)


def _subscription(token: str) -> Subscription | None:
    copy = tokens.read_copy(token, tokens.UNSUBSCRIBE, copy_key())
    numbers = copy[1:] if copy else tokens.read(token, token_key(tokens.UNSUBSCRIBE), count=2)  # older mails name no mailing
    if numbers is None:
        return None
    subscriber_id, list_id = numbers
    return (
        Subscription.objects.select_related("subscriber", "list__publication")
        .filter(subscriber_id=subscriber_id, list_id=list_id, subscriber__state=Subscriber.State.ACTIVE)
        .first()
    )
