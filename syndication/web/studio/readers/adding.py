"""Adds one reader by hand."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from syndication.audience.models import SubscriberList, Subscription
from syndication.audience.subscribe import Person, add
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.readers.trying import tried
from syndication.web.studio.screen import screen


class AddForm(forms.Form):
    """A reader that staff adds by hand."""

    address = forms.CharField(label="Email address", max_length=320, widget=forms.EmailInput({"autocomplete": "off"}))
    name = forms.CharField(required=False, max_length=200)
    list = forms.ModelChoiceField(SubscriberList.objects.select_related("publication").order_by("name"), empty_label=None)
    confirmed = forms.BooleanField(
        required=False,
        label="This person has asked for the mail, and I can show it",
        help_text="Otherwise the subscription stays pending and is not mailed.",
    )


def subscriber_new(request: StaffRequest) -> HttpResponse:
    """Add one reader."""
    form = AddForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        added = tried(form, "address", lambda: _add(form))
        if added:
            messages.success(request, f"{added.subscriber} is {added.state} on {added.list}.")
            return redirect("studio:subscriber", added.subscriber_id)
    return screen(request, "subscriber_new.html", status=422 if form.errors else 200, form=form, can_add=SubscriberList.objects.exists())


def _add(form: AddForm) -> Subscription:
    typed = form.cleaned_data
    person = Person(typed["address"], name=typed["name"])
    return add(person, to=typed["list"], confirmed=typed["confirmed"], how="staff", now=timezone.now())
