"""Writes one feed, or one of its archives, as documents, and reads them again before anybody else does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from syndication.articles.models import Article, Podcast, Topic
from syndication.feeds.checks import checking
from syndication.feeds.hub.addresses import hub_urls
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.places import archive_folder, folder_of, folder_url, page_url
from syndication.feeds.publishing.archives import within
from syndication.feeds.publishing.entries import (
    NEWEST_FIRST,
    LeftOut,
    digest_of,
    published_content,
    taken_back,
    tombstones,
    visible,
    write_entries,
)
from syndication.feeds.store import CURRENT, Content
from syndication.feeds.writing.documents import ATOM, JSON, RSS, FeedInfo, Format, History, PodcastInfo, newest_first
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss

MOST_TOMBSTONES = 50  # in a feed; those of before stand in the archive of their time
_WRITERS = {RSS: rss, ATOM: atom, JSON: json_feed}


@dataclass(frozen=True, slots=True)
class Composed:
    """Documents ready to be published, unless `problems` says why they must not be."""

    content: Content
    left_out: tuple[LeftOut, ...]
    problems: tuple[str, ...]


def compose_feed(feed: Feed, *, now: datetime) -> Composed:
    """The newest articles of a feed. Reads the database; the same state gives the same bytes."""
    articles = visible(feed, now).order_by(*NEWEST_FIRST)[: feed.publication.feed_entries]
    gone = taken_back(feed).order_by("-unpublished_at", "uid")[:MOST_TOMBSTONES]
    last = feed.archives.order_by("number").last()
    folder = folder_of(feed.publication, feed.topic)
    history = History(previous_folder_url=_archive_url(folder, last.number) if last else "")
    return _composed(feed, list(articles), list(gone), history, now)


def compose_archive(archive: FeedArchive, *, now: datetime) -> Composed:
    """The articles of an archive's stretch."""
    feed = archive.feed
    articles = within(archive, visible(feed, now)).order_by(*NEWEST_FIRST)
    gone = within(archive, taken_back(feed)).order_by("-unpublished_at", "uid")
    folder = folder_of(feed.publication, feed.topic)
    history = History(
        current_folder_url=folder_url(folder, settings.BASE_URL),
        previous_folder_url=_archive_url(folder, archive.number - 1) if archive.number > 1 else "",
        is_archive=True,
    )
    return _composed(feed, list(articles), list(gone), history, now, archive.number)


def _archive_url(folder: str, number: int) -> str:
    return folder_url(archive_folder(folder, number), settings.BASE_URL)


def _composed(  # noqa: PLR0913, PLR0917  # what a feed and an archive have in common
    feed: Feed, articles: Sequence[Article], gone: Sequence[Article], history: History, now: datetime, number: int = 0
) -> Composed:
    folder = folder_of(feed.publication, feed.topic)
    folder = archive_folder(folder, number) if number else folder
    written = write_entries(feed, articles, published_content(settings.FEEDS / folder / CURRENT))
    entries = written.entries
    info = _info(feed, folder_url(folder, settings.BASE_URL), gone, history)
    documents = {written_as: write(info, entries) for written_as, write in _WRITERS.items()}
    content = Content(
        bodies={written_as.file_name: body for written_as, body in documents.items()},
        is_archive=history.is_archive,
        links={written_as.file_name: _link_header(info, written_as) for written_as in documents},
        entries=tuple((one.id, digest_of(one)) for one in newest_first(entries)),
        made_from=written.made_from,
    )
    return Composed(content, written.left_out, tuple(checking.problems(documents, now=now)))


def _info(feed: Feed, own_url: str, gone: Sequence[Article], history: History) -> FeedInfo:
    publication, topic = feed.publication, feed.topic
    return FeedInfo(
        id=f"urn:uuid:{topic.uid if topic else publication.uid}",
        title=f"{publication.name}: {topic.name}" if topic else publication.name,
        description=publication.description,
        language=publication.language,
        author=topic.name if topic and topic.kind == Topic.Kind.AUTHOR else publication.sender_name,
        site_url=page_url(publication, topic, settings.BASE_URL),
        folder_url=own_url,
        since=topic.created_at if topic else publication.created_at,
        hub_urls=() if history.is_archive else hub_urls(),
        image_url=publication.image_url,
        podcast=None if topic else _podcast(feed),
        tombstones=tombstones(gone),
        history=history,
    )


def _podcast(feed: Feed) -> PodcastInfo | None:
    row = Podcast.objects.filter(publication=feed.publication_id).first()
    if row is None:
        return None
    owner = feed.publication.sender_address
    return PodcastInfo(str(row.guid), is_locked=row.is_locked, owner_address=owner, category=row.category, is_explicit=row.is_explicit)


def _link_header(info: FeedInfo, written_as: Format) -> str:
    """WebSub 4: each hub, and exactly one self."""
    hubs = [f'<{url}>; rel="hub"' for url in info.hub_urls]
    return ", ".join([*hubs, f'<{info.self_url(written_as)}>; rel="self"'])
