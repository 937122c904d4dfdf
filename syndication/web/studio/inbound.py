"""Returned mail: what came back and what was made of it, and what providers hold against the sender."""

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone

from syndication.delivery.bounces import faults
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.bounces.models import InboundMail
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.paging import asked, sliced
from syndication.web.studio.screen import screen

SHOWN_SOURCE_BYTES = 100_000  # a browser stays quick with that much text

WORDS = {
    Verdict.NEW: "not read yet",
    Verdict.BOUNCE: "could not be delivered",
    Verdict.SENDERS_FAULT: "refused because of the sender",
    Verdict.COMPLAINT: "complaint",
    Verdict.LEAVE: "left a list by mail",
    Verdict.DELAY: "late, still on its way",
    Verdict.VACATION: "automatic answer",
    Verdict.RECEIPT: "receipt",
    Verdict.FORGED: "not ours: forged or damaged",
    Verdict.UNKNOWN: "not understood",
}
"""What each verdict is called on screen."""


def inbound(request: StaffRequest) -> HttpResponse:
    """What came back, the newest first, found by a part of an address or of what was said, and by what it is."""
    sought = {name: asked(request, name) for name in ("q", "is")}
    return screen(
        request,
        "inbound.html",
        faults=faults.open_faults(),
        asked=sought,
        words=WORDS,
        choices=[(verdict.value, words) for verdict, words in WORDS.items()],
        page=sliced(request, _found(sought["q"], sought["is"])),
        is_filtered=any(sought.values()),
    )


def inbound_mail(request: StaffRequest, mail_id: int) -> HttpResponse:
    """One mail with its source, as far as it is kept."""
    found = get_object_or_404(InboundMail.objects.select_related("subscriber"), pk=mail_id)
    raw = bytes(found.raw)
    return screen(
        request,
        "inbound_mail.html",
        mail=found,
        words=WORDS,
        source=raw[:SHOWN_SOURCE_BYTES].decode("utf-8", "replace"),
        is_cut=found.size_bytes > min(len(raw), SHOWN_SOURCE_BYTES),
    )


def fault_mended(request: StaffRequest, fault_id: int) -> HttpResponse:
    """POST: what a provider held against the sender is mended; its pause ends."""
    if request.method != "POST" or not faults.mended(fault_id, timezone.now()):
        raise Http404
    messages.success(request, "Noted. Mail goes there again at its usual pace; should it be refused once more, you will see it here.")
    return redirect("studio:inbound")


def _found(words: str, verdict: str) -> QuerySet[InboundMail]:
    rows = InboundMail.objects.defer("raw").select_related("subscriber").order_by("-pk")
    if verdict in set(Verdict):
        rows = rows.filter(verdict=verdict)
    if words:
        by_address = Q(sender__icontains=words) | Q(recipient__icontains=words) | Q(subscriber__address__icontains=words.lower())
        rows = rows.filter(by_address | Q(detail__icontains=words))
    return rows
