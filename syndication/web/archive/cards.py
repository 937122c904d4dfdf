"""Articles as lists show them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.urls import reverse

from syndication.articles.models import Article, ArticleTopic, Publication, Topic
from syndication.articles.topic_names import topic_key
from syndication.rendering.adapt import article_url, brand_of
from syndication.rendering.article import Brand, Content, plain_summary, plain_title
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.characters import one_line
from syndication.web.archive.surroundings import topic_path
from syndication.web.dates import day


@dataclass(frozen=True, slots=True)
class Name:
    """A tag or an author; `path` is empty when it has no page."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Card:
    """An article as a list of articles shows it: `path` on this server, `day` for people, `published_at` for machines."""

    title: str
    summary: str
    path: str
    url: str
    authors: tuple[Name, ...]
    tags: tuple[Name, ...]
    day: str
    published_at: datetime
    language: str
    image_url: str
    image_alt: str


def for_cards(articles: QuerySet[Article]) -> QuerySet[Article]:
    """The articles without their texts and with their topics: two queries, however many there are."""
    return articles.defer("html").prefetch_related(_topics())


def with_topics(article: Article) -> Article:
    """The same article, its topics read by one query."""
    prefetch_related_objects([article], _topics())
    return article


def _topics() -> "Prefetch[str]":
    return Prefetch("topics", ArticleTopic.objects.select_related("topic").order_by("pk"))


def cards(publication: Publication, articles: Iterable[Article]) -> list[Card]:
    """Cards of articles of the publication that for_cards() has prepared."""
    brand = brand_of(publication, settings.BASE_URL)
    return [_card(one, publication, brand) for one in articles]


def card(article: Article) -> Card:
    """The card of one article."""
    return _card(article, article.publication, brand_of(article.publication, settings.BASE_URL))


def _card(article: Article, publication: Publication, brand: Brand) -> Card:
    content = _content_without_text(article, publication)
    published_at = article.published_at or article.updated_at  # a draft in the studio has none
    return Card(
        title=_plain(plain_title, content, brand) or content.title or article.slug,
        summary=_plain(plain_summary, content, brand),
        path=reverse("article", args=[publication.slug, article.slug]),
        url=content.url,
        authors=_names(article, publication, Topic.Kind.AUTHOR, [content.author]),
        tags=_names(article, publication, Topic.Kind.TAG, [one_line(str(tag)) for tag in article.tags]),
        day=day(published_at, language=publication.language, zone=publication.time_zone),
        published_at=published_at,
        language=content.language,
        image_url=article.image_url,
        image_alt=article.image_alt,
    )


def _names(article: Article, publication: Publication, kind: Topic.Kind, written: list[str]) -> tuple[Name, ...]:
    """The names as the article writes them, in its order, each with the page of its topic."""
    topics = {topic_key(one.topic.name): one.topic for one in article.topics.all() if one.topic.kind == kind}
    found = {}
    for name in filter(None, written):
        topic = topics.get(topic_key(name))
        found[topic_key(name)] = Name(topic.name, topic_path(publication, topic)) if topic else Name(name, "")
    return tuple(found.values())


def _content_without_text(article: Article, publication: Publication) -> Content:
    return Content(
        title=one_line(article.title),
        summary=one_line(article.summary),
        html="",
        author=one_line(article.author),
        language=article.language or publication.language,
        published_at=article.published_at,
        permanent_id=article.permanent_id,
        url=article_url(article, settings.BASE_URL),
    )


def _plain(part: Callable[[Content, Brand], str], content: Content, brand: Brand) -> str:
    """A title or summary with its merge fields filled; empty when a field is wrong, so that one article never closes the archive."""
    try:
        return part(content, brand)
    except BadTemplate:
        return ""
