"""Gives a reader a private address, a new one, or none; and tells from an address what it may read.

The address is worth as much as the subscription: it ends with the last list of the publication, a suppression, or erasure. How a list
is to come (by mail, by feed) opens and closes nothing, so that a reader may change to and fro without touching the feed reader.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from syndication.articles.models import Publication
from syndication.audience import tokens
from syndication.audience.keys import token_key
from syndication.audience.models import ReaderEvent, Subscriber, Subscription
from syndication.audience.suppression.suppress import is_suppressed
from syndication.errors import NotFound
from syndication.feeds.private.models import PrivateFeed

SOURCE = "reader"


@dataclass(frozen=True, slots=True)
class Readable:
    """What an address of ours opens now: the feed and its reader's lists in the publication; neither when it was closed or has ended."""

    feed: PrivateFeed | None = None
    list_ids: tuple[int, ...] = ()

    @property
    def publication_id(self) -> int:
        """Whose feed it is; 0 when it is none."""
        return self.feed.publication_id if self.feed else 0


def address_of(subscriber: Subscriber, publication: Publication) -> str:
    """The folder address of the reader's private feed, with a slash at the end; empty when there is none."""
    found = PrivateFeed.objects.filter(subscriber=subscriber, publication=publication).first()
    return url_of(found) if found else ""


def url_of(feed: PrivateFeed) -> str:
    """The address below which the three documents are."""
    return f"{settings.BASE_URL}/f/{token_of(feed)}/"


def token_of(feed: PrivateFeed) -> str:
    """122 random bits and 128 bits of HMAC over them: without the installation's secret the row is worth nothing."""
    return tokens.make((feed.key.int,), token_key(tokens.PRIVATE_FEED))


def make(subscriber: Subscriber, publication: Publication, *, now: datetime) -> PrivateFeed:
    """The reader's private feed; a second call returns the same. Raises NotFound for a reader who is not here any more."""
    with transaction.atomic():
        _lock(subscriber)
        feed, is_new = PrivateFeed.objects.get_or_create(subscriber=subscriber, publication=publication, defaults={"made_at": now})
        if is_new:
            _note(feed, "private feed made", now)
    return feed


def renew(subscriber: Subscriber, publication: Publication, *, now: datetime) -> PrivateFeed:
    """Another address; that of before opens nothing from now on. Raises NotFound as `make`."""
    with transaction.atomic():
        _lock(subscriber)
        anew = {"made_at": now, "key": uuid.uuid4()}
        feed, _ = PrivateFeed.objects.update_or_create(subscriber=subscriber, publication=publication, defaults=anew)
        _note(feed, "private feed got a new address", now)
    return feed


def close(subscriber: Subscriber, publication: Publication, *, now: datetime) -> bool:
    """No private feed any more; False when there was none. Raises NotFound as `make`."""
    with transaction.atomic():
        _lock(subscriber)
        feed = PrivateFeed.objects.filter(subscriber=subscriber, publication=publication).first()
        if feed is None:
            return False
        feed.delete()
        _note(feed, "private feed closed", now)
    return True


def forget(subscriber_id: int) -> None:
    """What erasing a person takes away here; call it in that transaction."""
    PrivateFeed.objects.filter(subscriber_id=subscriber_id).delete()


def own_feeds(subscriber: Subscriber) -> list[dict[str, str]]:
    """What is kept about the reader here, for the reader's own copy of their data. When the feed is read is not kept at all."""
    found = PrivateFeed.objects.filter(subscriber=subscriber).select_related("publication").order_by("pk")
    return [{"publication": one.publication.slug, "address": url_of(one), "since": f"{one.made_at:%Y-%m-%dT%H:%M:%SZ}"} for one in found]


def readable(token: str) -> Readable | None:
    """What the token of an address opens; None when it never was one of ours: cut, changed, or made for another purpose."""
    numbers = tokens.read(token, token_key(tokens.PRIVATE_FEED), count=1)
    if numbers is None:
        return None
    feed = PrivateFeed.objects.select_related("subscriber", "publication").filter(key=uuid.UUID(int=numbers[0])).first()
    if feed is None or feed.subscriber.state != Subscriber.State.ACTIVE:
        return Readable()
    if is_suppressed(feed.subscriber.address_hash, feed.publication_id):
        return Readable()
    return Readable(feed, lists_of(feed.subscriber_id, feed.publication_id))


def lists_of(subscriber_id: int, publication_id: int) -> tuple[int, ...]:
    """The ids of the publication's lists that the reader is on, sorted."""
    held = Subscription.objects.filter(subscriber_id=subscriber_id, list__publication_id=publication_id, state=Subscription.State.CONFIRMED)
    return tuple(held.order_by("list_id").values_list("list_id", flat=True))


def _lock(subscriber: Subscriber) -> None:
    """Nobody else changes or erases this reader in this transaction."""
    if not Subscriber.objects.select_for_update().filter(pk=subscriber.pk, state=Subscriber.State.ACTIVE).exists():
        raise NotFound("This reader is not here any more.")


def _note(feed: PrivateFeed, detail: str, now: datetime) -> None:
    whose = {"subscriber": feed.subscriber, "publication": feed.publication}
    ReaderEvent.objects.create(**whose, kind=ReaderEvent.Kind.PREFERENCES, source=SOURCE, detail=detail, at=now)
