"""Knows when a mailbox that refuses mail for now has refused it for long enough: points that add up and decay.

Mailman's rule (GNU Mailman 2 and 3: "bounce score"), with two changes: mail that arrived meanwhile takes points off, and silence alone
does not, since a weekly letter to a full mailbox bounces once a week.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SOFT_POINTS = 0.5
ARRIVED_POINTS = 0.5
ONCE_IN = timedelta(days=1)
STALE_AFTER = timedelta(days=7)
FORGOTTEN_AFTER = timedelta(days=180)
USUAL_THRESHOLD = 5


@dataclass(frozen=True, slots=True)
class Score:
    """What bounces add up to, as of the last one that counted; `bounced_at` is aware UTC, None: none yet."""

    points: float = 0.0
    bounced_at: datetime | None = None


def after_soft_bounce(before: Score, now: datetime, *, arrived: int) -> Score:
    """The score after one more bounce that is not for good; unchanged when one has counted in the last day.

    arrived  mails to this subscriber that were taken and did not come back since the last bounce that counted
    """
    if before.bounced_at is not None and now - before.bounced_at < ONCE_IN:
        return before
    return Score(points_now(before, now, arrived=arrived) + SOFT_POINTS, now)


def points_now(score: Score, now: datetime, *, arrived: int) -> float:
    """What is left of a score: each mail that arrived takes half a point, and a week in which any did takes all."""
    if score.bounced_at is None:
        return 0.0
    silence = now - score.bounced_at
    if silence >= FORGOTTEN_AFTER or (arrived and silence >= STALE_AFTER):
        return 0.0
    return max(0.0, score.points - ARRIVED_POINTS * arrived)


def is_enough(score: Score, threshold: float) -> bool:
    """Whether the address is mailed no more. Half a point a day at most, so a threshold of 5 takes ten bad days."""
    return score.points >= threshold
