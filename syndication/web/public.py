"""The public pages: which publications there are, the archive of each, and every published article."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from syndication.articles.models import Article, Publication
from syndication.feeds.documents import FORMATS
from syndication.rendering.adapt import brand_of, content_of, home_url
from syndication.rendering.article import Brand, Content, page_html, plain_summary, plain_title
from syndication.rendering.bad_template import BadTemplate
from syndication.web.dates import day

ARTICLES_PER_PAGE = 20
FRESH_SECONDS = 60

fresh_for_a_minute = cache_control(public=True, max_age=FRESH_SECONDS)


@dataclass(frozen=True, slots=True)
class Card:
    """An article as a list of articles shows it: `path` on this server, `day` for people, `published_at` for machines."""

    title: str
    summary: str
    path: str
    author: str
    tags: tuple[str, ...]
    day: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One document of the publication's feed, for autodiscovery and for people."""

    name: str
    url: str
    media_type: str


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The only publication's archive, or the list of several, or a friendly page when there is none."""
    publications = list(Publication.objects.order_by("name", "pk"))
    if len(publications) == 1:
        return redirect("archive", slug=publications[0].slug)
    return render(request, "public/home.html", {"publications": publications})


@require_safe
@fresh_for_a_minute
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest articles, page by page (?page=2 is older)."""
    publication = get_object_or_404(Publication, slug=slug)
    pages = Paginator(published_articles(publication, timezone.now()), ARTICLES_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    return render(
        request,
        "public/archive.html",
        surroundings(publication)
        | {
            "page": page,
            "cards": [_card(article) for article in page.object_list],
            "lists": list(publication.lists.filter(is_public=True).order_by("pk")),
            "canonical": home_url(publication, settings.BASE_URL) + (f"?page={page.number}" if page.number > 1 else ""),
        },
    )


@require_safe
@fresh_for_a_minute
def article(request: HttpRequest, slug: str, article_slug: str) -> HttpResponse:  # noqa: ARG001  # a view takes it
    """One published article; a draft or one of the future is as unknown as one that never was."""
    publication = get_object_or_404(Publication, slug=slug)
    visible = published_articles(publication, timezone.now())
    found = get_object_or_404(visible, slug=article_slug)
    return HttpResponse(article_page(found, now=timezone.now()))


def article_page(found: Article, *, now: datetime) -> str:
    """The whole page of an article as readers see it, also of a draft, for those who may see that. Raises BadTemplate."""
    publication = found.publication
    visible = published_articles(publication, now)
    content, brand = content_of(found, settings.BASE_URL), brand_of(publication, settings.BASE_URL)
    shown_at = found.published_at or now
    context = surroundings(publication) | {
        "article": found,
        "card": _card(found),
        "language": content.language,
        "body": page_html(content, brand),
        "changed_on": _changed_on(found),
        "older": _card_of_first(visible.filter(published_at__lt=shown_at)),
        "newer": _card_of_first(visible.filter(published_at__gt=shown_at).order_by("published_at", "uid")),
        "canonical": content.url,
    }
    return render_to_string("public/article.html", context)


def published_articles(publication: Publication, now: datetime) -> QuerySet[Article]:
    """What readers may see at `now`, newest first."""
    seen = publication.articles.filter(state=Article.State.PUBLISHED, published_at__lte=now)
    return seen.select_related("publication").order_by("-published_at", "uid")


def surroundings(publication: Publication) -> dict[str, object]:
    """What every page of a publication shows: its name and address, its feeds, its language."""
    folder = f"{settings.BASE_URL}/feeds/{publication.slug}/"
    return {
        "publication": publication,
        "home": home_url(publication, settings.BASE_URL),
        "feeds": [FeedLink(one.name, folder + one.file_name, one.media_type) for one in FORMATS],
        "language": publication.language,
    }


def _card(found: Article) -> Card:
    publication = found.publication
    content, brand = content_of(found, settings.BASE_URL), brand_of(publication, settings.BASE_URL)
    published_at = found.published_at or found.updated_at  # the query takes only those that have one
    return Card(
        title=_plain(plain_title, content, brand) or content.title or found.slug,
        summary=_plain(plain_summary, content, brand),
        path=reverse("article", args=[publication.slug, found.slug]),
        author=content.author,
        tags=tuple(map(str, found.tags)),
        day=day(published_at, language=publication.language, zone=publication.time_zone),
        published_at=published_at,
    )


def _plain(part: Callable[[Content, Brand], str], content: Content, brand: Brand) -> str:
    """A title or summary with its merge fields filled; empty when a field is wrong, so that one article never closes the archive."""
    try:
        return part(content, brand)
    except BadTemplate:
        return ""


def _card_of_first(articles: QuerySet[Article]) -> Card | None:
    first = articles.first()
    return _card(first) if first else None


def _changed_on(found: Article) -> str:
    """The day of the last change when it is a later day than that of publication, else empty."""
    publication = found.publication
    shown = {"language": publication.language, "zone": publication.time_zone}
    changed = day(found.updated_at, **shown)
    is_later = found.published_at is not None and found.updated_at > found.published_at and changed != day(found.published_at, **shown)
    return changed if is_later else ""
