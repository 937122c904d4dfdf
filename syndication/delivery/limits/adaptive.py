"""Knows how a sender goes slower when a provider complains of its speed, and faster again when it does not."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

SLOWEST_PER_MINUTE = 1.0
MINUTE_SECONDS = 60
WINDOW = timedelta(seconds=60)
FEWEST_COMPLAINTS = 3
COMPLAINTS_SHARE = 0.05
"""Complaints that are fewer, or a smaller part of the attempts, are answered by the messages' own retries."""
SHARE_WHEN_SLOWED = 0.2
SETTLE = timedelta(seconds=15)
"""After a slowdown the messages already at the wire are still refused: they ask for no second one."""
RISE_AFTER = timedelta(seconds=60)
RISE_FACTOR = 1.25
RISE_BY = 1.0
"""Messages a minute: what a slow pace rises by at least."""
BLIND_SHARE = 8
"""When everything was refused, the pace that the provider would take is unknown: an eighth of the attempts is the first guess."""
IS_MENDED = 2.0
"""A pace that rose to so many times what was complained about needs no throttle any more."""
STALE = timedelta(hours=24)


class Seen(NamedTuple):
    """What a provider answered in the last `seconds` (> 0): messages taken, and complaints about speed."""

    accepted: int
    complaints: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Throttled:
    """A provider's pace in messages a minute, the pace that it complained about, and when what happened; aware UTC times."""

    per_minute: float
    complained_per_minute: float
    slowed_at: datetime
    refused_at: datetime
    raised_at: datetime


def is_burst(seen: Seen, *, is_throttled: bool) -> bool:
    """Whether the complaints ask for a slower pace. A throttled provider sends few answers, so one in five is enough there."""
    attempts = seen.accepted + seen.complaints
    if is_throttled:
        return seen.complaints > 0 and seen.complaints >= SHARE_WHEN_SLOWED * attempts
    return seen.complaints >= FEWEST_COMPLAINTS and seen.complaints >= COMPLAINTS_SHARE * attempts


def first_pace(seen: Seen, now: datetime) -> Throttled:
    """Half of what the provider took lately; when it took nothing or next to nothing, half of an eighth of what it was offered."""
    taken = max(seen.accepted, (seen.accepted + seen.complaints) / BLIND_SHARE) * MINUTE_SECONDS / seen.seconds
    return Throttled(max(SLOWEST_PER_MINUTE, taken / 2), max(SLOWEST_PER_MINUTE, taken), now, now, now)


def slower(one: Throttled, now: datetime) -> Throttled:
    """Half the pace, at least one message a minute; while the last slowdown settles only the complaint is noted."""
    if now - one.slowed_at < SETTLE:
        return replace(one, refused_at=max(now, one.refused_at))
    pace = max(SLOWEST_PER_MINUTE, one.per_minute / 2)
    return Throttled(pace, max(SLOWEST_PER_MINUTE, one.per_minute), slowed_at=now, refused_at=now, raised_at=one.raised_at)


def may_rise(one: Throttled, now: datetime) -> bool:
    """Whether a minute has gone by without complaint, slowdown or rise."""
    return now - max(one.slowed_at, one.refused_at, one.raised_at) >= RISE_AFTER


def faster(one: Throttled, now: datetime) -> Throttled | None:
    """A quarter more, at least one message a minute more; None: it is mended and needs no throttle. Asked when mail was taken and may_rise."""
    pace = max(one.per_minute * RISE_FACTOR, one.per_minute + RISE_BY)
    return None if pace >= IS_MENDED * one.complained_per_minute else replace(one, per_minute=pace, raised_at=now)


def is_stale(one: Throttled, now: datetime) -> bool:
    """Whether nothing happened for a day: what a provider said then says nothing about now."""
    return now - max(one.slowed_at, one.refused_at, one.raised_at) >= STALE
