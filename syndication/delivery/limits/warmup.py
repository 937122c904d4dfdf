"""Keeps a new sender domain to its warm-up plan, over all senders together, and stops it when readers complain."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from syndication.delivery.limits.budgets import Wait
from syndication.delivery.limits.models import SendingDay, WarmUp
from syndication.delivery.limits.ramp import (
    COMPLAINT_DAYS,
    SLICE,
    Day,
    Plan,
    Step,
    complaint,
    next_release_seconds,
    released,
    slice_of,
    step_of,
)

STOPPED_SECONDS = 600.0
"""When to ask again while a plan is stopped: a person must act first."""
LONGEST_WAIT_SECONDS = 3600.0
"""Also when the day's allowance is used up: a person may end the plan, and the messages should notice."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many messages may go now, and if that is less than wanted, when to ask again and why."""

    granted: int
    wait: Wait | None = None


def domains() -> frozenset[str]:
    """The sender domains that have a plan."""
    return frozenset(WarmUp.objects.values_list("sender_domain", flat=True))


def allowance(sender_domain: str, now: datetime) -> int | None:
    """How many messages may go at this moment; None: no plan, or the domain is warm. For looking; senders take()."""
    plan = WarmUp.objects.filter(sender_domain=sender_domain).first()
    if plan is None:
        return None
    step = step_now(plan, now)
    if step.is_done:
        return None
    today = SendingDay.objects.filter(sender_domain=sender_domain, day=now.date()).first()
    return 0 if plan.stopped_because else _free(step, today, now)


def take(sender_domain: str, wanted: int, now: datetime) -> Allowance:
    """Take up to `wanted` (>= 1) messages of what is free now; all senders together never take more than the plan allows."""
    with transaction.atomic():
        plan = WarmUp.objects.select_for_update().filter(sender_domain=sender_domain).first()  # one sender at a time
        if plan is None:
            return Allowance(wanted)
        step = step_now(plan, now)
        if step.is_done:
            return Allowance(wanted)
        if _stopped(plan, now):
            return Allowance(0, Wait(STOPPED_SECONDS, f"the warm-up of {sender_domain} is stopped: {plan.stopped_because}"))
        today = _today(sender_domain, now)
        first_at = today.first_at or now
        granted = min(wanted, _free(step, today, now))
        SendingDay.objects.filter(pk=today.pk).update(granted=F("granted") + granted, first_at=first_at)
    if granted == wanted:
        return Allowance(granted)
    seconds = min(next_release_seconds(now, first_at, today.granted + granted, step.allowed), LONGEST_WAIT_SECONDS)
    because = f"the warm-up of {sender_domain} allows {step.allowed:,} messages today, spread over the day"
    return Allowance(granted, Wait(seconds, because, slice_of(step.allowed), slice_of(step.allowed) / SLICE.total_seconds()))


def give_back(sender_domain: str, unused: int, now: datetime) -> None:
    """Return what was taken and not sent."""
    today = SendingDay.objects.filter(sender_domain=sender_domain, day=now.date(), granted__gte=unused)
    today.update(granted=F("granted") - unused)


def note_sent(sender_domain: str, count: int, now: datetime) -> None:
    """Count messages that were accepted; Limiter.report does. Outside the settlement's transaction, or senders would wait for each other."""
    _count(_SENT, sender_domain, now, count)


def note_bounces(sender_domain: str, count: int, now: datetime) -> None:
    """Count messages that came back."""
    _count(_BOUNCES, sender_domain, now, count)


def note_complaint(sender_domain: str, now: datetime) -> None:
    """Count a complaint; too many for what was sent stop the plan, with the reason."""
    _count(_COMPLAINTS, sender_domain, now, 1)
    plan = WarmUp.objects.filter(sender_domain=sender_domain, stopped_because="").first()
    if plan is not None and not step_now(plan, now).is_done:
        _stopped(plan, now)


def step_now(plan: WarmUp, now: datetime) -> Step:
    """Where the plan stands today."""
    return step_of(_plan(plan), _days(plan.sender_domain, plan.started_on, now.date()))


def _plan(row: WarmUp) -> Plan:
    return Plan(row.started_on, row.first_day, row.growth, row.ceiling)


def _days(sender_domain: str, since: date, before: date) -> list[Day]:
    rows = SendingDay.objects.filter(sender_domain=sender_domain, day__gte=since, day__lt=before).order_by("day")
    return [Day(*row) for row in rows.values_list("day", "sent", "complaints")]


def _free(step: Step, today: SendingDay | None, now: datetime) -> int:
    first_at = (today and today.first_at) or now
    return max(0, released(step.allowed, now - first_at) - (today.granted if today else 0))


def _today(sender_domain: str, now: datetime) -> SendingDay:
    SendingDay.objects.bulk_create([SendingDay(sender_domain=sender_domain, day=now.date())], ignore_conflicts=True)
    return SendingDay.objects.get(sender_domain=sender_domain, day=now.date())


def _stopped(plan: WarmUp, now: datetime) -> bool:
    """Whether the plan is stopped, now if need be."""
    if plan.stopped_because:
        return True
    since = max(plan.started_on, plan.resumed_on or plan.started_on, now.date() - timedelta(days=COMPLAINT_DAYS - 1))
    because = complaint(_days(plan.sender_domain, since, now.date() + timedelta(days=1)), plan.stops_at)
    if because:
        plan.stopped_because, plan.stopped_at = because, now
        WarmUp.objects.filter(pk=plan.pk, stopped_because="").update(stopped_because=because, stopped_at=now)
    return bool(because)


_SENT, _BOUNCES, _COMPLAINTS = (
    f"""INSERT INTO syndication_sendingday AS d (sender_domain, day, granted, sent, bounces, complaints) VALUES (%s, %s, 0, {values})
        ON CONFLICT (sender_domain, day) DO UPDATE SET {column} = d.{column} + excluded.{column}"""  # noqa: S608  # our own words; values are bound
    for column, values in (("sent", "%s, 0, 0"), ("bounces", "0, %s, 0"), ("complaints", "0, 0, %s"))
)


def _count(statement: str, sender_domain: str, now: datetime, count: int) -> None:
    """Add to a column of the day's row, which is made when it is missing, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [sender_domain, now.date(), count])
