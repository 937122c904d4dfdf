"""Lets a reader leave a list, by a signed link, and come back by the same link."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndication.articles.models import Publication
from syndication.audience import addresses, consent, tokens
from syndication.audience.change import change
from syndication.audience.keys import copy_key, token_key
from syndication.audience.models import Subscriber, SubscriberList, Subscription
from syndication.audience.suppression.suppress import is_suppressed

UNDO_WITHIN = timedelta(days=30)
"""A mail is forwarded and kept for years, and its link must not bring back for ever who left."""
TAKEN_BACK = ("link", "one-click", "mailto", "preferences")
"""What the reader's own mistake may have been; a complaint or a word to staff is none."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """What an answer page may show: never the whole address."""

    list_name: str
    publication: Publication
    address_hint: str
    state: str
    subscriber_id: int
    can_undo: bool = False


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


def page_of(token: str, *, now: datetime) -> Leaving | None:
    """The same, with the answer whether the reader may come back by it."""
    subscription = _subscription(token)
    return _shown(subscription, now) if subscription else None


def unsubscribe(token: str, *, how: str, now: datetime) -> Leaving | None:
    """Leave; obeyed by every message whose transmission starts later. Again is harmless. None as above.

    The no also counts where the subscription's row is gone (an import was taken back): it stands there again, so that no import brings it back.
    """
    subscription = _subscription(token)
    if subscription is None:
        return None
    if subscription._state.adding:  # noqa: SLF001  # Django's documented way to ask: it is not kept
        row = {"subscriber": subscription.subscriber, "list": subscription.list}
        subscription, _ = Subscription.objects.get_or_create(**row, defaults={"state": Subscription.State.PENDING, "changed_at": now})
    return _act(subscription, consent.Act.LEAVE, how, now)


def undo(token: str, *, now: datetime) -> Leaving | None:
    """The reader takes the leaving back, within UNDO_WITHIN; one who never confirmed has nothing to come back to and stays away."""
    subscription = _subscription(token)
    if subscription is None or not _can_undo(subscription, now):
        return leaving_of(subscription) if subscription else None
    return _act(subscription, consent.Act.UNDO, "undo", now)


def _act(subscription: Subscription, act: consent.Act, how: str, now: datetime) -> Leaving | None:
    try:
        changed = change(subscription.pk, act, how=how, now=now)
    except Subscription.DoesNotExist:  # gone since we looked
        return None
    subscription.state, subscription.changed_at = changed.state, changed.changed_at
    return _shown(subscription, now)


def _shown(subscription: Subscription, now: datetime) -> Leaving:
    return replace(leaving_of(subscription), can_undo=_can_undo(subscription, now))


def _can_undo(subscription: Subscription, now: datetime) -> bool:
    if subscription.state != Subscription.State.UNSUBSCRIBED:
        return False
    if is_suppressed(subscription.subscriber.address_hash, subscription.list.publication_id):
        return False
    history = subscription.consent.order_by("pk")
    left = history.filter(state=Subscription.State.UNSUBSCRIBED).last()
    if left is None or left.how not in TAKEN_BACK or now - left.at > UNDO_WITHIN:  # not changed_at: a no that is said again renews that
        return False
    return history.filter(state=Subscription.State.CONFIRMED).exists()


def _subscription(token: str) -> Subscription | None:
    """The subscription of a token; one that is not kept where reader and list are there and their subscription is not."""
    copy = tokens.read_copy(token, tokens.UNSUBSCRIBE, copy_key())
    numbers = copy[1:] if copy else tokens.read(token, token_key(tokens.UNSUBSCRIBE), count=2)  # older mails name no mailing
    if numbers is None:
        return None
    subscriber = Subscriber.objects.filter(pk=numbers[0], state=Subscriber.State.ACTIVE).first()
    chosen = SubscriberList.objects.select_related("publication").filter(pk=numbers[1]).first()
    if subscriber is None or chosen is None:
        return None
    found = Subscription.objects.filter(subscriber=subscriber, list=chosen).first() or Subscription(state=Subscription.State.PENDING)
    found.subscriber, found.list = subscriber, chosen
    return found
