"""Divides a feed's past into stretches (RFC 5005 4): each is closed once, so that new articles leave its document as it is."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q, QuerySet

from syndication.articles.models import Article
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.publishing.changes import Key
from syndication.feeds.publishing.entries import visible
from syndication.feeds.writing.documents import MOST_ENTRIES

LARGEST_STRETCH = MOST_ENTRIES - 10  # articles when it is closed; older ones may still be brought in, and a document holds MOST_ENTRIES


def close_full(feed: Feed, *, now: datetime) -> None:
    """Close stretches until no more articles are open than the feed shows; so the feed and its archives miss none.

    Call it while nobody else publishes the feed.
    """
    last = feed.archives.order_by("number").last()
    open_keys = _keys(visible(feed, now).filter(_from(last)) if last else visible(feed, now))
    stretches = _stretches(open_keys, feed.publication.feed_entries)
    begins, number = ((last.before_at, last.before_uid), last.number) if last else (None, 0)
    FeedArchive.objects.bulk_create(_rows(feed, begins, stretches, number + 1, now))


def is_overfull(archive: FeedArchive, *, now: datetime) -> bool:
    """Whether so many older articles were brought in that the archive's document cannot hold them."""
    return within(archive, visible(archive.feed, now)).count() > MOST_ENTRIES


def divide_again(archive: FeedArchive, *, now: datetime) -> None:
    """Draw the stretches anew from this one on; those before it stay. Numbers stay too, so no address of an archive is lost."""
    feed = archive.feed
    old = list(feed.archives.filter(number__gte=archive.number).order_by("number"))
    begins = None if archive.from_at is None or archive.from_uid is None else (archive.from_at, archive.from_uid)
    articles = visible(feed, now)
    keys = _keys(articles.filter(_at_or_after(begins)) if begins else articles)
    drawn = _rows(feed, begins, _stretches(keys, feed.publication.feed_entries), archive.number, now)
    for row, stretch in zip(old, drawn, strict=False):
        edges = {name: getattr(stretch, name) for name in ("from_at", "from_uid", "before_at", "before_uid")}
        FeedArchive.objects.filter(pk=row.pk).update(**edges, stale_since=now, marks=F("marks") + 1)
    for row in old[len(drawn) :]:  # nothing is left for it
        end = (drawn[-1].before_at, drawn[-1].before_uid) if drawn else (row.before_at, row.before_uid)
        edges = {"from_at": end[0], "from_uid": end[1], "before_at": end[0], "before_uid": end[1]}
        FeedArchive.objects.filter(pk=row.pk).update(**edges, stale_since=now, marks=F("marks") + 1)
    FeedArchive.objects.bulk_create(drawn[len(old) :])


def within(archive: FeedArchive, articles: QuerySet[Article]) -> QuerySet[Article]:
    """Those of the articles that lie in the archive's stretch."""
    before = Q(published_at__lt=archive.before_at) | Q(published_at=archive.before_at, uid__lt=archive.before_uid)
    if archive.from_at is None or archive.from_uid is None:
        return articles.filter(before)
    return articles.filter(before, _at_or_after((archive.from_at, archive.from_uid)))


def _from(last: FeedArchive) -> Q:
    return _at_or_after((last.before_at, last.before_uid))


def _at_or_after(key: Key) -> Q:
    return Q(published_at__gte=key[0]) & (Q(published_at__gt=key[0]) | Q(uid__gte=key[1]))


def _keys(articles: QuerySet[Article]) -> list[Key]:
    found = articles.order_by("published_at", "uid").values_list("published_at", "uid")
    return [(moment, uid) for moment, uid in found if moment is not None]


def _stretches(keys: Sequence[Key], feed_entries: int) -> list[Key]:
    """The keys before which stretches end, oldest first; at most `feed_entries` keys stay open."""
    ends, size, first = [], min(feed_entries, LARGEST_STRETCH), 0
    while len(keys) - first > feed_entries:
        first += size
        ends.append(keys[first])
    return ends


def _rows(feed: Feed, begins: Key | None, ends: Sequence[Key], number: int, now: datetime) -> list[FeedArchive]:
    rows: list[FeedArchive] = []
    for end in ends:
        from_at, from_uid = begins or (None, None)
        rows.append(
            FeedArchive(
                feed=feed,
                number=number + len(rows),
                from_at=from_at,
                from_uid=from_uid,
                before_at=end[0],
                before_uid=end[1],
                stale_since=now,
            )
        )
        begins = end
    return rows
