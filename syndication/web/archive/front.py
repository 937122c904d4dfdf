"""The front page of a publication, page by page, and the list of publications."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.articles.visible import listed
from syndication.rendering.adapt import home_url
from syndication.web.archive.cards import cards, for_cards
from syndication.web.archive.doors import public_page, publication_at
from syndication.web.archive.structured import about_publication
from syndication.web.archive.surroundings import surroundings

ARTICLES_PER_PAGE = 20


@public_page
def home(request: HttpRequest) -> HttpResponse:
    """The only publication's archive, or the list of several, or a friendly page when there is none."""
    publications = list(Publication.objects.order_by("name", "pk"))
    if len(publications) == 1:
        return redirect("archive", slug=publications[0].slug)
    return render(request, "public/home.html", {"publications": publications})


@public_page
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """The newest articles, page by page (?page=2 is older)."""
    publication = publication_at(request, slug)
    pages = Paginator(for_cards(listed(publication, timezone.now())), ARTICLES_PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    home_page = home_url(publication, settings.BASE_URL)
    context = surroundings(publication) | {
        "page": page,
        "cards": cards(publication, page.object_list),
        "lists": list(publication.lists.filter(is_public=True).order_by("pk")),
        "canonical": home_page + (f"?page={page.number}" if page.number > 1 else ""),
        "structured": about_publication(publication),
    }
    return render(request, "public/archive.html", context)
