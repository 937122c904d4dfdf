"""What programs read about the site: sitemaps, robots.txt, and the list of feeds as OPML."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from syndication.articles.models import Article, Publication, Topic
from syndication.articles.visible import listed
from syndication.rendering.adapt import article_url, home_url
from syndication.rendering.characters import one_line
from syndication.web.archive.doors import page_number, public_page, publication_at
from syndication.web.archive.surroundings import absolute, feed_links, topic_path
from syndication.web.archive.topics import subjects

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
URLS_PER_SITEMAP = 5_000  # sitemaps.org allows 50,000
HIDDEN = ("/studio/", "/accounts/", "/login/", "/inbox/", "/api/", "/hooks/", "/hub", "/u/", "/c/", "/p/", "/f/", "/a/*/search/")
"""What no search engine needs: staff's pages, machines' doors, readers' own links, endless answers."""

Place = tuple[str, datetime | None]


@public_page
def sitemap_index(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """The sitemaps of all publications."""
    now = timezone.now()
    return _xml(_index([(_sitemap_url(one), _changed(one, now)) for one in Publication.objects.order_by("pk")]))


@public_page
def sitemap(request: HttpRequest, slug: str) -> HttpResponse:
    """All pages of a publication; when there are many, an index of parts (?page=1 has the oldest articles)."""
    publication, now = publication_at(request, slug), timezone.now()
    articles = listed(publication, now).defer("html", "summary", "tags").order_by("published_at", "uid")
    pages = Paginator(articles, URLS_PER_SITEMAP)
    if "page" in request.GET:
        found = pages.get_page(page_number(request))
        return _xml(_urls([*(_lists(publication, now) if found.number == pages.num_pages else []), *map(_place, found.object_list)]))
    if pages.num_pages == 1:
        return _xml(_urls([*_lists(publication, now), *map(_place, articles)]))
    parts = [
        (f"{_sitemap_url(publication)}?page={number}", max(one.updated_at for one in pages.page(number).object_list))
        for number in pages.page_range
    ]
    return _xml(_index(parts))


@public_page
def robots(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """What programs may visit (RFC 9309), and where the sitemaps are."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in HIDDEN), "", f"Sitemap: {absolute(reverse('sitemap_index'))}"]
    lines += [f"Sitemap: {_sitemap_url(one)}" for one in Publication.objects.order_by("pk")]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@public_page
def opml(request: HttpRequest, slug: str) -> HttpResponse:
    """All feeds of a publication as a file that feed readers import (OPML 2.0)."""
    publication = publication_at(request, slug)
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = one_line(publication.name)
    body = etree.SubElement(root, "body")
    _outline(body, publication, None)
    topics = [one.topic for one in subjects(publication)]
    for kind, heading in ((Topic.Kind.TAG, "Tags"), (Topic.Kind.AUTHOR, "Authors")):
        of_kind = [one for one in topics if one.kind == kind]
        folder = etree.SubElement(body, "outline", text=heading) if of_kind else body
        for topic in of_kind:
            _outline(folder, publication, topic)
    answer = _xml(root, "text/x-opml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{publication.slug}.opml"'
    return answer


def _outline(parent: etree._Element, publication: Publication, topic: Topic | None) -> None:
    page = absolute(topic_path(publication, topic)) if topic else home_url(publication, settings.BASE_URL)
    name = one_line(f"{publication.name}: {topic.name}" if topic else publication.name)
    said = {"type": "rss", "text": name, "title": name, "xmlUrl": feed_links(publication, topic)[0].url, "htmlUrl": page}
    etree.SubElement(parent, "outline", {**said, **({} if topic else {"description": one_line(publication.description)})})


def _lists(publication: Publication, now: datetime) -> list[Place]:
    """The pages that list articles, each with the date of the newest change in it."""
    changed = _changed(publication, now)
    names = ("archive", "tags", "authors", "follow")
    pages: list[Place] = [(absolute(reverse(name, args=[publication.slug])), None if name == "follow" else changed) for name in names]
    return pages + [(absolute(topic_path(publication, one.topic)), one.changed_at) for one in subjects(publication)]


def _changed(publication: Publication, now: datetime) -> datetime | None:
    newest: datetime | None = listed(publication, now).aggregate(newest=Max("updated_at"))["newest"]
    return newest


def _place(article: Article) -> Place:
    return article_url(article, settings.BASE_URL), article.updated_at


def _sitemap_url(publication: Publication) -> str:
    return absolute(reverse("sitemap", args=[publication.slug]))


def _urls(places: Iterable[Place]) -> etree._Element:
    return _listed("urlset", "url", places)


def _index(places: Iterable[Place]) -> etree._Element:
    return _listed("sitemapindex", "sitemap", places)


def _listed(root_name: str, name: str, places: Iterable[Place]) -> etree._Element:
    root = etree.Element(f"{{{SITEMAP}}}{root_name}", nsmap={None: SITEMAP})  # type: ignore[dict-item]  # the stubs do not know the default namespace
    for url, changed in places:
        entry = etree.SubElement(root, f"{{{SITEMAP}}}{name}")
        etree.SubElement(entry, f"{{{SITEMAP}}}loc").text = url
        if changed:
            etree.SubElement(entry, f"{{{SITEMAP}}}lastmod").text = changed.replace(microsecond=0).isoformat()
    return root


def _xml(root: etree._Element, content_type: str = "application/xml; charset=utf-8") -> HttpResponse:
    return HttpResponse(etree.tostring(root, xml_declaration=True, encoding="UTF-8"), content_type=content_type)
