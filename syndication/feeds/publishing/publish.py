"""Publishes the feeds of a publication that are out of date, and their archives; each in one move, and only these.

What is out of date stands in rows (Feed.stale_since, FeedArchive.stale_since), put there by changes.py from what was noted with each
change. Runs in a worker process (see xml_documents on locales).
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Value, When

from syndication.articles.models import Publication
from syndication.errors import NotFound
from syndication.feeds import files, store
from syndication.feeds.models import Feed, FeedArchive
from syndication.feeds.places import archive_folder, folder_of
from syndication.feeds.publishing import archives, changes, due, old_folders
from syndication.feeds.publishing.compose import Composed, compose_archive, compose_feed
from syndication.feeds.publishing.entries import LeftOut

TRY_AGAIN_AFTER = timedelta(minutes=5)  # when a feed failed its own checks; a change of an article tries at once
ARCHIVES_AT_ONCE = 50  # looked up together

log = logging.getLogger("syndication.feeds")


@dataclass(frozen=True, slots=True)
class Refused:
    """A feed that failed its own checks: nothing was replaced, readers keep the last good bytes."""

    folder: str
    why: str


@dataclass(slots=True)
class Published:
    """What one run did. `changed` names the folders with new bytes; none when readers have it all already.

    entries   articles in the publication's own feed
    written   feeds and archives that were rendered, changed or not
    is_ours   False: another publisher was at it, and nothing was done here
    has_more  time was up before all was done
    """

    slug: str
    entries: int = 0
    written: int = 0
    changed: list[str] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    has_more: bool = False
    is_ours: bool = True


Step = Callable[[Published], None]


def publish(publication_id: int, *, now: datetime, run_seconds: float | None = None, wait: bool = True) -> Published:
    """Bring a publication's feeds up to date; a second call changes nothing.

    Publishers of one publication wait for each other and read after they have waited, so that the newest state wins.
    run_seconds  stop after this long (has_more); None: go on to the end
    wait         False: leave it to the publisher who is at it
    Raises NotFound for an unknown id.
    """
    until = None if run_seconds is None else time.monotonic() + run_seconds
    with files.alone(settings.FEEDS, str(publication_id), wait=wait) as is_ours:
        done = Published(_publication(publication_id).slug, is_ours=is_ours)
        if not is_ours:
            return done
        changes.work_off(publication_id, now=now)
        due.mark_missing(publication_id, now=now)
        for step in _steps(publication_id, now):
            if until is not None and time.monotonic() > until:
                done.has_more = True
                break
            step(done)
        if not done.has_more:
            old_folders.point(_publication(publication_id))
        own = Feed.objects.filter(publication=publication_id, topic=None).first()
        done.entries = own.entry_count if own else 0
    return done


def publish_all(publication_id: int, *, now: datetime) -> Published:
    """Write every feed and archive of a publication anew; what has not changed keeps its bytes and validators."""
    changes.mark_all(publication_id, now=now)
    return publish(publication_id, now=now)


def _publication(publication_id: int) -> Publication:
    try:
        return Publication.objects.get(pk=publication_id)
    except Publication.DoesNotExist as error:
        raise NotFound(f"There is no publication with the id {publication_id}; its feeds cannot be published.") from error


def _steps(publication_id: int, now: datetime) -> Iterator[Step]:
    """One for each feed that is stale, the publication's own first, then one for each archive, the newest first."""
    while True:
        yield from _feed_steps(publication_id, now)
        yield from _archive_steps(publication_id, now)
        if not Feed.objects.filter(publication=publication_id, stale_since__lte=now).exists():
            return  # else an archive was divided, and its feed points to another one now


def _feed_steps(publication_id: int, now: datetime) -> Iterator[Step]:
    stale = Feed.objects.filter(publication=publication_id, stale_since__lte=now).order_by(F("topic").asc(nulls_first=True))
    for feed_id in list(stale.values_list("pk", flat=True)):
        yield lambda done, feed_id=feed_id: _publish_feed(feed_id, done, now)  # type: ignore[misc]  # mypy cannot see through the default


def _archive_steps(publication_id: int, now: datetime) -> Iterator[Step]:
    old = FeedArchive.objects.filter(feed__publication=publication_id, stale_since__lte=now).order_by("feed", "-number")
    while found := list(old.values_list("pk", "feed")[:ARCHIVES_AT_ONCE]):
        for pk, feed_id in found:
            yield lambda done, pk=pk, feed_id=feed_id: _publish_archive(pk, feed_id, done, now)  # type: ignore[misc]  # as above


def _sole_publisher() -> AbstractContextManager[Any]:
    """On PostgreSQL a transaction, in which the feed's row is locked: machines that share the folder wait for each other.

    SQLite belongs to one machine, where the lock on the folder is enough, and its only writer is not held up while we render.
    """
    return transaction.atomic() if connection.vendor == "postgresql" else nullcontext()


def _locked_feed(feed_id: int) -> Feed | None:
    feeds = Feed.objects.filter(pk=feed_id)
    if connection.vendor == "postgresql":
        feeds.select_for_update().first()
    return feeds.select_related("publication", "topic").first()


def _publish_feed(feed_id: int, done: Published, now: datetime) -> None:
    with _sole_publisher():
        feed = _locked_feed(feed_id)
        if feed is None or feed.stale_since is None or feed.stale_since > now:
            return  # another machine was quicker
        folder = folder_of(feed.publication, feed.topic)
        if feed.is_gone:
            store.close(settings.FEEDS, folder)
            _settle(feed)
            return
        archives.close_full(feed, now=now)
        newest = feed.archives.order_by("number").last()
        if newest and not newest.digest:  # the feed is about to point to it
            _replace(newest, archive_folder(folder, newest.number), lambda: compose_archive(newest, now=now), done, now)
        _replace(feed, folder, lambda: compose_feed(feed, now=now), done, now)


def _publish_archive(pk: int, feed_id: int, done: Published, now: datetime) -> None:
    with _sole_publisher():
        feed = _locked_feed(feed_id)
        archive = FeedArchive.objects.filter(pk=pk).first()
        if feed is None or archive is None or archive.stale_since is None or archive.stale_since > now:
            return
        archive.feed = feed
        if feed.is_gone:
            _settle(archive)
        elif archives.is_overfull(archive, now=now):
            archives.divide_again(archive, now=now)
            changes.mark_feeds([feed.pk], now)  # it points to the newest
        else:
            folder = archive_folder(folder_of(feed.publication, feed.topic), archive.number)
            _replace(archive, folder, lambda: compose_archive(archive, now=now), done, now)


def _replace(row: Feed | FeedArchive, folder: str, compose: Callable[[], Composed], done: Published, now: datetime) -> None:
    """Compose and publish, or say in the row why not."""
    done.written += 1
    try:
        composed = compose()
        problems = composed.problems
    except Exception as error:  # whatever it is, the other feeds must reach their readers
        log.exception("%s cannot be written", folder)
        problems = (f"It could not be written: {error!r}",)
    if problems:
        _refuse(row, folder, problems, done, now)
        return
    changed_at, digest = row.changed_at, composed.content.digest
    if digest != row.digest or changed_at is None:
        changed_at = _later(now, changed_at)
    if store.write(settings.FEEDS, folder, composed.content, modified_at=changed_at):
        done.changed.append(folder)
    done.left_out |= {one.slug: one for one in composed.left_out}
    told: dict[str, Any] = {"digest": digest, "changed_at": changed_at, "entry_count": len(composed.content.entries)}
    told["problem"] = " ".join(f"{one.slug} is left out: {one.why}" for one in composed.left_out)
    if isinstance(row, Feed):
        told |= {"published_at": now, "bytes_largest": max(map(len, composed.content.bodies.values()))}
    _settle(row, **told)


def _refuse(row: Feed | FeedArchive, folder: str, problems: tuple[str, ...], done: Published, now: datetime) -> None:
    why = (
        f"The feed {folder!r} was not published, readers keep the last good one: {'; '.join(problems)}. "
        "Mend or unpublish the article named, or report this as a fault of Syndication."
    )
    log.error("%s", why)
    done.refused.append(Refused(folder, why))
    _settle(row, again_at=now + TRY_AGAIN_AFTER, problem=why)


def _settle(row: Feed | FeedArchive, *, again_at: datetime | None = None, **fields: Any) -> None:
    """Write what came of it. A mark that was set while we read and wrote stays: the newest state is then published once more."""
    unmarked = Case(When(marks=row.marks, then=Value(again_at)), default=F("stale_since"))
    type(row)._default_manager.filter(pk=row.pk).update(stale_since=unmarked, **fields)


def _later(now: datetime, before: datetime | None) -> datetime:
    """Now in whole seconds, as HTTP tells time; a second after the last change when that was just now."""
    moment = now.astimezone(UTC).replace(microsecond=0)
    return moment if before is None else max(moment, before + timedelta(seconds=1))
