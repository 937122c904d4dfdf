"""Lets a reader read by feed instead of by mail, and back, all lists of a publication at once."""

from datetime import datetime

from django.db import transaction

from syndication.articles.models import Publication
from syndication.audience.models import Subscriber, Subscription
from syndication.audience.self_service import preferences
from syndication.audience.self_service.choices import Frequency
from syndication.audience.self_service.preferences import Right
from syndication.feeds.private import address
from syndication.feeds.private.models import PrivateFeed


def read_by_feed(subscriptions: list[Subscription], *, now: datetime) -> PrivateFeed | None:
    """No more mails from these lists, and a private address instead; None when the reader is on none of them.

    subscriptions  of one reader in one publication; those that are not confirmed are left as they are
    """
    held = [one for one in subscriptions if one.state == Subscription.State.CONFIRMED]
    if not held:
        return None
    right = Right(held[0].subscriber, held[0].list.publication)
    with transaction.atomic():
        for one in held:
            preferences.choose(right, one.list.slug, frequency=Frequency.FEED, paused_until=one.paused_until, now=now)
        return address.make(right.subscriber, right.publication, now=now)


def read_by_mail(subscriber: Subscriber, publication: Publication, *, now: datetime) -> None:
    """Each issue by mail again, from every list that was read by feed; the private address stays as it is."""
    right = Right(subscriber, publication)
    with transaction.atomic():
        for one in _by_feed(subscriber, publication):
            preferences.choose(right, one.list.slug, frequency=Frequency.EACH, paused_until=one.paused_until, now=now)


def lists_by_feed(subscriber: Subscriber, publication: Publication) -> list[str]:
    """The names of the lists that the reader reads by feed, without mails."""
    return [one.list.name for one in _by_feed(subscriber, publication)]


def _by_feed(subscriber: Subscriber, publication: Publication) -> list[Subscription]:
    held = {"state": Subscription.State.CONFIRMED, "frequency": Frequency.FEED, "list__publication": publication}
    return list(subscriber.subscriptions.filter(**held).select_related("list").order_by("list_id"))
