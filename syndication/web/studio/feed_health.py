"""How a publication's feeds are: what readers get now, who fetches them, what to do; and what they are made with."""

from functools import partial

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication import queue
from syndication.articles.feed_changes import note_publication
from syndication.articles.measure import LONGEST_URL, measure
from syndication.articles.media_types import PICTURE
from syndication.articles.models import Podcast, Publication
from syndication.errors import SyndicationError
from syndication.feeds.health import health_of
from syndication.feeds.hub import report as hub_report
from syndication.feeds.moves import would_be_unread
from syndication.feeds.polls import report as polls_report
from syndication.feeds.private.editions import shared
from syndication.feeds.publishing import changes
from syndication.feeds.writing.podcast import category_names
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.bring_in import PUBLISH_FEEDS
from syndication.web.studio.paging import asked
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

DAYS = 7
FEWEST, MOST = 20, 50  # entries
SHOWN_READERS = 30


class FeedForm(forms.Form):
    """What the feeds of a publication are made with; the last three only when it has sound."""

    feed_entries = forms.IntegerField(
        label="Articles in each feed", min_value=FEWEST, max_value=MOST, help_text=f"{FEWEST} to {MOST}; older ones stand in its archive."
    )
    image_url = forms.URLField(
        label="Address of the picture",
        required=False,
        max_length=LONGEST_URL,
        assume_scheme="https",
        help_text="Square; podcast programs want 1400 to 3000 pixels, JPEG or PNG. Empty: no picture.",
    )
    category = forms.ChoiceField(
        label="Podcast category", required=False, choices=[("", "None"), *((one, one) for one in category_names())]
    )
    is_explicit = forms.BooleanField(label="It has language or content that is not for children", required=False)
    is_locked = forms.BooleanField(label="Ask other podcast hosts not to take the feed over", required=False)


def publication_feeds(request: StaffRequest, publication_id: int) -> HttpResponse:
    """The page, its settings, and the button that writes everything again."""
    found = get_object_or_404(Publication, pk=publication_id)
    podcast = Podcast.objects.filter(publication=found).first()
    form = FeedForm(initial=_as_it_is(found, podcast))
    if request.method == "POST":
        if request.POST.get("do") == "again":
            changes.mark_all(found.pk, now=timezone.now())
            return _done(request, found, "All feeds are being written again.")
        form = FeedForm(request.POST)
        if form.is_valid() and _saved(form, found, podcast):
            return _done(request, found, "Saved. The feeds follow in a moment.")
    feeds = health_of(found, now=timezone.now(), thoroughly=False)
    polled, told = polls_report.report(found.pk, DAYS), hub_report.report(found.pk)
    return screen(
        request,
        "feed_health.html",
        status=422 if form.errors else 200,
        publication=found,
        feeds=[feed for feed in feeds if feed.is_well],
        sick=[feed for feed in feeds if not feed.is_well],
        polled=polled,
        readers=polled.readers[:SHOWN_READERS],
        told=told,
        hub_subscribers=sum(topic.subscribers for topic in told.topics),
        shared=shared(found.pk),
        unread=_tried_out(found) if asked(request, "try") else None,
        form=form,
        podcast=podcast,
    )


def _tried_out(found: Publication) -> int:
    """How many articles would appear as unread if short name and domain became others."""
    renamed = Publication.objects.filter(pk=found.pk)
    return would_be_unread(found, lambda: renamed.update(slug=f"moved-{found.slug}"[:80]), base_url="https://moved.invalid")


def _as_it_is(found: Publication, podcast: Podcast | None) -> dict[str, object]:
    shown: dict[str, object] = {"feed_entries": found.feed_entries, "image_url": found.image_url}
    if podcast:
        shown |= {"category": podcast.category, "is_explicit": podcast.is_explicit, "is_locked": podcast.is_locked}
    return shown


def _saved(form: FeedForm, found: Publication, podcast: Podcast | None) -> bool:
    """Whether it is kept; else the reason stands beside the picture's address."""
    typed = form.cleaned_data
    try:
        if typed["image_url"] and typed["image_url"] != found.image_url:
            measure(typed["image_url"], PICTURE, allowed_addresses=settings.FETCH_ALLOWED)
    except SyndicationError as error:
        form.add_error("image_url", plain_words(error))
        return False
    with transaction.atomic():
        Publication.objects.filter(pk=found.pk).update(feed_entries=typed["feed_entries"], image_url=typed["image_url"])
        if podcast:
            facts = {name: typed[name] for name in ("category", "is_explicit", "is_locked")}
            Podcast.objects.filter(pk=podcast.pk).update(**facts)
        note_publication(found.pk, now=timezone.now())
    return True


def _done(request: StaffRequest, found: Publication, said: str) -> HttpResponse:
    transaction.on_commit(partial(queue.ring, PUBLISH_FEEDS, found.pk, queue=queue.FEEDS))
    messages.success(request, said)
    return redirect("studio:publication_feeds", found.pk)
