"""Looks at what a publication's feeds are on disk now: read back as a stranger would, and held against what the database says was published."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import brotli
from django.conf import settings

from syndication.articles.models import Article, Publication, Topic
from syndication.feeds import store
from syndication.feeds.checks import checking
from syndication.feeds.encodings import BROTLI, GZIP, IDENTITY
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.places import archive_folder, folder_of, folder_url
from syndication.feeds.writing.documents import FORMATS, Format

LATE_AFTER = timedelta(minutes=10)
_URN = "urn:uuid:"
_UNPACK = {GZIP: gzip.decompress, BROTLI: brotli.decompress}
_OF_FILE = {written_as.file_name: written_as for written_as in FORMATS}


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """One feed, or one archive of it.

    faults    what readers get is wrong or missing, in sentences for staff; remarks cost readers something but break nothing
    problem   why its newest state was not published, or what it lacks; readers have the last good one
    """

    name: str
    url: str
    entries: int
    bytes_largest: int
    published_at: datetime | None
    changed_at: datetime | None
    problem: str
    faults: tuple[str, ...]
    remarks: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.faults and not self.problem


def health_of(publication: Publication, *, now: datetime, thoroughly: bool) -> list[FeedHealth]:
    """Every feed of a publication, its own first, each followed by its archives with faults.

    thoroughly  read every document back; else only the publication's own, and of the others see that the right version lies there
    """
    feeds = list(Feed.objects.filter(publication=publication, is_gone=False).select_related("publication", "topic"))
    feeds.sort(key=lambda feed: (feed.topic is not None, feed.topic.kind if feed.topic else "", feed.topic.name if feed.topic else ""))
    if not any(feed.topic_id is None for feed in feeds):
        return [_never_published(publication, now)]
    found: list[FeedHealth] = []
    for feed in feeds:
        found.append(_of_feed(feed, now, thoroughly=thoroughly or feed.topic_id is None))
        found += [one for one in _of_archives(feed, now, thoroughly=thoroughly) if not one.is_well]
    return found


def sick_publications() -> list[tuple[int, str]]:
    """The ids and names of publications of which a feed was refused or lacks something, for a line on the overview."""
    feeds = Feed.objects.exclude(problem="").filter(is_gone=False).values_list("publication_id", "publication__name")
    archives = FeedArchive.objects.exclude(problem="").filter(feed__is_gone=False)
    sick = {*feeds, *archives.values_list("feed__publication_id", "feed__publication__name")}
    return sorted(sick, key=lambda one: (one[1], one[0]))


def _never_published(publication: Publication, now: datetime) -> FeedHealth:
    is_new = now - publication.created_at < LATE_AFTER
    why = () if is_new else ("Its feeds were never published. Is a worker for the queue “feeds” running?",)
    return FeedHealth(publication.name, folder_url(publication.slug, settings.BASE_URL), 0, 0, None, None, "", why)


def _of_feed(feed: Feed, now: datetime, *, thoroughly: bool) -> FeedHealth:
    folder = folder_of(feed.publication, feed.topic)
    faults = [*_faults(folder, feed, now, thoroughly=thoroughly)]
    if feed.stale_since and not feed.problem and now - feed.stale_since > LATE_AFTER:
        minutes = (now - feed.stale_since).total_seconds() // 60
        faults.append(f"A change waits for {minutes:,.0f} minutes to be published. Is a worker for the queue “feeds” running?")
    return FeedHealth(
        name=_name(feed),
        url=folder_url(folder, settings.BASE_URL),
        entries=feed.entry_count,
        bytes_largest=feed.bytes_largest,
        published_at=feed.published_at,
        changed_at=feed.changed_at,
        problem=feed.problem,
        faults=tuple(faults),
        remarks=tuple(checking.remarks(_documents(folder))) if thoroughly else (),
    )


def _of_archives(feed: Feed, now: datetime, *, thoroughly: bool) -> Iterator[FeedHealth]:
    for archive in feed.archives.order_by("number"):
        folder = archive_folder(folder_of(feed.publication, feed.topic), archive.number)
        yield FeedHealth(
            name=f"{_name(feed)}, archive {archive.number}",
            url=folder_url(folder, settings.BASE_URL),
            entries=archive.entry_count,
            bytes_largest=0,
            published_at=None,
            changed_at=archive.changed_at,
            problem=archive.problem,
            faults=tuple(_faults(folder, archive, now, thoroughly=thoroughly)),
        )


def _name(feed: Feed) -> str:
    if feed.topic is None:
        return "All articles"
    return f"{'Tag' if feed.topic.kind == Topic.Kind.TAG else 'Author'}: {feed.topic.name}"


def _faults(folder: str, row: Feed | FeedArchive, now: datetime, *, thoroughly: bool) -> Iterator[str]:
    """What is wrong with the files of a folder."""
    if not row.digest or row.changed_at is None:
        if not row.problem and not row.stale_since:
            yield "It was never published."
        return
    found = store.Shelf(settings.FEEDS).version(folder)
    if not isinstance(found, store.Version):
        yield "Its files are missing: readers get an error. `syndication feeds publish` writes them again."
        return
    if found.name != store.version_name(row.digest, row.changed_at):
        yield "Its files are not those that were published last. `syndication feeds publish` writes them again."
    if not thoroughly:
        return
    try:
        yield from _damage(found)
    except OSError:
        yield "Its files were replaced while they were read; look again."
        return
    documents = _bodies(found)
    yield from (f"{one[:1].upper()}{one[1:]}." if one[-1:] != "." else one for one in checking.problems(documents, now=now))
    yield from _unknown_ids(found)


def _damage(version: store.Version) -> Iterator[str]:
    """Files that are not what their entity tag says, or pack something else."""
    for name, variants in version.documents.items():
        plain = variants[IDENTITY].body
        for encoding, one in variants.items():
            try:
                is_whole = one.etag == f'"{hashlib.sha256(one.body).hexdigest()}"' and _UNPACK.get(encoding, bytes)(one.body) == plain
            except (OSError, EOFError, brotli.error):
                is_whole = False
            if not is_whole:
                yield f"{name} ({encoding}) is damaged on disk. Remove the folder, then `syndication feeds publish` writes it again."


def _unknown_ids(version: store.Version) -> Iterator[str]:
    """Entries whose id no article has: readers would see those articles as unread once the feed is written anew."""
    listed = {entry_id for entry_id, _ in version.entries}
    uids = [one.removeprefix(_URN) for one in listed if one.startswith(_URN)]
    known = {f"{_URN}{uid}" for uid in Article.objects.filter(uid__in=uids).values_list("uid", flat=True)}
    if listed - known:
        yield f"{len(listed - known)} entries have ids that no article has: readers would see those articles as unread after the next change."


def _documents(folder: str) -> dict[Format, bytes]:
    """What the folder serves; nothing when it serves nothing."""
    found = store.Shelf(settings.FEEDS).version(folder)
    return _bodies(found) if isinstance(found, store.Version) else {}


def _bodies(version: store.Version) -> dict[Format, bytes]:
    return {_OF_FILE[name]: variants[IDENTITY].body for name, variants in version.documents.items()}
