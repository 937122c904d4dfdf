"""Tells before a change how many articles feed readers would show as unread again: none when slug, domain or publication change."""

import json
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.db import transaction
from lxml import etree

from syndication.articles.models import Article, Publication
from syndication.feeds.writing.documents import Entry, FeedInfo
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss
from syndication.rendering.adapt import article_url, home_url

AT_ONCE = 20  # articles in one document
_ATOM_ID = "{http://www.w3.org/2005/Atom}entry/{http://www.w3.org/2005/Atom}id"

Known = dict[str, set[str]]
"""By format, the ids by which its readers know articles."""


def would_be_unread(publication: Publication, change: Callable[[], object] | None = None, *, base_url: str = "") -> int:
    """How many articles, published by the publication now, its readers would see as unread though they may have read them.

    change    done in a transaction that is rolled back: it may only write to the database
    base_url  the site's address after the change, without a slash at the end; empty: the present one
    Readers know an article again by its id alone; the documents of before and after are written and their ids compared.
    Each format has readers of its own: the largest number of the three counts.
    """
    published = publication.articles.filter(state=Article.State.PUBLISHED)
    numbers = list(published.values_list("pk", flat=True))
    with transaction.atomic():
        before = _known(numbers, settings.BASE_URL)
        if change:
            change()
        after = _known(numbers, base_url or settings.BASE_URL)
        transaction.set_rollback(True)
    return max(len(after[written] - before[written]) for written in before)


def _known(numbers: list[int], base_url: str) -> Known:
    found: Known = {"rss": set(), "atom": set(), "json": set()}
    for first in range(0, len(numbers), AT_ONCE):
        part = numbers[first : first + AT_ONCE]
        rows = Article.objects.select_related("publication").filter(pk__in=part).order_by("pk")
        for written, ids in _ids(list(rows), base_url):
            found[written].update(ids)
    return found


def _ids(articles: list[Article], base_url: str) -> Iterator[tuple[str, Iterable[str]]]:
    """What stands in the three documents, as a reader finds it."""
    if not articles:
        return
    info, entries = _info(articles[0].publication, base_url), [_entry(one, base_url) for one in articles]
    yield "rss", [one.text or "" for one in etree.fromstring(rss(info, entries)).iterfind("channel/item/guid")]
    yield "atom", [one.text or "" for one in etree.fromstring(atom(info, entries)).iterfind(_ATOM_ID)]
    yield "json", [str(one["id"]) for one in json.loads(json_feed(info, entries))["items"]]


def _info(publication: Publication, base_url: str) -> FeedInfo:
    return FeedInfo(
        id=f"urn:uuid:{publication.uid}",
        title=publication.name,
        description=publication.description,
        language=publication.language,
        author=publication.sender_name,
        site_url=home_url(publication, base_url),
        folder_url=f"{base_url}/feeds/{publication.slug}/",
        since=publication.created_at,
    )


def _entry(article: Article, base_url: str) -> Entry:
    """The entry without its text, which no reader takes for the id."""
    return Entry(
        id=article.permanent_id,
        title=article.title,
        url=article_url(article, base_url),
        summary="",
        html="",
        author=article.author,
        tags=(),
        language="",
        published_at=article.published_at or article.updated_at,
        updated_at=article.updated_at,
    )
