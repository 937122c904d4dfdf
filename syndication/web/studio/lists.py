"""Lists: what readers subscribe to, and how many of them are in which state."""

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect

from syndication.articles.models import Publication
from syndication.audience.lists import create_list
from syndication.audience.models import SubscriberList, Subscription
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest, status_of
from syndication.web.studio.name_field import NameField
from syndication.web.studio.paging import sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen


class ListForm(forms.Form):
    """A new list."""

    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), empty_label=None)
    name = NameField(max_length=200, help_text="Readers see it when they join and when they leave.")
    slug = forms.SlugField(label="Short name", max_length=80, help_text="Small letters, digits, hyphens, such as monthly-letter.")
    description = forms.CharField(required=False, max_length=1_000, widget=forms.Textarea({"rows": 2}))
    is_public = forms.BooleanField(required=False, initial=True, label="Readers may join it by themselves")


def lists(request: StaffRequest) -> HttpResponse:
    """Every list, with a count for each state, and the form for a new one."""
    form = ListForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = create_list(
                    form.cleaned_data["slug"],
                    **{name: form.cleaned_data[name] for name in ("publication", "name", "description", "is_public")},
                )
            except SyndicationError as error:
                form.add_error("slug", plain_words(error))
                status = status_of(error)
            else:
                messages.success(request, f"The list {made.name} is ready for readers.")
                return redirect("studio:lists")
    rows = SubscriberList.objects.select_related("publication").annotate(
        **{state: Count("subscriptions", filter=Q(subscriptions__state=state)) for state in Subscription.State.values}
    )
    return screen(
        request,
        "lists.html",
        status=status,
        form=form,
        page=sliced(request, rows.order_by("publication__name", "name")),
        can_make=Publication.objects.exists(),
    )
