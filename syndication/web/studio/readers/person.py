"""One subscriber: all that happened, what can be changed, taken back, exported and erased."""

import json
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.audience.models import ReaderEvent, Subscriber, Suppression
from syndication.audience.self_service.own_data import own_data
from syndication.audience.staff import edit
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.release import undo_event
from syndication.audience.suppression.suppress import suppress
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.ledger.own_deliveries import own_deliveries
from syndication.delivery.ledger.timeline import timeline
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.readers.trying import tried
from syndication.web.studio.screen import screen


class SuppressForm(forms.Form):
    """An address that must not be mailed any more."""

    publication = forms.ModelChoiceField(Publication.objects.order_by("name"), required=False, empty_label="Every publication", label="By")
    detail = forms.CharField(required=False, max_length=300, label="Why", help_text="For your colleagues.")


class EditForm(forms.Form):
    """What staff may change of a reader."""

    name = forms.CharField(required=False, max_length=200)
    locale = forms.CharField(required=False, max_length=35, label="Language", help_text="Such as en or de-AT.")
    time_zone = forms.CharField(required=False, max_length=64, help_text="Such as Europe/Berlin.")
    attributes = forms.CharField(
        required=False,
        max_length=edit.LARGEST_ATTRIBUTES,
        widget=forms.Textarea({"rows": 8, "class": "paste", "spellcheck": "false"}),
        help_text='A JSON object, such as {"city": "Ulm"}. Mails may use its values.',
    )


def subscriber(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """One reader: subscriptions, timeline, suppressions; POST suppresses the address."""
    found = get_object_or_404(Subscriber, pk=subscriber_id)
    form = SuppressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        done = tried(form, None, lambda: _suppress(request, found, form))
        if done:
            messages.success(request, f"{found} is not mailed any more{'' if done[1] else '; that was so already'}.")
            return redirect("studio:subscriber", found.pk)
    subscriptions = found.subscriptions.select_related("list__publication").order_by("list__name")
    publications = {one.list.publication_id for one in subscriptions}
    return screen(
        request,
        "subscriber.html",
        status=422 if form.errors else 200,
        subscriber=found,
        form=form,
        today=timezone.now().date(),
        subscriptions=subscriptions,
        moments=timeline(found),
        suppressions=Suppression.objects.filter(address_hash=found.address_hash).select_related("publication").order_by("pk"),
        blocked=sorted({why for one in publications if (why := domain_rules.why_blocked(found.address, one))}),
    )


def subscriber_edit(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """Name, language, time zone and attributes of a reader."""
    found = get_object_or_404(Subscriber, pk=subscriber_id, state=Subscriber.State.ACTIVE)
    shown = {"name": found.name, "locale": found.locale, "time_zone": found.time_zone}
    attributes = json.dumps(found.attributes, ensure_ascii=False, indent=2, sort_keys=True) if found.attributes else ""
    form = EditForm(request.POST if request.method == "POST" else None, initial={**shown, "attributes": attributes})
    if request.method == "POST" and form.is_valid():
        changed = tried(form, None, lambda: edit.edit(found.pk, edit.Wish(**form.cleaned_data), by=_by(request), now=timezone.now()))
        if changed is not None:
            messages.success(request, f"Saved: {', '.join(changed)}." if changed else "Nothing was different.")
            return redirect("studio:subscriber", found.pk)
    return screen(request, "subscriber_edit.html", status=422 if form.errors else 200, subscriber=found, form=form)


def subscriber_erase(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """GET asks whether it is meant; POST forgets the person for ever."""
    found = get_object_or_404(Subscriber, pk=subscriber_id, state=Subscriber.State.ACTIVE)
    if request.method == "POST":
        erased = erase_reader(found.address, now=timezone.now())
        messages.success(request, f"The person is forgotten; {erased.subscriptions} subscriptions ended. Nobody here can mail them again.")
        return redirect("studio:subscribers")
    return screen(request, "subscriber_erase.html", subscriber=found)


def subscriber_data(request: StaffRequest, subscriber_id: int) -> HttpResponse:
    """POST: all that is kept about a reader, as JSON to hand over; the timeline says that it was taken."""
    found = get_object_or_404(Subscriber, pk=subscriber_id, state=Subscriber.State.ACTIVE)
    if request.method != "POST":
        return redirect("studio:subscriber", found.pk)
    told: dict[str, Any] = {**own_data(found), **own_deliveries(found)}
    ReaderEvent.objects.create(subscriber=found, kind=ReaderEvent.Kind.EXPORTED, source=_by(request), at=timezone.now())
    answer = HttpResponse(json.dumps(told, ensure_ascii=False, indent=2, default=str), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="subscriber-{found.pk}.json"'
    return answer


def event_undo(request: StaffRequest, subscriber_id: int, event_id: int) -> HttpResponse:
    """POST takes back what a bounce or a complaint did; a complaint needs a note on how the person asked for it."""
    found = get_object_or_404(Subscriber, pk=subscriber_id)
    if request.method == "POST":
        event = get_object_or_404(ReaderEvent, pk=event_id, subscriber=found)
        undo_event(event.pk, _by(request), now=timezone.now(), note=request.POST.get("note", "").strip()[:300])
        messages.success(request, f"Taken back: {event.kind}.")
    return redirect("studio:subscriber", found.pk)


def _by(request: StaffRequest) -> str:
    return f"staff {request.user.email}"[:80]


def _suppress(request: StaffRequest, found: Subscriber, form: SuppressForm) -> tuple[Suppression, bool]:
    return suppress(
        found.address,
        reason=Suppression.Reason.STAFF,
        publication=form.cleaned_data["publication"],
        detail=form.cleaned_data["detail"],
        by=request.user.email,
    )
