"""Campaigns: the list, a new one, and the page from which one is watched and steered."""

from datetime import datetime
from functools import partial

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from syndication import queue
from syndication.articles.models import Article, Publication
from syndication.audience.models import SubscriberList
from syndication.campaigns import control
from syndication.campaigns.create import Created, create
from syndication.campaigns.models import Campaign
from syndication.campaigns.schedule import BadSchedule
from syndication.campaigns.status import status, troubled, verify
from syndication.delivery.models import Delivery
from syndication.errors import SyndicationError
from syndication.web.studio.access import StaffRequest
from syndication.web.studio.campaign_form import LATER, NOW, CampaignForm, Said, said_schedule
from syndication.web.studio.paging import asked, row_id, sliced
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.progress import Pace, progress_of
from syndication.web.studio.publications import zone_names
from syndication.web.studio.screen import fragment, screen

TICK = "syndication.tasks.tick"
TROUBLES = (Delivery.State.FAILED, Delivery.State.BOUNCED, Delivery.State.HELD)
SHOWN_TROUBLES = 100
STOP_POLLING = 286  # https://htmx.org/docs/#polling


def campaigns(request: StaffRequest) -> HttpResponse:
    """Every campaign, the newest first."""
    words, state = asked(request, "q"), asked(request, "state")
    rows = Campaign.objects.select_related("article__publication", "list", "publication", "mailing").order_by("-pk")
    if words:
        rows = rows.filter(subject__icontains=words) | rows.filter(article__title__icontains=words)
    if state in Campaign.State.values:
        rows = rows.filter(state=state)
    return screen(
        request,
        "campaigns.html",
        page=sliced(request, rows),
        words=words,
        state=state,
        states=[(one.value, one.value) for one in Campaign.State],
        is_filtered=bool(words or state),
    )


def campaign_new(request: StaffRequest) -> HttpResponse:
    """The form; a send now asks once more on the campaign's page, a later one waits for its time."""
    if request.method == "POST":
        form = CampaignForm(request.POST)
        made = _make(form, request) if form.is_valid() else None
        if made:
            return redirect(reverse("studio:campaign", args=[made.pk]) + ("?start=1" if form.cleaned_data["when"] == NOW else ""))
    else:
        number = row_id(asked(request, "article"))
        form = CampaignForm(asked_article=number, initial={"article": number, "zone": _usual_zone(number)})
    return screen(
        request,
        "campaign_new.html",
        status=422 if form.errors else 200,
        form=form,
        zones=zone_names(),
        has_articles=Article.objects.exists(),
        has_lists=SubscriberList.objects.exists(),
        said=_said(request, form),
    )


def _make(form: CampaignForm, request: StaffRequest) -> Campaign | None:
    """The campaign; None when it was refused, with the reason in the form and nothing kept."""
    try:
        made = create(form.wish, now=timezone.now(), by=request.user)
    except BadSchedule as error:
        form.add_error("time", plain_words(error))
    except SyndicationError as error:
        form.add_error(None, plain_words(error))
    else:
        _announce(request, made, form.cleaned_data["when"])
        return made.campaign
    return None


def _announce(request: StaffRequest, made: Created, when: str) -> None:
    said = {
        NOW: "Nothing is sent yet: look once more, and press “Send it now”.",
        LATER: "The campaign waits for its time; it can be cancelled until then and after.",
    }
    messages.success(request, said.get(when, "The draft is kept; nothing is sent until somebody starts it."))
    if made.remark:
        messages.warning(request, made.remark)


def _usual_zone(article_id: int | None) -> str:
    """The zone of the article's publication, else of the first one."""
    zones = Publication.objects.order_by("pk").values_list("time_zone", flat=True)
    return zones.filter(articles=article_id).first() or zones.first() or "UTC"


def campaign_when(request: StaffRequest) -> HttpResponse:
    """What the typed date, time and zone come to, for the form while it is filled in."""
    return fragment(request, "campaign_when.html", said=_said(request, None))


def _said(request: StaffRequest, form: CampaignForm | None) -> Said:
    typed = {name: (request.POST if request.method == "POST" else request.GET).get(name, "") for name in ("date", "time", "zone")}
    if not (typed["date"] and typed["time"]) or (form is not None and "time" in form.errors):
        return Said()
    try:
        return Said(said_schedule(**typed, now=timezone.now()))
    except BadSchedule as error:
        return Said(problem=plain_words(error))


def campaign(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """One campaign: live progress, its buttons, and the deliveries that did not go well."""
    found, now = control.campaign_of(campaign_id), timezone.now()
    return screen(
        request,
        "campaign.html",
        campaign=found,
        progress=progress_of(status(campaign_id), Pace.start(now), now),
        asks_to_start="start" in request.GET,
        troubles=_troubles(found),
        verdict=verify(campaign_id) if "verify" in request.GET else None,
    )


def campaign_progress(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """The moving part of the page, asked for again and again; status 286 tells htmx that nothing will move any more."""
    now = timezone.now()
    progress = progress_of(status(campaign_id), Pace.read(request.GET, now), now)
    found = control.campaign_of(campaign_id)
    return fragment(
        request,
        "campaign_progress.html",
        status=200 if progress.poll_seconds else STOP_POLLING,
        campaign=found,
        progress=progress,
        brief="brief" in request.GET,
        has_changed=request.GET.get("was", found.state) != found.state,
        troubles=_troubles(found),
    )


def campaign_verify(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Whether the sums agree, check by check."""
    return fragment(request, "campaign_verdict.html", verdict=verify(campaign_id))


def campaign_act(request: StaffRequest, campaign_id: int, act: str) -> HttpResponse:
    """POST: start, pause, resume, cancel or retry; what is refused is said on the campaign's page."""
    if act not in ACTS:
        raise Http404
    if request.method == "POST":
        try:
            sentence = ACTS[act](campaign_id, timezone.now())
        except SyndicationError as error:
            messages.error(request, plain_words(error))
        else:
            messages.success(request, sentence)
            transaction.on_commit(partial(queue.ring, TICK))
    return redirect("studio:campaign", campaign_id)


def _start(campaign_id: int, now: datetime) -> str:
    control.start(campaign_id, now=now)
    return "The campaign is on its way."


def _pause(campaign_id: int, _: datetime) -> str:
    control.pause(campaign_id)
    return "Paused: what is being handed over now still arrives, nothing else does."


def _resume(campaign_id: int, _: datetime) -> str:
    control.resume(campaign_id)
    return "It goes on where it stopped."


def _cancel(campaign_id: int, now: datetime) -> str:
    control.cancel(campaign_id, now=now)
    return "Cancelled: what was not sent never will be."


def _retry(campaign_id: int, _: datetime) -> str:
    count = control.retry_failed(campaign_id)
    return f"{count:,} failed deliveries get another round." if count else "No delivery has failed; there was nothing to retry."


ACTS = {"start": _start, "pause": _pause, "resume": _resume, "cancel": _cancel, "retry": _retry}


def _troubles(found: Campaign) -> QuerySet[Delivery] | list[Delivery]:
    return troubled(found.mailing, TROUBLES)[:SHOWN_TROUBLES] if found.mailing else []
