"""Publishes an article, and takes it back."""

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from syndication import queue
from syndication.articles.models import Article
from syndication.articles.publish import publish, unpublish
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.bring_in import PUBLISH_FEEDS
from syndication.web.studio.plain_words import plain_words


def article_publish(request: StaffRequest, article_id: int) -> HttpResponse:
    """POST: on to the web and into the feeds."""
    return _change(request, article_id, publish, "Published: the page is up, and the feeds follow in a moment.")


def article_unpublish(request: StaffRequest, article_id: int) -> HttpResponse:
    """POST: back to a draft; mails that were sent stay sent."""
    return _change(request, article_id, unpublish, "Taken back: it is a draft again, and the feeds drop it in a moment.")


def _change(request: StaffRequest, article_id: int, step: Callable[..., Article], sentence: str) -> HttpResponse:
    if request.method == "POST":
        try:
            changed = step(article_id, now=timezone.now())
        except SyndicationError as error:
            messages.error(request, plain_words(error))
            return redirect("studio:articles")
        messages.success(request, sentence)
        transaction.on_commit(partial(queue.ring, PUBLISH_FEEDS, changed.publication_id, queue=queue.FEEDS))
    return redirect("studio:article", article_id)
