"""Publications: who sends, from which domain, in which language and time zone."""

from typing import ClassVar
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication.articles.feed_changes import note_publication
from syndication.articles.models import Article, Publication
from syndication.articles.move import rename_publication
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.name_field import NameField
from syndication.web.studio.paging import sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen


class PublicationForm(forms.ModelForm):  # type: ignore[type-arg]  # the stubs make it generic, Django does not
    """What staff may set of a publication."""

    class Meta:
        model = Publication
        fields = (
            "name",
            "slug",
            "description",
            "sender_name",
            "sender_address",
            "reply_to",
            "postal_address",
            "mail_domain",
            "language",
            "time_zone",
        )
        field_classes: ClassVar[dict[str, type[forms.Field]]] = {"name": NameField, "sender_name": NameField}
        labels: ClassVar[dict[str, str]] = {
            "slug": "Short name",
            "sender_name": "Sender's name",
            "sender_address": "Sender's address",
            "reply_to": "Replies go to",
            "mail_domain": "Mail domain",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "slug": "Stands in addresses of pages and feeds: small letters, digits, hyphens. Changing it moves all pages and feeds: old addresses lead to the new ones for ever, and feed readers show nothing twice. Change it rarely.",
            "postal_address": "Stands at the end of every mail; many countries ask for it.",
            "mail_domain": "Stands in Message-ID and List-Id, and takes the bounces. Usually the domain of the sender's address.",
            "language": "As in HTML: en, de, pt-BR.",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "description": forms.Textarea({"rows": 2}),
            "postal_address": forms.Textarea({"rows": 3}),
            "time_zone": forms.TextInput({"list": "zones"}),
        }

    def clean_time_zone(self) -> str:
        """A zone that the time zone database knows."""
        zone = str(self.cleaned_data["time_zone"])
        if zone not in available_timezones():
            raise forms.ValidationError(
                f"“{zone}” is no time zone. They are named after places, such as Europe/Berlin or America/New_York."
            )
        return zone


def publications(request: StaffRequest) -> HttpResponse:
    """The list of publications."""
    rows = Publication.objects.annotate(
        published=Count("articles", filter=Q(articles__state=Article.State.PUBLISHED), distinct=True),
        list_count=Count("lists", distinct=True),
    ).order_by("name", "pk")
    return screen(request, "publications.html", page=sliced(request, rows))


def publication_new(request: StaffRequest) -> HttpResponse:
    """The form for a new one; what it sends is kept when something is wrong."""
    return _edit(request, Publication(), "New publication")


def publication(request: StaffRequest, publication_id: int) -> HttpResponse:
    """The form of one that exists."""
    found = get_object_or_404(Publication, pk=publication_id)
    return _edit(request, found, found.name)


def _edit(request: StaffRequest, subject: Publication, title: str) -> HttpResponse:
    form = PublicationForm(request.POST if request.method == "POST" else None, instance=subject)
    if request.method == "POST" and form.is_valid() and _is_saved(form):
        messages.success(request, f"{form.instance.name} is saved.")
        return redirect("studio:publications")
    return screen(request, "publication.html", status=422 if form.errors else 200, form=form, title=title, zones=zone_names())


def _is_saved(form: PublicationForm) -> bool:
    """Whether it could be saved; if not, the form says why. Another slug moves the pages and feeds of a publication that exists."""
    slug = form.instance.slug
    is_moved = form.instance.pk is not None and "slug" in form.changed_data
    try:
        with transaction.atomic():
            if is_moved:
                form.instance.slug = form.initial["slug"]
            form.save()
            if is_moved:
                rename_publication(form.instance.pk, slug, now=timezone.now())
            if form.has_changed():
                note_publication(form.instance.pk, now=timezone.now())  # the feeds show its name and description
    except SyndicationError as error:
        form.add_error("slug", plain_words(error))
        return False
    return True


def zone_names() -> list[str]:
    """The IANA zones that are named after places, for a datalist."""
    return [*sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")), "UTC"]
