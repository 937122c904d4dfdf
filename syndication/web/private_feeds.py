"""Answers at a reader's private address: the feeds, and a page about the address for people. No cookie, no login.

Every address that opens nothing gets the one neutral page; those that once were ours with 410, so that feed readers stop asking. The
right is the token alone. It reads, and it closes: a new address is given only by the links in a mail, so that somebody who found
the old one cannot follow.
"""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from syndication import queue
from syndication.articles.models import Publication
from syndication.audience.models import Subscriber
from syndication.feeds.private import address, by_feed, editions
from syndication.feeds.private.models import PrivateFeed
from syndication.feeds.store import Shelf
from syndication.feeds.writing.documents import FORMATS
from syndication.web.archive.surroundings import FeedLink, surroundings
from syndication.web.feed_answers import Answer, FeedAnswers, as_django
from syndication.web.link_pages import UNSEEN, answer_page, unknown

FRESH_SECONDS = 600  # as public feeds
BEING_MADE_SECONDS = 10
SHELF_BYTES = 16 * 2**20
LOOK = "syndication.tasks.publish_private_feeds"

_FORMAT_OF = {written_as.file_name: written_as for written_as in FORMATS}


@require_safe
def document(request: HttpRequest, token: str, file_name: str) -> HttpResponse:
    """One document of a private feed."""
    response = _document(request, token, file_name)
    for name, value in UNSEEN.items():
        response.headers.setdefault(name, value)
    return response


@answer_page
def page(request: HttpRequest, token: str) -> HttpResponse:
    """About the address, for the person who has it: what to do with it, how to be done with it."""
    opened = address.readable(token)
    if opened is None:
        return unknown(request)
    if opened.feed is None:
        return unknown(request, status=410)
    if request.method == "POST":
        return _act(request, opened.feed, token)
    return _page(request, opened.feed)


def feed_links(folder_url: str) -> list[FeedLink]:
    """The documents below a private address; none for an empty one."""
    return [FeedLink(one.name, folder_url + one.file_name, one.media_type) for one in FORMATS] if folder_url else []


def prepare(subscriber: Subscriber, publication: Publication) -> None:
    """Have the documents made before the reader's program asks for them."""
    now = timezone.now()
    lists = address.lists_of(subscriber.pk, publication.pk)
    if lists and editions.edition_of(publication.pk, lists, now=now).looked_at is None:
        queue.ring(LOOK, publication.pk, queue=queue.FEEDS)


def _document(request: HttpRequest, token: str, file_name: str) -> HttpResponse:
    opened, written_as = address.readable(token), _FORMAT_OF.get(file_name)
    if opened is None or written_as is None:
        return unknown(request)
    if not opened.list_ids:
        return unknown(request, status=410)
    edition = editions.edition_of(opened.publication_id, opened.list_ids, now=timezone.now())
    found = _answers(settings.PRIVATE_FEEDS).answer(request.META, edition.folder, file_name)
    if not isinstance(found, Answer):
        return _being_made(opened.publication_id)
    return as_django(found)


def _being_made(publication_id: int) -> HttpResponse:
    queue.ring(LOOK, publication_id, queue=queue.FEEDS)
    sentence = "This feed is being made. Ask again in a moment.\n"
    return HttpResponse(sentence, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": str(BEING_MADE_SECONDS)})


def _act(request: HttpRequest, feed: PrivateFeed, token: str) -> HttpResponse:
    now = timezone.now()
    match request.POST.get("do"):
        case "mail":
            by_feed.read_by_mail(feed.subscriber, feed.publication, now=now)
            return redirect(reverse("private_feed_page", args=[token]))
        case "close":
            # whoever closes it from here has no other page at hand: nobody must be left with neither feed nor mail
            by_feed.read_by_mail(feed.subscriber, feed.publication, now=now)
            address.close(feed.subscriber, feed.publication, now=now)
            return render(request, "public/private_feed_closed.html", surroundings(feed.publication))
        case _:
            return redirect(reverse("private_feed_page", args=[token]))


def _page(request: HttpRequest, feed: PrivateFeed) -> HttpResponse:
    context = surroundings(feed.publication) | {
        "links": feed_links(address.url_of(feed)),
        "by_feed": by_feed.lists_by_feed(feed.subscriber, feed.publication),
        "has_lists": bool(address.lists_of(feed.subscriber_id, feed.publication_id)),
    }
    return render(request, "public/private_feed.html", context)


@cache
def _answers(root: Path) -> FeedAnswers:
    hidden = UNSEEN | {"Cache-Control": f"private, max-age={FRESH_SECONDS}"}
    return FeedAnswers(Shelf(root, most_bytes=SHELF_BYTES), cache_control=hidden.pop("Cache-Control"), more=hidden.items())
