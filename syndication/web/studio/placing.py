"""Where an article is found and by whom: its address, its publication, its visibility, and when it appears."""

from functools import partial
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication import queue
from syndication.articles.models import Article, Publication
from syndication.articles.move import LONGEST_ARTICLE, move_article
from syndication.articles.publish import change_visibility, publish
from syndication.campaigns.moving import refuse_while_planned
from syndication.campaigns.schedule import schedule
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.bring_in import PUBLISH_FEEDS
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

WHO_FINDS_IT = {
    Article.Visibility.PUBLIC: "Everybody: it stands in the archive, the feeds and the search",
    Article.Visibility.UNLISTED: "Whoever has its address: it stands in no list, feed or search",
    Article.Visibility.EMAIL: "Readers of the mail alone: it has no page",
}


class PlaceForm(forms.Form):
    """What can be changed; the publication only to one that exists."""

    visibility = forms.ChoiceField(choices=list(WHO_FINDS_IT.items()), widget=forms.RadioSelect, label="Who finds it")
    slug = forms.CharField(
        max_length=LONGEST_ARTICLE,
        label="Short name",
        help_text="Stands in its address: small letters, digits, hyphens. The old address leads to the new one for ever, and feed readers "
        "do not show the article again. Change it rarely: links that people kept become longer ways.",
    )
    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), empty_label=None)
    appears_at = forms.DateTimeField(
        required=False,
        label="Appears at",
        help_text="For an article that is not published yet, in the zone of its publication. Empty: it waits for the Publish button.",
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )


def article_place(request: StaffRequest, article_id: int) -> HttpResponse:
    """The form, and what it changes; each change is one transaction, all of them or none."""
    found = get_object_or_404(Article.objects.select_related("publication"), pk=article_id)
    initial = {"visibility": found.visibility, "slug": found.slug, "publication": found.publication_id}
    form = PlaceForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid() and _is_done(form, found, request.POST.get("appears_at", "")):
        messages.success(request, "Saved. Pages show it now, the feeds follow in a moment.")
        return redirect("studio:article", article_id)
    return screen(request, "article_place.html", status=422 if form.errors else 200, form=form, article=found)


def _is_done(form: PlaceForm, found: Article, at: str) -> bool:
    """Whether all could be changed; if not, nothing was, and the form says why."""
    chosen, now = form.cleaned_data, timezone.now()
    try:
        with transaction.atomic():
            if chosen["publication"].pk != found.publication_id:
                refuse_while_planned(found.pk)
            change_visibility(found.pk, Article.Visibility(chosen["visibility"]), now=now)
            moved = move_article(found.pk, slug=chosen["slug"], publication=chosen["publication"], now=now)
            if at and not _is_seen(found):
                zone = moved.publication.time_zone
                publish(found.pk, now=now, at=schedule(at, zone, now=now, zones=available_timezones()).moment)
            for publication_id in {found.publication_id, moved.publication_id}:
                transaction.on_commit(partial(queue.ring, PUBLISH_FEEDS, publication_id, queue=queue.FEEDS))
    except SyndicationError as error:
        form.add_error(None, plain_words(error))
        return False
    return True


def _is_seen(found: Article) -> bool:
    return found.state == Article.State.PUBLISHED and found.published_at is not None and found.published_at <= timezone.now()
