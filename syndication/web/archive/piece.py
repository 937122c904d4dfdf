"""The page of one article."""

from datetime import datetime

from django.conf import settings
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from syndication.articles.models import Article, Publication, Topic
from syndication.articles.old_addresses import article_once_at
from syndication.articles.visible import listed, opened
from syndication.rendering.adapt import brand_of, content_of
from syndication.rendering.article import page_html
from syndication.web.archive.cards import Card, card, cards, for_cards, with_topics
from syndication.web.archive.doors import Gone, Moved, public_page, raise_moved
from syndication.web.archive.structured import about_article
from syndication.web.archive.surroundings import surroundings
from syndication.web.dates import day

RELATED = 3


@public_page
def article(request: HttpRequest, slug: str, article_slug: str) -> HttpResponse:
    """A published article. A draft, one of the future and one for mail alone are as unknown as one that never was."""
    found = _article_at(request, slug, article_slug)
    response = HttpResponse(article_page(found, now=timezone.now()))
    if found.visibility == Article.Visibility.UNLISTED:
        response["X-Robots-Tag"] = "noindex"
    return response


def _article_at(request: HttpRequest, slug: str, article_slug: str) -> Article:
    """Raises Moved, Gone or Http404 when no article of today is open there."""
    publication, now = Publication.objects.filter(slug=slug).first(), timezone.now()
    if publication:
        found = publication.articles.select_related("publication").filter(slug=article_slug).first()
        if found:
            return _open(found, now)
    moved = article_once_at(slug, article_slug)
    if moved:
        _open(moved, now)
        raise Moved(reverse("article", args=[moved.publication.slug, moved.slug]))
    if publication is None:
        raise_moved(request, slug)
    raise Http404


def _open(found: Article, now: datetime) -> Article:
    """The article, if readers may open it. Raises Gone for one that was taken back, Http404 else."""
    if found.state == Article.State.DRAFT and found.unpublished_at and found.visibility != Article.Visibility.EMAIL:
        raise Gone(found.publication)
    if not opened(found.publication, now).filter(pk=found.pk).exists():
        raise Http404
    return found


def article_page(found: Article, *, now: datetime) -> str:
    """The whole page of an article as readers see it, also of a draft, for those who may see that. Raises BadTemplate."""
    publication = found.publication
    lists = for_cards(listed(publication, now))
    content, brand = content_of(found, settings.BASE_URL), brand_of(publication, settings.BASE_URL)
    shown_at, shown = found.published_at or now, card(with_topics(found))
    context = surroundings(publication) | {
        "article": found,
        "card": shown,
        "language": content.language,
        "body": page_html(content, brand),
        "changed_on": _changed_on(found),
        "older": _card_of_first(lists.filter(published_at__lt=shown_at)),
        "newer": _card_of_first(lists.filter(published_at__gt=shown_at).order_by("published_at", "uid")),
        "related": _related(found, lists),
        "enclosures": list(found.enclosures.order_by("position", "pk")),
        "is_unlisted": found.visibility != Article.Visibility.PUBLIC,
        "canonical": content.url,
        "structured": about_article(found, shown),
    }
    return render_to_string("public/article.html", context)


def _related(found: Article, lists: QuerySet[Article]) -> list[Card]:
    """Articles that share the most tags, the newest of equals first."""
    tags = [one.topic_id for one in found.topics.all() if one.topic.kind == Topic.Kind.TAG]
    if not tags:
        return []
    sharing = lists.filter(topics__topic__in=tags).exclude(pk=found.pk).annotate(shared=Count("topics"))
    return cards(found.publication, sharing.order_by("-shared", "-published_at", "uid")[:RELATED])


def _card_of_first(articles: QuerySet[Article]) -> Card | None:
    first = articles.first()
    return card(first) if first else None


def _changed_on(found: Article) -> str:
    """The day of the last change when it is a later day than that of publication, else empty."""
    publication = found.publication
    shown = {"language": publication.language, "zone": publication.time_zone}
    changed = day(found.updated_at, **shown)
    is_later = found.published_at is not None and found.updated_at > found.published_at and changed != day(found.published_at, **shown)
    return changed if is_later else ""
