"""Turns a campaign's counts into what a person watching wants to know: how far, how fast, how long still."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from syndication.campaigns.models import Campaign
from syndication.campaigns.status import Status
from syndication.web import wording

BAR_ORDER = ("delivered", "bounced", "failed", "skipped", "held", "deferred", "in_doubt", "transmitting", "claimed")
UNDER_WAY = ("in_doubt", "transmitting", "claimed")
"""Handed to a server whose answer is not known: neither sent nor unsent."""
SMOOTHING = 0.4  # the share of the newest reading in the rate
SAY_EVERY = 10  # percent; a screen reader is told no more often
LARGE_AUDIENCE = 50_000  # rows; counting more than that each second costs the database too much
SOON = timedelta(minutes=2)
FASTEST_SENSIBLE = 1e6  # deliveries per second


@dataclass(frozen=True, slots=True)
class Pace:
    """What the last poll saw, carried in the URL of the next, so that the server keeps nothing: settled rows, when, rate, percent said."""

    settled: int
    at: datetime
    rate: float
    said: int

    @classmethod
    def start(cls, now: datetime) -> "Pace":
        """Before anything was seen."""
        return cls(settled=-1, at=now, rate=0.0, said=-1)

    @classmethod
    def read(cls, query: Mapping[str, str], now: datetime) -> "Pace":
        """From a URL, which anybody may have written: nonsense counts as nothing seen."""
        try:
            seen = cls(
                settled=int(query["done"][:18]),
                at=datetime.fromtimestamp(float(query["at"]), UTC),
                rate=min(max(float(query["rate"]), 0.0), FASTEST_SENSIBLE),
                said=int(query["said"][:18]),
            )
        except (KeyError, ValueError, OverflowError, OSError):
            return cls.start(now)
        return cls.start(now) if math.isnan(seen.rate) or seen.at > now else seen

    @property
    def query(self) -> str:
        """For the URL of the next poll."""
        return urlencode({"done": self.settled, "at": f"{self.at.timestamp():.3f}", "rate": f"{self.rate:.2f}", "said": self.said})


@dataclass(frozen=True, slots=True)
class Progress:
    """A campaign in motion, ready to be shown."""

    status: Status
    pace: Pace
    percent: int
    sent: int
    """Readers who got it."""
    unsent: int
    """Readers who did not and, once nothing moves any more, will not."""
    parts: list[tuple[str, int]]
    """State and count, in the order of the bar."""
    left: str
    """How long it will take still, or ""."""
    announcement: str
    """What a screen reader is told now, or ""."""
    poll_seconds: int
    """0: nothing will move any more."""


def progress_of(status: Status, seen: Pace, now: datetime) -> Progress:
    """What to show now, given what the last poll saw."""
    total = status.audience or sum(status.deliveries.values())
    settled = status.settled
    percent = 100 * settled // total if total else 0
    rate = _rate(settled, seen, now) if status.state == Campaign.State.RUNNING else 0.0
    is_cut = status.state == Campaign.State.CANCELLED  # then "done" would be said of readers who get nothing
    is_news = percent // SAY_EVERY > seen.said // SAY_EVERY and seen.said >= 0 and total > 0 and not is_cut
    said = percent if is_news or seen.said < 0 else seen.said
    return Progress(
        status=status,
        pace=Pace(settled, now, rate, said),
        percent=percent,
        sent=status.deliveries["delivered"],
        unsent=total - status.deliveries["delivered"] - sum(status.deliveries[state] for state in UNDER_WAY),
        parts=[(state, status.deliveries[state]) for state in BAR_ORDER],
        left=wording.how_long((total - settled) / rate) if rate > 0 and total > settled else "",
        announcement=f"{percent} percent: {settled:,} of {total:,} done." if is_news else "",
        poll_seconds=_poll_seconds(status, total, now),
    )


def _rate(settled: int, seen: Pace, now: datetime) -> float:
    """Settled deliveries per second, smoothed over the last polls."""
    seconds = (now - seen.at).total_seconds()
    if seen.settled < 0 or seconds <= 0:
        return seen.rate
    newest = max(settled - seen.settled, 0) / seconds
    return newest if seen.rate == 0 else SMOOTHING * newest + (1 - SMOOTHING) * seen.rate


def _poll_seconds(status: Status, total: int, now: datetime) -> int:
    if status.state == Campaign.State.RUNNING:
        return 1 if total <= LARGE_AUDIENCE else 5
    if status.state == Campaign.State.SCHEDULED and status.starts_at:
        return 1 if status.starts_at - now < SOON else 30
    return 5 if status.state == Campaign.State.PAUSED else 0
