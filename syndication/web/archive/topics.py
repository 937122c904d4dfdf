"""The pages of tags and of authors, and their indexes."""

from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from syndication.articles.models import Article, Publication, Topic
from syndication.articles.old_addresses import topic_once_at
from syndication.articles.visible import listed
from syndication.web.archive.cards import cards, for_cards
from syndication.web.archive.doors import Moved, public_page, publication_at, raise_moved
from syndication.web.archive.front import ARTICLES_PER_PAGE
from syndication.web.archive.surroundings import absolute, surroundings, topic_path

MOST_LISTED = 2_000  # topics on one page
WORDS = {Topic.Kind.TAG: ("Tags", "tags"), Topic.Kind.AUTHOR: ("Authors", "authors")}  # heading, name of the route


@dataclass(frozen=True, slots=True)
class Subject:
    """A tag or an author with what there is to read, and when that last changed."""

    topic: Topic
    count: int
    changed_at: datetime


def subjects(
    publication: Publication, kind: Topic.Kind | None = None, *, largest_first: bool = False, most: int = MOST_LISTED
) -> list[Subject]:
    """Topics that have something to read now, by name or the largest first; of one kind or of both. One query."""
    shown = Q(
        articles__article__state=Article.State.PUBLISHED,
        articles__article__visibility=Article.Visibility.PUBLIC,
        articles__article__published_at__lte=timezone.now(),
    )
    found = publication.topics.filter(shown, **({"kind": kind} if kind else {}))
    counted = found.annotate(count=Count("pk"), changed_at=Max("articles__article__updated_at"))
    order = ("-count", "name", "pk") if largest_first else ("name", "pk")
    return [Subject(one, one.count, one.changed_at) for one in counted.order_by(*order)[:most]]


@public_page
def tags(request: HttpRequest, slug: str) -> HttpResponse:
    """All tags."""
    return _index(request, slug, Topic.Kind.TAG)


@public_page
def authors(request: HttpRequest, slug: str) -> HttpResponse:
    """All authors."""
    return _index(request, slug, Topic.Kind.AUTHOR)


@public_page
def tag(request: HttpRequest, slug: str, topic_slug: str) -> HttpResponse:
    """The articles with a tag, newest first."""
    return _topic(request, slug, Topic.Kind.TAG, topic_slug)


@public_page
def author(request: HttpRequest, slug: str, topic_slug: str) -> HttpResponse:
    """The articles of an author, newest first."""
    return _topic(request, slug, Topic.Kind.AUTHOR, topic_slug)


def _index(request: HttpRequest, slug: str, kind: Topic.Kind) -> HttpResponse:
    publication = publication_at(request, slug)
    heading, route = WORDS[kind]
    context = surroundings(publication) | {
        "heading": heading,
        "topics": [(one.topic.name, topic_path(publication, one.topic), one.count) for one in subjects(publication, kind)],
        "canonical": absolute(reverse(route, args=[publication.slug])),
    }
    return render(request, "public/topics.html", context)


def _topic(request: HttpRequest, slug: str, kind: Topic.Kind, topic_slug: str) -> HttpResponse:
    topic = _topic_at(request, slug, kind, topic_slug)
    publication = topic.publication
    articles = listed(publication, timezone.now()).filter(topics__topic=topic)
    pages = Paginator(for_cards(articles), ARTICLES_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    heading, index = WORDS[kind]
    own = surroundings(publication, topic)
    context = own | {
        "topic": topic,
        "kind": kind.value,
        "index": (heading, reverse(index, args=[publication.slug])),
        "own_feeds": own["feeds_here"][: len(own["feeds"])],  # type: ignore[index,arg-type]
        "page": page,
        "cards": cards(publication, page.object_list),
        "canonical": absolute(topic_path(publication, topic)) + (f"?page={page.number}" if page.number > 1 else ""),
    }
    return render(request, "public/topic.html", context)


def _topic_at(request: HttpRequest, slug: str, kind: Topic.Kind, topic_slug: str) -> Topic:
    """Raises Moved, or Http404 for a topic that never was."""
    found = Topic.objects.select_related("publication").filter(publication__slug=slug, kind=kind, slug=topic_slug).first()
    if found:
        return found
    moved = topic_once_at(kind, slug, topic_slug)
    if moved:
        raise Moved(topic_path(moved.publication, moved))
    if not Publication.objects.filter(slug=slug).exists():
        raise_moved(request, slug)
    raise Http404
