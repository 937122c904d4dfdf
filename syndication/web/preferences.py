"""The preference centre: a reader chooses by the link in a mail. No login and no cookie; a GET changes nothing.

The token in the address is the only right; it opens one reader's choices in one publication and nothing else. Every link that
opens nothing, for whatever reason, gets the same page as everywhere.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from syndication.audience import tokens
from syndication.audience.change import Evidence
from syndication.audience.keys import copy_key
from syndication.audience.self_service import preferences
from syndication.audience.self_service.choices import LONGEST_PAUSE, Frequency, frequency_of, name_of, pause_of
from syndication.audience.self_service.own_data import own_data, stamp
from syndication.audience.self_service.preferences import About, Right
from syndication.audience.signup.network import family_of
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.ledger.own_deliveries import own_deliveries
from syndication.delivery.models import Mailing
from syndication.errors import BadInput, NotFound, Refused
from syndication.feeds.private import address
from syndication.web import places, private_feeds
from syndication.web.archive.surroundings import surroundings
from syndication.web.link_pages import answer_page, unknown
from syndication.web.signup import client_of

DONE = {
    "feed": "Saved. Your private address is below.",
    "renewed": "This is your new address. The one of before opens nothing any more.",
    "closed": "Your private address is closed.",
    "saved": "Saved. It takes effect at once.",
    "joined": "You are on this list now.",
    "left": "You have left. No more mails come from there.",
}
"""What the page says after a change; the address carries only the word, so nobody can make the page say something else."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request that came with a right: who, by which token."""

    request: HttpRequest
    right: Right
    token: str

    @property
    def today(self) -> date:
        """By UTC, as the senders count."""
        return timezone.now().date()

    @property
    def network(self) -> str:
        """The family of the address that asks, for the proof of consent; empty by setting."""
        return family_of(client_of(self.request)) if settings.KEEP_CONSENT_NETWORK else ""

    def typed(self, name: str) -> str:
        """A field of the form, empty when it is missing."""
        return str(self.request.POST.get(name, ""))

    def back(self, done: str, part: str = "") -> HttpResponse:
        """To the page, so that loading it again repeats nothing."""
        address = reverse("preferences", args=[self.token])
        return redirect(f"{address}?{urlencode({'done': done})}{part and '#' + part}")


View = Callable[..., HttpResponse]


def for_reader(view: View) -> View:
    """A page behind a preferences token; the view gets a Visit instead of request and token, or is not asked."""

    @answer_page
    @wraps(view)
    def guarded(request: HttpRequest, token: str, **kwargs: object) -> HttpResponse:
        right = right_of(token)
        if right is None:
            return unknown(request)
        try:
            return view(Visit(request, right, token), **kwargs)
        except NotFound:  # erased, or the list is gone, since the page was opened
            return redirect("preferences", token=token)

    return guarded


def by_post(view: View) -> View:
    """A step that only a POST takes; whoever opens its address sees the page instead."""

    @for_reader
    @wraps(view)
    def posted(visit: Visit, **kwargs: object) -> HttpResponse:
        if visit.request.method != "POST":
            return redirect("preferences", token=visit.token)
        return view(visit, **kwargs)

    return posted


def right_of(token: str) -> Right | None:
    """What a preferences token opens. It is worth as much as its mailing: one that never was opens nothing."""
    copy = tokens.read_copy(token, tokens.PREFERENCES, copy_key())
    if copy is None:
        return None
    mailing_id, subscriber_id, list_id = copy
    made_at = Mailing.objects.filter(pk=mailing_id, list_id=list_id).values_list("frozen_at", flat=True).first()
    return preferences.right_of(subscriber_id, list_id, made_at=made_at) if made_at else None


@for_reader
def page(visit: Visit) -> HttpResponse:
    """All choices on one page."""
    return _page(visit, said=DONE.get(visit.request.GET.get("done", ""), ""))


@by_post
def choose(visit: Visit, list_slug: str) -> HttpResponse:
    """Join or leave one list, or say how it is to come: the button tells which."""
    now = timezone.now()
    try:
        match visit.typed("do"):
            case "join":
                preferences.join(visit.right, list_slug, now=now, evidence=Evidence(network=visit.network))
                return visit.back("joined", f"list-{list_slug}")
            case "leave":
                preferences.leave(visit.right, list_slug, now=now)
                return visit.back("left", f"list-{list_slug}")
            case _:
                frequency, pause = frequency_of(visit.typed("frequency")), pause_of(visit.typed("paused_until"), today=visit.today)
                preferences.choose(visit.right, list_slug, frequency=frequency, paused_until=pause, now=now)
                if frequency == Frequency.FEED:
                    address.make(visit.right.subscriber, visit.right.publication, now=now)
                    private_feeds.prepare(visit.right.subscriber, visit.right.publication)
                    return visit.back("feed", "feed")
                return visit.back("saved", f"list-{list_slug}")
    except (BadInput, Refused) as error:
        return _page(visit, trouble=str(error), where=list_slug)


@by_post
def feed(visit: Visit) -> HttpResponse:
    """Make, renew or close the private address: the button tells which."""
    whose, now = (visit.right.subscriber, visit.right.publication), timezone.now()
    match visit.typed("do"):
        case "close":
            address.close(*whose, now=now)
            return visit.back("closed", "feed")
        case "renew":
            address.renew(*whose, now=now)
            done = "renewed"
        case _:
            address.make(*whose, now=now)
            done = "feed"
    private_feeds.prepare(*whose)
    return visit.back(done, "feed")


@by_post
def leave_all(visit: Visit) -> HttpResponse:
    """Leave every list of the publication."""
    preferences.leave_all(visit.right, now=timezone.now())
    return visit.back("left")


@by_post
def describe(visit: Visit) -> HttpResponse:
    """Name, language, time zone, and the word on tracking."""
    reader = visit.right.subscriber
    try:
        about = About(
            name=name_of(visit.typed("name")),
            locale=_one_of(visit.typed("locale"), lambda code: code in places.languages(), reader.locale, "language"),
            time_zone=_one_of(visit.typed("time_zone"), places.is_zone, reader.time_zone, "time zone"),
            tracking_consent=visit.typed("tracking") == "yes",
        )
    except BadInput as error:
        return _page(visit, trouble=str(error), where="about")
    preferences.describe(visit.right, about, now=timezone.now())
    return visit.back("saved", "about")


@by_post
def download(visit: Visit) -> HttpResponse:
    """Everything that is kept about the reader, as a file (GDPR 15, 20)."""
    now, reader = timezone.now(), visit.right.subscriber
    preferences.note_export(visit.right, now=now)
    told = {
        "kept_by": settings.BASE_URL,
        "made_at": stamp(now),
        **own_data(reader),
        "private_feeds": address.own_feeds(reader),
        **own_deliveries(reader),
    }
    name = f"my-data-{visit.right.publication.slug}.json"
    return JsonResponse(
        told, json_dumps_params={"indent": 2, "ensure_ascii": False}, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@by_post
def revoke(visit: Visit) -> HttpResponse:
    """Links to this page in the mails of before open nothing any more, this one included."""
    preferences.revoke_links(visit.right, now=timezone.now())
    return _answer(visit, "public/preferences_revoked.html")


@for_reader
def erase(visit: Visit) -> HttpResponse:
    """GET says what erasing means; a POST with the box ticked erases."""
    if visit.request.method != "POST":
        return _answer(visit, "public/preferences_erase.html", trouble="")
    if visit.typed("sure") != "yes":
        return _answer(visit, "public/preferences_erase.html", status=400, trouble="Tick the box first: erasing cannot be undone.")
    erase_reader(visit.right.subscriber.address, now=timezone.now())
    return _answer(visit, "public/preferences_erased.html")


def _one_of(value: str, is_offered: Callable[[str], bool], present: str, what: str) -> str:
    """A value of a select: empty, one that is offered, or the one that stands there (an import may have brought another)."""
    if value and value != present and not is_offered(value):
        raise BadInput(f"Choose a {what} from the list.")
    return value


def _page(visit: Visit, *, said: str = "", trouble: str = "", where: str = "") -> HttpResponse:
    reader = visit.right.subscriber
    typed = visit.request.POST if trouble else {}
    return _answer(
        visit,
        "public/preferences.html",
        status=400 if trouble else 200,
        said=said,
        trouble=trouble,
        where=where,
        typed=typed,
        choices=preferences.choices_of(visit.right, today=visit.today),
        why_no_mail=preferences.why_no_mail(visit.right),
        reader=reader,
        private_feed=private_feeds.feed_links(address.address_of(reader, visit.right.publication)),
        languages=places.languages(),
        time_zones=places.time_zones(),
        is_own_zone=not reader.time_zone or places.is_zone(reader.time_zone),
        tomorrow=date.fromordinal(visit.today.toordinal() + 1),
        last_day=visit.today + LONGEST_PAUSE,
    )


def _answer(visit: Visit, template: str, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = surroundings(visit.right.publication) | {"token": visit.token, "right": visit.right} | shown
    return render(visit.request, template, context, status=status)
