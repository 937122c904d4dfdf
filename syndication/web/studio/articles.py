"""Articles: the list, and the page of one with its previews."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from syndication.articles.models import Article, Publication
from syndication.campaigns.models import Campaign
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import asked, sliced
from syndication.web.studio.previews import PREVIEWED, VIEWS, try_preview
from syndication.web.studio.screen import screen

SHOWN_CAMPAIGNS = 20


def articles(request: StaffRequest) -> HttpResponse:
    """Every article, the last changed first, found by title, state and publication."""
    sought = {name: asked(request, name) for name in ("q", "state", "publication")}
    rows = Article.objects.select_related("publication").order_by("-updated_at", "-pk")
    if sought["q"]:
        rows = rows.filter(Q(title__icontains=sought["q"]) | Q(slug__icontains=sought["q"].lower()))
    if sought["state"] in Article.State.values:
        rows = rows.filter(state=sought["state"])
    if sought["publication"]:
        rows = rows.filter(publication__slug=sought["publication"])
    return screen(
        request,
        "articles.html",
        page=sliced(request, rows),
        asked=sought,
        states=[(one.value, one.value) for one in Article.State],
        publications=list(Publication.objects.order_by("name").values_list("slug", "name")),
        is_filtered=any(sought.values()),
    )


def article(request: StaffRequest, article_id: int) -> HttpResponse:
    """One article in every form that a reader may get."""
    found = get_object_or_404(Article.objects.select_related("publication"), pk=article_id)
    wanted = request.GET.get("view", "")
    view = wanted if wanted in VIEWS else VIEWS[0]
    reader = asked(request, "as")
    preview, problem = try_preview(found, reader) if view in PREVIEWED else (None, "")
    return screen(
        request,
        "article.html",
        article=found,
        view=view,
        reader=reader,
        preview=preview,
        problem=problem,
        is_phone=request.GET.get("width") == "phone",
        is_dark=request.GET.get("scheme") == "dark",
        dropped=_dropped(found) if "fresh" in request.GET else None,
        revisions=found.revisions.order_by("-number"),
        campaigns=Campaign.objects.filter(article=found).select_related("list").order_by("-pk")[:SHOWN_CAMPAIGNS],
        is_public=found.state == Article.State.PUBLISHED,
    )


def _dropped(found: Article) -> list[dict[str, object]]:
    """What was cleaned away from the newest revision's source."""
    newest = found.revisions.order_by("-number").first()
    return newest.dropped if newest else []
