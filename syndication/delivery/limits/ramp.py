"""Knows a warm-up: how many messages a day a new sender domain may send, when in the day, and when complaints stop it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

RELEASE = timedelta(hours=8)
SLICE = timedelta(minutes=10)
SLICES = RELEASE // SLICE
USED_SHARE = 0.5
COMPLAINT_DAYS = 7
FEWEST_SENT = 100
FEWEST_COMPLAINTS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """Messages of the first day (>= 1), growth for each used day (>= 1.0), and the ceiling at which the domain is warm."""

    started_on: date
    first_day: int
    growth: float
    ceiling: int


class Day(NamedTuple):
    """One past day in UTC: messages sent, and complaints that came."""

    day: date
    sent: int
    complaints: int = 0


class Step(NamedTuple):
    """Where a plan stands: used days so far, what a day allows now, and whether the ceiling was reached and used."""

    used_days: int
    allowed: int
    is_done: bool


def allowed_after(plan: Plan, used_days: int) -> int:
    """Messages of the day after `used_days` used ones: first_day x growth^used_days, at most the ceiling."""
    try:
        grown = plan.first_day * plan.growth**used_days
    except OverflowError:
        return plan.ceiling
    return max(1, min(plan.ceiling, int(grown)))


def step_of(plan: Plan, earlier: Iterable[Day]) -> Step:
    """Where the plan stands after the earlier days (any order; those before its start are left out).

    Only a day that sent at least half of what it might counts as used: a weekly newsletter climbs one step a week, not seven.
    """
    used = 0
    for one in sorted(earlier):
        if one.day < plan.started_on:
            continue
        allowed = allowed_after(plan, used)
        if one.sent >= USED_SHARE * allowed:
            used += 1
            if allowed >= plan.ceiling:
                return Step(used, plan.ceiling, is_done=True)
    return Step(used, allowed_after(plan, used), is_done=False)


def released(allowed: int, since_first: timedelta) -> int:
    """How much of the day's allowance is free, this long after the day's first message: an even 48th every ten minutes for eight hours.

    So a list sees an even stream instead of one blast, and still gets its issue within a working day.
    """
    slices = min(SLICES, 1 + max(since_first, timedelta()) // SLICE)
    return -(-allowed * slices // SLICES)


def slice_of(allowed: int) -> int:
    """How many messages every ten minutes release, at least one."""
    return max(1, allowed // SLICES)


def next_release_seconds(now: datetime, first_at: datetime, granted: int, allowed: int) -> float:
    """When more is free: at the next ten-minute slice, or, when the day's allowance is used up, at midnight UTC (> 0)."""
    since = max(now - first_at, timedelta())
    if granted >= allowed or since >= RELEASE:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - now).total_seconds()
    return (SLICE - since % SLICE).total_seconds()


def complaint(days: Iterable[Day], stops_at: float) -> str:
    """Why complaints stop the plan, in words for staff; "" when they do not.

    days      the last COMPLAINT_DAYS days
    stops_at  complaints per message sent: 0.003 is 0.3 %
    Fewer than 100 messages or two complaints prove nothing.
    """
    known = list(days)
    sent, complaints = sum(one.sent for one in known), sum(one.complaints for one in known)
    if sent < FEWEST_SENT or complaints < FEWEST_COMPLAINTS or complaints <= stops_at * sent:
        return ""
    return f"{complaints} complaints about {sent:,} messages in {COMPLAINT_DAYS} days are {complaints / sent:.2%}, more than {stops_at:.2%}"
