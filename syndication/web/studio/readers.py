"""Subscribers: who reads what, with which consent, and what they were sent."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.audience.models import Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.subscribe import Person, add
from syndication.audience.suppress import suppress
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.models import Delivery
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import asked, row_id, sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

NEWEST_DELIVERIES = 50


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


class SuppressForm(forms.Form):
    """An address that must not be mailed any more."""

    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), required=False, empty_label="Every publication", label="By")
    detail = forms.CharField(required=False, max_length=300, label="Why", help_text="For your colleagues.")


def subscribers(request: StaffRequest) -> HttpResponse:
    """Readers, found by a part of address or name, a list and a state."""
    sought = {name: asked(request, name) for name in ("q", "list", "state")}
    all_lists = list(SubscriberList.objects.select_related("publication").order_by("name"))
    return screen(
        request,
        "subscribers.html",
        asked=sought,
        lists=[(one.pk, f"{one.name} ({one.publication.name})") for one in all_lists],
        states=[(state.value, state.value) for state in Subscription.State],
        page=sliced(request, _found(sought["q"], sought["list"], sought["state"])),
        is_filtered=any(sought.values()),
    )


def _found(words: str, list_id: str, state: str) -> QuerySet[Subscriber]:
    rows = Subscriber.objects.filter(state=Subscriber.State.ACTIVE).prefetch_related("subscriptions__list").order_by("-pk")
    if words:
        rows = rows.filter(Q(address__icontains=words.lower()) | Q(name__icontains=words))
    wanted: dict[str, Any] = {}
    if (number := row_id(list_id)) is not None:
        wanted["list"] = number
    if state in Subscription.State.values:
        wanted["state"] = state
    return rows.filter(pk__in=Subscription.objects.filter(**wanted).values("subscriber")) if wanted else rows


def subscriber_new(request: StaffRequest) -> HttpResponse:
    """Add one reader."""
    form = AddForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        added = _tried(form, "address", lambda: _add(form))
        if added:
            messages.success(request, f"{added.subscriber} is {added.state} on {added.list}.")
            return redirect("studio:subscriber", added.subscriber_id)
    return screen(request, "subscriber_new.html", status=422 if form.errors else 200, form=form, can_add=SubscriberList.objects.exists())


def _add(form: AddForm) -> Subscription:
    typed = form.cleaned_data
    person = Person(typed["address"], name=typed["name"])
    return add(person, to=typed["list"], confirmed=typed["confirmed"], how="staff", now=timezone.now())


def subscriber(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """One reader: subscriptions with their consent, deliveries, suppressions; POST suppresses the address."""
    found = get_object_or_404(Subscriber, pk=subscriber_id)
    form = SuppressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = _tried(form, None, lambda: _suppress(found, form))
        if done:
            messages.success(request, f"{found} is not mailed any more{'' if done[1] else '; that was so already'}.")
            return redirect("studio:subscriber", found.pk)
    return screen(
        request,
        "subscriber.html",
        status=422 if form.errors else 200,
        subscriber=found,
        form=form,
        subscriptions=found.subscriptions.select_related("list__publication").prefetch_related("consent").order_by("list__name"),
        deliveries=Delivery.objects.filter(subscriber=found)
        .select_related("mailing__article__publication", "mailing__list")
        .order_by("-pk")[:NEWEST_DELIVERIES],
        suppressions=Suppression.objects.filter(address_hash=found.address_hash).select_related("publication").order_by("pk"),
    )


def _suppress(found: Subscriber, form: SuppressForm) -> tuple[Suppression, bool]:
    return suppress(
        found.address,
        reason=Suppression.Reason.STAFF,
        publication=form.cleaned_data["publication"],
        detail=form.cleaned_data["detail"],
    )


def subscriber_erase(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """GET asks whether it is meant; POST forgets the person for ever."""
    found = get_object_or_404(Subscriber, pk=subscriber_id, state=Subscriber.State.ACTIVE)
    if request.method == "POST":
        erased = erase_reader(found.address, now=timezone.now())
        messages.success(request, f"The person is forgotten; {erased.subscriptions} subscriptions ended. Nobody here can mail them again.")
        return redirect("studio:subscribers")
    return screen(request, "subscriber_erase.html", subscriber=found)


def _tried(form: forms.Form, field: str | None, step: Callable[[], Any]) -> Any:
    """What the step returns; None when it refuses, with the reason beside the field."""
    try:
        return step()
    except SyndicationError as error:
        form.add_error(field, plain_words(error))
        return None
