"""Starts, resumes and ends warm-up plans, and tells where they stand."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from syndication.delivery.limits import warmup
from syndication.delivery.limits.change import domain_of
from syndication.delivery.limits.models import SendingDay, WarmUp
from syndication.delivery.limits.ramp import COMPLAINT_DAYS
from syndication.errors import BadInput, NotFound, Refused

LARGEST = 100_000_000  # messages a day
LARGEST_GROWTH = 10.0
USUAL_STOPS_AT = 0.003
"""Complaints per message: what large providers call the end of their patience."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A plan as a person asks for it.

    first_day  messages of the first day
    growth     each used day allows so many times the one before, 1 to LARGEST_GROWTH
    ceiling    messages a day at which the domain is warm
    stops_at   complaints per message that stop it, over 0 and up to 1
    """

    first_day: int
    growth: float
    ceiling: int
    stops_at: float = USUAL_STOPS_AT


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a plan stands. `state` is "warming", "stopped" (by complaints) or "done"; counts are messages."""

    sender_domain: str
    state: str
    started_on: str
    used_days: int
    allowed_today: int
    sent_today: int
    free_now: int
    sent_in_seven_days: int
    complaints_in_seven_days: int
    stopped_because: str


def start(domain: str, wish: Wish, now: datetime) -> WarmUp:
    """Begin a plan today. Raises BadInput, or Refused when the domain has one."""
    _check(wish)
    plan = WarmUp(
        sender_domain=domain_of(domain),
        started_on=now.date(),
        first_day=wish.first_day,
        growth=wish.growth,
        ceiling=wish.ceiling,
        stops_at=wish.stops_at,
    )
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(f"{plan.sender_domain} has a plan already: `syndication warmup status` shows it, `stop` ends it.") from error
    return plan


def _check(wish: Wish) -> None:
    if not 1 <= wish.first_day <= wish.ceiling <= LARGEST:
        raise BadInput(
            f"A warm-up begins with at least 1 message a day and ends at no less, at most {LARGEST:,}: "
            f"{wish.first_day:,} to {wish.ceiling:,} is neither."
        )
    if not 1 <= wish.growth <= LARGEST_GROWTH:
        raise BadInput(f"Each day may allow 1 to {LARGEST_GROWTH:g} times the one before, not {wish.growth:g}; 1.5 is usual.")
    if wish.growth == 1 and wish.first_day < wish.ceiling:
        raise BadInput("A growth of 1 never reaches the ceiling; 1.5 is usual.")
    if not 0 < wish.stops_at <= 1:
        raise BadInput(f"The complaint rate that stops a plan is over 0 and up to 1 (0.003 is 0.3 %), not {wish.stops_at:g}.")


def resume(domain: str, now: datetime) -> WarmUp:
    """Go on with a plan that complaints stopped; what was complained of before today does not stop it again. Raises NotFound."""
    plan = _named(domain)
    plan.stopped_because, plan.stopped_at, plan.resumed_on = "", None, (now + timedelta(days=1)).date()
    plan.save()
    return plan


def end(domain: str) -> str:
    """End a plan: the domain sends without a warm-up from now on. The domain. Raises NotFound."""
    plan = _named(domain)
    plan.delete()
    return plan.sender_domain


def _named(domain: str) -> WarmUp:
    found = WarmUp.objects.filter(sender_domain=domain_of(domain)).first()
    if found is None:
        raise NotFound(f"{domain[:80]} has no warm-up plan; `syndication warmup start` begins one.")
    return found


def standings(now: datetime) -> list[Standing]:
    """All plans, in the order of their making."""
    return [_standing(plan, now) for plan in WarmUp.objects.order_by("pk")]


def _standing(plan: WarmUp, now: datetime) -> Standing:
    step = warmup.step_now(plan, now)
    week = SendingDay.objects.filter(sender_domain=plan.sender_domain, day__gt=now.date() - timedelta(days=COMPLAINT_DAYS))
    days = {day: (sent, complaints) for day, sent, complaints in week.values_list("day", "sent", "complaints")}
    return Standing(
        sender_domain=plan.sender_domain,
        state="done" if step.is_done else "stopped" if plan.stopped_because else "warming",
        started_on=plan.started_on.isoformat(),
        used_days=step.used_days,
        allowed_today=step.allowed,
        sent_today=days.get(now.date(), (0, 0))[0],
        free_now=warmup.allowance(plan.sender_domain, now) or 0,
        sent_in_seven_days=sum(sent for sent, _ in days.values()),
        complaints_in_seven_days=sum(complaints for _, complaints in days.values()),
        stopped_because=plan.stopped_because,
    )
