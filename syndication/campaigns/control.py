"""Starts, pauses, resumes and cancels: each a change of state that happens once, whoever presses the button how often."""

from datetime import datetime

from django.db import transaction

from syndication.campaigns.create import check
from syndication.campaigns.models import Campaign
from syndication.delivery.ledger.correct import call_delivered, plan_again
from syndication.delivery.ledger.reconcile import end_cancelled
from syndication.delivery.mailing.freeze import freeze_campaign, keep
from syndication.delivery.models import Mailing
from syndication.delivery.states import State
from syndication.errors import NotFound, Refused, SyndicationError

C = Campaign.State
STARTABLE = (C.DRAFT, C.SCHEDULED)


def campaign_of(campaign_id: int) -> Campaign:
    """The campaign. Raises NotFound."""
    found = Campaign.objects.select_related("article__publication", "list__publication", "mailing").filter(pk=campaign_id).first()
    if found is None:
        raise NotFound(f"There is no campaign {campaign_id}; `syndication campaign list` shows those there are.")
    return found


def due(now: datetime) -> list[int]:
    """Ids of scheduled campaigns whose time has come."""
    return list(Campaign.objects.filter(state=C.SCHEDULED, starts_at__lte=now).order_by("starts_at", "pk").values_list("pk", flat=True))


def start(campaign_id: int, *, now: datetime) -> int:
    """Freeze the mailing and set the campaign running; the mailing's id. A second call starts nothing and gives the same id.

    Raises NotFound, Refused (wrong state, empty list), BadTemplate. Nothing is half done then.
    """
    with transaction.atomic():
        Campaign.objects.select_for_update().filter(pk=campaign_id).first()
        campaign = campaign_of(campaign_id)
        if campaign.state in {C.RUNNING, C.PAUSED, C.FINISHED} and campaign.mailing_id:
            return campaign.mailing_id
        _require(campaign, STARTABLE, "started")
        check(campaign.article, campaign.list, campaign.subject)
        frozen = freeze_campaign(campaign.article, campaign.list, subject=campaign.subject)
        mailing = keep(frozen, f"campaign:{campaign.pk}", campaign.list, article=campaign.article, now=now)
        campaign.mailing, campaign.state, campaign.started_at, campaign.problem = mailing, C.RUNNING, now, ""
        campaign.save(update_fields=["mailing", "state", "started_at", "problem"])
        return mailing.pk


def start_due(campaign_id: int, *, now: datetime) -> int | None:
    """Start a scheduled campaign; what cannot be sent goes back to draft with the reason for staff. The mailing's id or None."""
    if not Campaign.objects.filter(pk=campaign_id, state=C.SCHEDULED, starts_at__lte=now).exists():
        return None
    try:
        return start(campaign_id, now=now)
    except SyndicationError as error:
        problem = f"Was due at {now:%Y-%m-%d %H:%M} UTC and not started: {error}"
        Campaign.objects.filter(pk=campaign_id, state=C.SCHEDULED).update(state=C.DRAFT, problem=problem)
        return None


def pause(campaign_id: int) -> Campaign:
    """Stop before the next message. Raises NotFound, Refused."""
    return _move(campaign_id, "paused", (C.RUNNING,), C.PAUSED)


def resume(campaign_id: int) -> Campaign:
    """Go on where it stopped. Raises NotFound, Refused."""
    return _move(campaign_id, "resumed", (C.PAUSED,), C.RUNNING)


def cancel(campaign_id: int, *, now: datetime) -> Campaign:
    """End it: what is not sent yet never will be. Raises NotFound, Refused when it is over already."""
    campaign = _move(campaign_id, "cancelled", (C.DRAFT, C.SCHEDULED, C.RUNNING, C.PAUSED), C.CANCELLED)
    Campaign.objects.filter(pk=campaign_id).update(finished_at=now)
    if campaign.mailing_id:
        end_cancelled(campaign.mailing_id)
    return campaign_of(campaign_id)


def retry_failed(campaign_id: int, *, by: str = "staff") -> int:
    """Give failed deliveries another round; how many. Bounced ones stay: their mailbox said no. Raises NotFound, Refused."""
    campaign = campaign_of(campaign_id)
    _require(campaign, (C.RUNNING, C.PAUSED, C.FINISHED), "retried")
    again = plan_again(campaign.mailing_id, [State.FAILED], by=by) if campaign.mailing_id else 0
    if again:
        _reopen(campaign_id)
    return again


def settle_held(campaign_id: int, *, as_delivered: bool, by: str, only: set[int] | None = None) -> int:
    """A person's word about held deliveries: they were taken, or they may be sent (again). How many. Raises NotFound, Refused.

    only  ids of subscribers; None: all that are held
    """
    campaign = campaign_of(campaign_id)
    _require(campaign, (C.RUNNING, C.PAUSED, C.FINISHED), "settled")
    if campaign.mailing_id is None:
        return 0
    if as_delivered:
        return call_delivered(campaign.mailing_id, by=by, only=only)
    again = plan_again(campaign.mailing_id, [State.HELD], by=by, only=only)
    if again:
        _reopen(campaign_id)
    return again


def _reopen(campaign_id: int) -> None:
    """A finished campaign that has something to send again runs again."""
    with transaction.atomic():
        if Campaign.objects.filter(pk=campaign_id, state=C.FINISHED).update(state=C.RUNNING, finished_at=None):
            Mailing.objects.filter(campaign=campaign_id, state=Mailing.State.CLOSED).update(state=Mailing.State.OPEN)


def finish_closed(now: datetime) -> list[int]:
    """Set campaigns finished whose mailing is closed; their ids."""
    closed = Campaign.objects.filter(state=C.RUNNING, mailing__state=Mailing.State.CLOSED)
    ids = list(closed.values_list("pk", flat=True))
    Campaign.objects.filter(pk__in=ids, state=C.RUNNING).update(state=C.FINISHED, finished_at=now)
    return ids


_MAILING_STATES = {C.PAUSED: Mailing.State.PAUSED, C.CANCELLED: Mailing.State.CANCELLED}


def _move(campaign_id: int, verb: str, allowed: tuple[C, ...], to: C) -> Campaign:
    with transaction.atomic():
        Campaign.objects.select_for_update().filter(pk=campaign_id).first()
        campaign = campaign_of(campaign_id)
        if campaign.state == to:
            return campaign
        _require(campaign, allowed, verb)
        Campaign.objects.filter(pk=campaign_id).update(state=to)
        if campaign.mailing is not None:
            _move_mailing(campaign.mailing, to)
        return campaign_of(campaign_id)


def _move_mailing(mailing: Mailing, to: C) -> None:
    """A resumed mailing that was never planned to the end goes on planning; its waiting for a server is asked anew."""
    is_planned = mailing.audience is not None
    state = _MAILING_STATES.get(to, Mailing.State.OPEN if is_planned else Mailing.State.PLANNING)
    Mailing.objects.filter(pk=mailing.pk).exclude(state=Mailing.State.CLOSED).update(state=state, waits_until=None)


def _require(campaign: Campaign, allowed: tuple[C, ...], verb: str) -> None:
    if campaign.state not in allowed:
        raise Refused(f"Campaign {campaign.pk} is {campaign.state} and cannot be {verb}; that takes one that is {' or '.join(allowed)}.")
