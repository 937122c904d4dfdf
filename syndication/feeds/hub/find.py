"""Finds feeds by their addresses, and what is published of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from syndication.feeds.hub.topics import place_of
from syndication.feeds.models import Feed
from syndication.feeds.places import folder_of
from syndication.feeds.store import Gone, Moved, Shelf, Version
from syndication.feeds.writing.documents import FORMATS, Format

FORMAT_OF = {one.file_name: one for one in FORMATS}


@dataclass(frozen=True, slots=True)
class PublishedFeed:
    """A feed and what lies in its folder at this moment."""

    feed: Feed
    version: Version | Moved | Gone | None


def published(ids: Iterable[int]) -> dict[int, PublishedFeed]:
    """These feeds by id, but for those that were deleted."""
    feeds = Feed.objects.select_related("publication", "topic").in_bulk(set(ids))
    return {pk: PublishedFeed(feed, shelf().version(folder_of_feed(feed))) for pk, feed in feeds.items()}


def shelf() -> Shelf:
    """The published versions, kept in memory while they are in use."""
    return _shelf(settings.FEEDS)


def feed_in(folder: str) -> Feed | None:
    """The feed that lies in this folder now. Raises ValueError for a folder that no feed can have."""
    publication, kind, topic = place_of(folder)
    feeds = Feed.objects.filter(publication__slug=publication)
    return feeds.filter(topic__kind=kind, topic__slug=topic).first() if kind else feeds.filter(topic=None).first()


def folder_of_feed(feed: Feed) -> str:
    """Where it lies, below settings.FEEDS."""
    return folder_of(feed.publication, feed.topic)


def written_as(file_name: str) -> Format:
    """The format of a document."""
    return FORMAT_OF[file_name]


@cache
def _shelf(root: Path) -> Shelf:
    return Shelf(root)
