"""Turns articles into the entries of feeds, once for each state of an article; and finds those that a feed shows."""

import hashlib
import json
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from syndication.articles.models import Article, Enclosure
from syndication.feeds.models import Feed
from syndication.feeds.store import ABOUT
from syndication.feeds.writing.documents import JSON, EnclosureInfo, Entry, Person, Tombstone
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import Brand, feed_html, plain_summary, plain_title

MOST_REMEMBERED = 1000  # entries in memory, some kilobytes each
NEWEST_FIRST = ("-published_at", "-uid")
_SAID = (
    *("pk", "uid", "slug", "title", "summary", "html", "author", "tags", "language", "source"),
    *("image_url", "image_alt", "published_at", "updated_at"),
)

log = logging.getLogger("syndication.feeds")
_remembered: OrderedDict[str, Entry] = OrderedDict()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An article that could not be written, and why; the others are published without it."""

    slug: str
    why: str


def visible(feed: Feed, now: datetime) -> QuerySet[Article]:
    """The articles that a feed shows, in no order: those that everybody may read by now. Drafts and articles to come never."""
    articles = Article.objects.filter(publication=feed.publication_id, state=Article.State.PUBLISHED, published_at__lte=now)
    articles = articles.filter(visibility=Article.Visibility.PUBLIC)
    return articles if feed.topic_id is None else articles.filter(topics__topic=feed.topic_id)


def taken_back(feed: Feed) -> QuerySet[Article]:
    """The articles that a feed showed once and that are drafts again."""
    articles = Article.objects.filter(publication=feed.publication_id, state=Article.State.DRAFT, unpublished_at__isnull=False)
    articles = articles.filter(visibility=Article.Visibility.PUBLIC)
    return articles if feed.topic_id is None else articles.filter(topics__topic=feed.topic_id)


def tombstones(articles: Iterable[Article]) -> tuple[Tombstone, ...]:
    """What feeds say of articles that were taken back (RFC 6721)."""
    return tuple(Tombstone(one.permanent_id, one.unpublished_at) for one in articles if one.unpublished_at)


@dataclass(frozen=True, slots=True)
class Written:
    """The entries of a feed, and by the id of each a digest of all that it was made from."""

    entries: list[Entry]
    made_from: Mapping[str, str]
    left_out: tuple[LeftOut, ...]


def entries_of(feed: Feed, articles: Iterable[Article]) -> tuple[list[Entry], tuple[LeftOut, ...]]:
    """An entry for each article, and those that could not be written."""
    written = write_entries(feed, articles, {})
    return written.entries, written.left_out


def write_entries(feed: Feed, articles: Iterable[Article], published: Mapping[str, str]) -> Written:
    """An entry for each article; one that cannot be written is left out, named, and never takes the feed down.

    published  content that was rendered before, by the digest of what it was made from (published_content); taken over where it fits
    """
    rows, entries, made_from, left_out = list(articles), [], {}, []
    enclosures, brand = _enclosures(rows), brand_of(feed.publication, settings.BASE_URL)
    for article in rows:
        article.publication = feed.publication
        try:
            key = _made_from(article, brand, enclosures.get(article.pk, ()))
            entries.append(_entry_made_from(key, article, enclosures.get(article.pk, ()), brand, published.get(key)))
            made_from[entries[-1].id] = key
        except Exception as error:  # whatever it is, the other articles must reach their readers
            log.exception("%s/%s is left out of the feeds", feed.publication.slug, article.slug)
            left_out.append(LeftOut(article.slug, str(error)))
    return Written(entries, made_from, tuple(left_out))


def published_content(place: Path) -> dict[str, str]:
    """The content of the entries in a published version, by the digest of what each was made from; empty when there is none.

    Rendering an article costs more than all else that is done with it, and of a feed's articles all but one are as they were.
    """
    with suppress(OSError, ValueError, KeyError):
        made_from = json.loads((place / ABOUT).read_bytes())["made_from"]
        return {made_from[one["id"]]: one["content_html"] for one in json.loads((place / JSON.file_name).read_bytes())["items"]}
    return {}


def digest_of(entry: Entry) -> str:
    """A short word for what the entry says: another one when it says something else."""
    return hashlib.blake2b(repr(entry).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _enclosures(articles: list[Article]) -> Mapping[int, tuple[EnclosureInfo, ...]]:
    found: dict[int, tuple[EnclosureInfo, ...]] = defaultdict(tuple)
    for row in Enclosure.objects.filter(article__in=articles).order_by("position", "pk"):
        found[row.article_id] += (_enclosure(row),)
    return found


def _enclosure(row: Enclosure) -> EnclosureInfo:
    return EnclosureInfo(
        url=row.url,
        media_type=row.media_type,
        length_bytes=row.length_bytes,
        title=row.title,
        duration_seconds=row.duration_seconds,
        transcript_url=row.transcript_url,
        transcript_type=row.transcript_type,
        chapters_url=row.chapters_url,
        people=tuple(Person(str(one.get("name", "")), str(one.get("role", "")), str(one.get("url", ""))) for one in row.people),
    )


@cache
def _this_code() -> str:
    """A digest of the code that renders: what an older version has written is not taken over."""
    found = hashlib.blake2b(version("lxml").encode(), digest_size=16)
    for room in ("articles", "rendering", "feeds"):
        for path in sorted((settings.BASE_DIR / "syndication" / room).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()


def _made_from(article: Article, brand: Brand, enclosures: tuple[EnclosureInfo, ...]) -> str:
    """All of it is read anew each time, so no old entry can be met."""
    said = [getattr(article, name) for name in _SAID]
    made_of = repr((_this_code(), said, enclosures, brand, settings.BASE_URL))
    return hashlib.blake2b(made_of.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _entry_made_from(key: str, article: Article, enclosures: tuple[EnclosureInfo, ...], brand: Brand, html: str | None) -> Entry:
    """The same article stands in several feeds: it is rendered once."""
    entry = _remembered.pop(key, None) or _entry(article, brand, enclosures, html)
    _remembered[key] = entry
    if len(_remembered) > MOST_REMEMBERED:
        _remembered.popitem(last=False)
    return entry


def _entry(article: Article, brand: Brand, enclosures: tuple[EnclosureInfo, ...], html: str | None) -> Entry:
    content = content_of(article, settings.BASE_URL)
    return Entry(
        id=content.permanent_id,
        title=plain_title(content, brand),
        url=content.url,
        summary=plain_summary(content, brand),
        html=feed_html(content, brand, base_url=settings.BASE_URL) if html is None else html,
        author=content.author,
        tags=tuple(map(str, article.tags)),
        language="" if article.language == article.publication.language else article.language,
        published_at=article.published_at or article.updated_at,  # the query takes only those that have one
        updated_at=article.updated_at,
        enclosures=enclosures,
        image_url=article.image_url,
        image_alt=article.image_alt,
        source_url=article.source if article.source.startswith(("http://", "https://")) else "",
    )
