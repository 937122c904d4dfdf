"""Publishes the feeds of a publication: reads its articles, writes the three documents, replaces the files.

Publication.feeds_stale_since is the moment from which the files are out of date: now or earlier after a change, later when the
next article is still to come, None when nothing is known to come. Runs in a worker process (see xml_documents on locales).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min

from syndication.articles.models import Article, Publication
from syndication.errors import NotFound, SyndicationError
from syndication.feeds import checking, files
from syndication.feeds.documents import ATOM, FORMATS, JSON, MOST_ENTRIES, RSS, Entry, FeedInfo, Format
from syndication.feeds.json_document import json_feed
from syndication.feeds.xml_documents import atom, rss
from syndication.rendering.adapt import brand_of, content_of, home_url
from syndication.rendering.article import Brand, feed_html, plain_summary, plain_title

TRY_AGAIN_AFTER = timedelta(minutes=5)  # when a feed failed its own checks; a change of an article tries at once
_WRITERS = {RSS: rss, ATOM: atom, JSON: json_feed}

log = logging.getLogger("syndication.feeds")


class FeedRefused(SyndicationError):
    """A feed that failed its own checks: nothing was replaced, readers keep the last good bytes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An article that could not be written, and why; the others are published without it."""

    slug: str
    why: str


@dataclass(frozen=True, slots=True)
class Published:
    """What one publishing did. `changed` names the files with new bytes; none when readers have it all already."""

    slug: str
    entries: int
    changed: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def publish(publication_id: int, *, now: datetime) -> Published:
    """Bring the feed files of a publication up to date; a second call changes nothing.

    Publishers of one publication wait for each other and read after they have waited, so that the newest state wins.
    Raises NotFound for an unknown id and FeedRefused when the documents fail their own checks.
    """
    with files.alone(settings.FEEDS, str(publication_id)):
        publication = _publication(publication_id)
        entries, left_out = _entries(publication, now)
        documents = _documents(publication, entries)
        _refuse_what_is_wrong(publication, documents, now)
        changed = _replace(publication, documents)
        _leave_stale_until(publication, _next_to_come(publication, now))
    return Published(publication.slug, min(len(entries), MOST_ENTRIES), changed, left_out)


def stale(now: datetime) -> list[int]:
    """The ids of publications whose files are out of date or missing, oldest change first: what a lost task left, for the tick."""
    rows = Publication.objects.order_by("feeds_stale_since", "pk").values_list("pk", "slug", "feeds_stale_since")
    return [pk for pk, slug, since in rows if _is_due(since, now) or not _all_files_exist(slug)]


def _is_due(since: datetime | None, now: datetime) -> bool:
    return since is not None and since <= now


def _all_files_exist(slug: str) -> bool:
    return all((settings.FEEDS / slug / written_as.file_name).is_file() for written_as in FORMATS)


def _publication(publication_id: int) -> Publication:
    try:
        return Publication.objects.get(pk=publication_id)
    except Publication.DoesNotExist as error:
        raise NotFound(f"There is no publication with the id {publication_id}; its feeds cannot be published.") from error


def _entries(publication: Publication, now: datetime) -> tuple[list[Entry], tuple[LeftOut, ...]]:
    """The newest published articles; one that cannot be written is left out, named, and never takes the feed down."""
    articles = publication.articles.filter(state=Article.State.PUBLISHED, published_at__lte=now).order_by("-published_at", "uid")
    brand = brand_of(publication, settings.BASE_URL)
    entries, left_out = [], []
    for article in articles.select_related("publication")[:MOST_ENTRIES]:
        try:
            entries.append(_entry(article, brand))
        except Exception as error:  # whatever it is, the other articles must reach their readers
            log.exception("%s/%s is left out of the feeds", publication.slug, article.slug)
            left_out.append(LeftOut(article.slug, str(error)))
    return entries, tuple(left_out)


def _entry(article: Article, brand: Brand) -> Entry:
    content = content_of(article, settings.BASE_URL)
    return Entry(
        id=content.permanent_id,
        title=plain_title(content, brand),
        url=content.url,
        summary=plain_summary(content, brand),
        html=feed_html(content, brand, base_url=settings.BASE_URL),
        author=content.author,
        tags=tuple(map(str, article.tags)),
        language="" if article.language == article.publication.language else article.language,
        published_at=article.published_at or article.updated_at,  # the query takes only those that have one
        updated_at=article.updated_at,
    )


def _documents(publication: Publication, entries: list[Entry]) -> dict[Format, bytes]:
    info = FeedInfo(
        id=f"urn:uuid:{publication.uid}",
        title=publication.name,
        description=publication.description,
        language=publication.language,
        author=publication.sender_name,
        site_url=home_url(publication, settings.BASE_URL),
        folder_url=f"{settings.BASE_URL}/feeds/{publication.slug}/",
        since=publication.created_at,
    )
    return {written_as: write(info, entries) for written_as, write in _WRITERS.items()}


def _refuse_what_is_wrong(publication: Publication, documents: dict[Format, bytes], now: datetime) -> None:
    found = checking.problems(documents, now=now)
    if not found:
        return
    _leave_stale_until(publication, now + TRY_AGAIN_AFTER)
    raise FeedRefused(
        f"The feeds of {publication.slug!r} were not published, readers keep the last good ones: {'; '.join(found)}. "
        "Mend or unpublish the article named, or report this as a fault of Syndication."
    )


def _replace(publication: Publication, documents: dict[Format, bytes]) -> tuple[str, ...]:
    folder = settings.FEEDS / publication.slug
    return tuple(one.file_name for one, body in documents.items() if files.replace(folder / one.file_name, body))


def _next_to_come(publication: Publication, now: datetime) -> datetime | None:
    coming = publication.articles.filter(state=Article.State.PUBLISHED, published_at__gt=now)
    moment: datetime | None = coming.aggregate(first=Min("published_at"))["first"]
    return moment


def _leave_stale_until(publication: Publication, moment: datetime | None) -> None:
    """Only when no change came in while we wrote: then its own moment stays, and the feeds are published once more."""
    seen = Publication.objects.filter(pk=publication.pk, feeds_stale_since=publication.feeds_stale_since)
    seen.update(feeds_stale_since=moment)
