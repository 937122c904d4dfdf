"""The files of an article: sound and film that come with it in feeds, and the picture that stands for it."""

from functools import partial

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication import queue
from syndication.articles.attach import LONGEST_ALT, LONGEST_TITLE, detach
from syndication.articles.measure import LONGEST_URL
from syndication.articles.models import Article
from syndication.errors import SyndicationError
from syndication.web.attachments import Named, attach_named, picture_named
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.bring_in import PUBLISH_FEEDS
from syndication.web.studio.paging import row_id
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen


def _address(label: str, help_text: str = "", *, required: bool = False) -> forms.URLField:
    return forms.URLField(label=label, help_text=help_text, required=required, max_length=LONGEST_URL, assume_scheme="https")


class SoundForm(forms.Form):
    """A file to attach."""

    url = _address(
        "Address of the file",
        "Where everybody can fetch it: MP3, M4A, MP4, PDF and the like. We ask its server how long it is.",
        required=True,
    )
    title = forms.CharField(label="Title", required=False, max_length=LONGEST_TITLE)
    duration = forms.CharField(label="Duration", required=False, max_length=10, help_text="Minutes and seconds, such as 12:34.")
    transcript_url = _address("Address of the transcript", "WebVTT, SRT, JSON, HTML or text.")
    chapters_url = _address("Address of the chapters", "JSON, as Podcasting 2.0 has them.")


class PictureForm(forms.Form):
    """The picture that stands for the article; empty takes it off."""

    image_url = _address("Address of the picture", "Shown by feed readers and where links are shared. Empty: no picture.")
    image_alt = forms.CharField(
        label="What it shows", required=False, max_length=LONGEST_ALT, help_text="For people who do not see it; one short sentence."
    )


def article_files(request: StaffRequest, article_id: int) -> HttpResponse:
    """What comes with the article, and the forms to change it."""
    found = get_object_or_404(Article.objects.select_related("publication"), pk=article_id)
    sound, picture = SoundForm(), PictureForm(initial={"image_url": found.image_url, "image_alt": found.image_alt})
    if request.method == "POST":
        match request.POST.get("do"):
            case "detach":
                detach(found.pk, row_id(request.POST.get("file", "")) or 0, now=timezone.now())
                return _done(request, found, "The file is taken off.")
            case "picture":
                picture = PictureForm(request.POST)
                if picture.is_valid() and _try(picture, "image_url", partial(_set_picture, found, picture)):
                    return _done(request, found, "The picture is saved.")
            case _:
                sound = SoundForm(request.POST)
                if sound.is_valid() and _try(sound, "url", partial(_attach, found, sound)):
                    return _done(request, found, "The file comes with the article now.")
    return screen(
        request,
        "article_files.html",
        status=422 if sound.errors or picture.errors else 200,
        article=found,
        files=found.enclosures.order_by("position", "pk"),
        sound=sound,
        picture=picture,
    )


def _attach(found: Article, form: SoundForm) -> None:
    attach_named(found, Named(**form.cleaned_data), now=timezone.now())


def _set_picture(found: Article, form: PictureForm) -> None:
    picture_named(found, form.cleaned_data["image_url"], form.cleaned_data["image_alt"], now=timezone.now())


def _try(form: forms.Form, field: str, step: "partial[None]") -> bool:
    """Whether it worked; else the reason stands beside the field and nothing is written."""
    try:
        step()
    except SyndicationError as error:
        form.add_error(field, plain_words(error))
        return False
    return True


def _done(request: StaffRequest, found: Article, said: str) -> HttpResponse:
    transaction.on_commit(partial(queue.ring, PUBLISH_FEEDS, found.publication_id, queue=queue.FEEDS))
    messages.success(request, f"{said} The feeds follow in a moment.")
    return redirect("studio:article_files", found.pk)
