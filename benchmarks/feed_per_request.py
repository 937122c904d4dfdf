"""The same feed as a Django view that writes and packs it for each request: what feed_serving.py compares with."""

import gzip
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from syndication.articles.models import Article, Publication
from syndication.feeds.writing.documents import Entry, FeedInfo
from syndication.feeds.writing.xml_documents import rss
from syndication.rendering.adapt import article_url


def document(request: HttpRequest, slug: str) -> HttpResponse:  # noqa: ARG001
    """Read the newest articles, write RSS, pack it."""
    publication = Publication.objects.get(slug=slug)
    articles = publication.articles.filter(state=Article.State.PUBLISHED, published_at__lte=timezone.now()).order_by("-published_at")[:20]
    entries = [
        Entry(
            one.permanent_id, one.title, article_url(one, settings.BASE_URL), one.summary, one.html, one.author, tuple(one.tags), one.language,
            one.published_at, one.updated_at,
        )
        for one in articles
    ]  # fmt: skip
    folder_url = f"{settings.BASE_URL}/feeds/{slug}/"
    info = FeedInfo(
        f"urn:uuid:{publication.uid}", publication.name, publication.description, publication.language, publication.sender_name,
        settings.BASE_URL, folder_url, publication.created_at,
    )  # fmt: skip
    body = gzip.compress(rss(info, entries), 6)
    return HttpResponse(body, content_type="application/rss+xml; charset=utf-8", headers={"Content-Encoding": "gzip", "ETag": '"none"'})


urlpatterns = [path("feeds/<slug:slug>/rss.xml", document)]
settings.ROOT_URLCONF = __name__
