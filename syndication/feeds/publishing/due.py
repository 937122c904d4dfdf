"""Finds what waits to be published: changes whose moment has come, feeds that are stale or were never written, files that are missing."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, F, OuterRef

from syndication.articles.models import FeedChange, Publication
from syndication.feeds import store
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.places import archive_folder, folder_of
from syndication.feeds.publishing import changes


def due(now: datetime) -> list[int]:
    """The ids of publications for which something waits, oldest change first: what a lost task left, for the tick."""
    return list(dict.fromkeys(_due(now)))


def is_due(publication_id: int, *, now: datetime) -> bool:
    """Whether something waits for this publication."""
    of_it = {"publication": publication_id}
    return (
        FeedChange.objects.filter(at__lte=now, **of_it).exists()
        or Feed.objects.filter(stale_since__lte=now, **of_it).exists()
        or FeedArchive.objects.filter(stale_since__lte=now, feed__publication=publication_id).exists()
    )


def _due(now: datetime) -> Iterator[int]:
    yield from FeedChange.objects.filter(at__lte=now).order_by("at", "publication").values_list("publication", flat=True).distinct()
    yield from Feed.objects.filter(stale_since__lte=now).order_by("stale_since").values_list("publication", flat=True)
    yield from FeedArchive.objects.filter(stale_since__lte=now).values_list("feed__publication", flat=True).distinct()
    own_feed = Feed.objects.filter(publication=OuterRef("pk"), topic=None)
    yield from Publication.objects.filter(~Exists(own_feed)).order_by("pk").values_list("pk", flat=True)
    yield from (publication_id for publication_id, _ in changes.topics_without_feed(now))
    for feed in Feed.objects.filter(topic=None, stale_since=None).select_related("publication").order_by("pk"):
        if not _is_there(feed):
            yield feed.publication_id


def mark_missing(publication_id: int, *, now: datetime, everywhere: bool = False) -> None:
    """Mark the feeds and archives stale whose files are missing or of an older state.

    All are looked at when the publication's own feed is missing (a new or restored folder), or `everywhere` is asked for.
    """
    feeds = list(Feed.objects.filter(publication=publication_id).select_related("publication", "topic"))
    own = next((feed for feed in feeds if feed.topic_id is None), None)
    if not everywhere and (own is None or not own.digest or _is_there(own)):
        return
    missing = [feed.pk for feed in feeds if not _is_there(feed)]
    changes.mark_feeds(missing, now)
    folders = {feed.pk: folder_of(feed.publication, feed.topic) for feed in feeds if not feed.is_gone}
    rows = FeedArchive.objects.filter(feed__in=folders)
    lost = [one.pk for one in rows if not _is_current(archive_folder(folders[one.feed_id], one.number), one)]
    FeedArchive.objects.filter(pk__in=lost).update(stale_since=now, marks=F("marks") + 1)


def mark_all_missing(now: datetime) -> None:
    """The same for every feed of every publication."""
    for publication_id in Publication.objects.order_by("pk").values_list("pk", flat=True):
        mark_missing(publication_id, now=now, everywhere=True)


def _is_there(feed: Feed) -> bool:
    return feed.is_gone or _is_current(folder_of(feed.publication, feed.topic), feed)


def _is_current(folder: str, row: Feed | FeedArchive) -> bool:
    if not row.digest or row.changed_at is None:
        return False
    return store.is_current(settings.FEEDS, folder, store.version_name(row.digest, row.changed_at))
