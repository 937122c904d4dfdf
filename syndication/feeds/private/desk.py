"""Gathers what the private editions of a publication are made from, once for all of them, and writes their documents."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from syndication.articles.models import Article, Enclosure, Podcast, Publication
from syndication.feeds import store
from syndication.feeds.checks import checking
from syndication.feeds.models import Feed
from syndication.feeds.private.choosing import Candidate, Chosen
from syndication.feeds.private.stand_ins import STAND_IN, without_stand_ins
from syndication.feeds.publishing.entries import digest_of, entries_of
from syndication.feeds.writing.documents import ATOM, JSON, RSS, Entry, FeedInfo
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss
from syndication.rendering.adapt import brand_of, content_of, home_url
from syndication.rendering.article import Brand, feed_html

MADE_AS = "1"  # another number writes every edition anew
MOST_MAILED = 60  # newest campaigns of a list that are looked at: more than a feed has entries

_WRITERS = {RSS: rss, ATOM: atom, JSON: json_feed}
_NOT_SHOWN = ("feeds_stale_since", "updated_at", "created_at", "postal_address", "reply_to", "mail_domain", "theme")

Mailed = Callable[..., Mapping[int, Mapping[int, datetime]]]
"""As delivery's mailed_articles: lists -> articles -> the moment of the first mail. The feeds know no mailings."""

log = logging.getLogger("syndication.feeds")


@dataclass(slots=True)
class Desk:
    """What all editions of a publication share during one look; `around` says all that is not an article."""

    publication: Publication
    brand: Brand
    mailed: Mapping[int, Mapping[int, datetime]]
    candidates: list[Candidate]
    around: str
    now: datetime
    rendered: dict[int, Entry] = field(default_factory=dict)

    def first_mails(self, list_ids: Iterable[int]) -> dict[int, datetime]:
        """When each article was first mailed to one of these lists."""
        first: dict[int, datetime] = {}
        for list_id in list_ids:
            for pk, at in self.mailed.get(list_id, {}).items():
                first[pk] = min(at, first.get(pk, at))
        return first


def desk_of(publication_id: int, list_ids: Sequence[int], mailed: Mailed, now: datetime) -> Desk:
    """Everything but the content of the articles, which is read when an edition wants it."""
    publication = Publication.objects.get(pk=publication_id)
    of_lists = mailed(list_ids, most=MOST_MAILED)
    return Desk(
        publication=publication,
        brand=brand_of(publication, settings.BASE_URL),
        mailed=of_lists,
        candidates=_candidates(publication, {pk for one in of_lists.values() for pk in one}, now),
        around=_around(publication),
        now=now,
    )


def written(desk: Desk, chosen: Sequence[Chosen]) -> tuple[store.Content | None, str]:
    """What to publish, and what went wrong in words for staff.

    An article that cannot be written is left out and named; documents that fail their own checks give None.
    """
    entries, left_out = _entries(desk, chosen)
    info = _info(desk.publication)
    documents = {written_as: write(info, entries) for written_as, write in _WRITERS.items()}
    found = checking.problems(documents, now=desk.now)
    if found:
        log.error("private feeds of %s are refused, readers keep the last good ones: %s", desk.publication.slug, "; ".join(found))
        return None, "; ".join(found)
    bodies = {written_as.file_name: body for written_as, body in without_stand_ins(documents).items()}
    return store.Content(bodies, entries=tuple((one.id, digest_of(one)) for one in entries)), "; ".join(left_out)


def _candidates(publication: Publication, mailed_ids: Iterable[int], now: datetime) -> list[Candidate]:
    """The newest public articles, and every one that was mailed, without their content."""
    public = {"state": Article.State.PUBLISHED, "visibility": Article.Visibility.PUBLIC, "published_at__lte": now}
    newest = publication.articles.filter(**public).order_by("-published_at", "uid").values_list("pk", flat=True)
    wanted = {*newest[: publication.feed_entries], *mailed_ids}
    small = [one.attname for one in Article._meta.concrete_fields if one.name != "html"]
    enclosures: dict[int, list[Any]] = {}
    for row in Enclosure.objects.filter(article_id__in=wanted).order_by("position", "pk").values():
        enclosures.setdefault(row["article_id"], []).append(row)
    return [_candidate(row, enclosures.get(row["id"], []), now) for row in publication.articles.filter(pk__in=wanted).values(*small)]


def _candidate(row: dict[str, Any], enclosures: list[Any], now: datetime) -> Candidate:
    has_page = row["state"] == Article.State.PUBLISHED and row["visibility"] != Article.Visibility.EMAIL
    has_page = has_page and row["published_at"] is not None and row["published_at"] <= now
    return Candidate(
        pk=row["id"],
        uid=row["uid"].hex,
        is_public=has_page and row["visibility"] == Article.Visibility.PUBLIC,
        has_page=has_page,
        published_at=row["published_at"],
        is_taken_back=row["state"] == Article.State.DRAFT and row["unpublished_at"] is not None,
        seen=repr((sorted(row.items()), enclosures)),
    )


def _around(publication: Publication) -> str:
    """All that the documents say of the publication."""
    fields = [one.attname for one in Publication._meta.concrete_fields if one.name not in _NOT_SHOWN]
    podcast = Podcast.objects.filter(publication=publication).values().first()
    return repr((MADE_AS, settings.BASE_URL, [(name, getattr(publication, name)) for name in fields], podcast))


def _entries(desk: Desk, chosen: Sequence[Chosen]) -> tuple[list[Entry], list[str]]:
    """An entry for each article, as public feeds have it, under the date that it has here."""
    missing = [one.candidate.pk for one in chosen if one.candidate.pk not in desk.rendered]
    articles = list(Article.objects.filter(pk__in=missing))
    entries, left_out = entries_of(Feed(publication=desk.publication), articles)
    by_id = {entry.id: entry for entry in entries}
    for article in articles:
        if article.permanent_id in by_id:
            desk.rendered[article.pk] = by_id[article.permanent_id]
    here = [(desk.rendered[one.candidate.pk], one) for one in chosen if one.candidate.pk in desk.rendered]
    told = [f"{one.slug} is left out: {one.why}" for one in left_out]
    return [replace(entry if one.candidate.has_page else _without_page(entry, one, desk), published_at=one.at) for entry, one in here], told


def _without_page(entry: Entry, one: Chosen, desk: Desk) -> Entry:
    """The entry of an article that has no page: nothing leads to it, neither a link nor an address inside the content."""
    article = Article.objects.select_related("publication").get(pk=one.candidate.pk)
    content = replace(content_of(article, settings.BASE_URL), url="")
    return replace(entry, html=feed_html(content, desk.brand, base_url=settings.BASE_URL), url=f"{STAND_IN}{article.uid}")


def _info(publication: Publication) -> FeedInfo:
    return FeedInfo(
        id=f"urn:uuid:{publication.uid}",
        title=publication.name,
        description=publication.description,
        language=publication.language,
        author=publication.sender_name,
        site_url=home_url(publication, settings.BASE_URL),
        folder_url=STAND_IN,
        since=publication.created_at,
        image_url=publication.image_url,
    )
