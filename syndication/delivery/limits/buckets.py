"""Knows token buckets: what may go now, fairly between recipient domains, and how long the rest waits.

redis_buckets.py says the same in Lua, and a test holds the two together.
"""

from collections.abc import Sequence
from typing import NamedTuple

from syndication.delivery.limits.rates import SECOND, Rate

BURST_SECONDS = 2
AT_HAND_SECONDS = 0.8
HAIR = 1e-6  # of a message: sums of fractions, and clocks of microseconds, may fall so far short of a whole one


class Bucket(NamedTuple):
    """A budget that fills by `rate` messages a second up to `burst` (>= 1); `because` says whose it is, for staff."""

    key: str
    rate: float
    burst: float
    because: str


class Wish(NamedTuple):
    """So many messages (>= 1), each of which needs one token of every bucket named here by its place in the list."""

    wanted: int
    buckets: tuple[int, ...]


class Allotment(NamedTuple):
    """Messages granted, a number for each wish, and what is left in each bucket."""

    granted: list[int]
    levels: list[float]


def usual_burst(rate: Rate) -> int:
    """Messages that may go at once when nobody says otherwise: a second's worth of a limit a second, else two seconds' worth."""
    seconds = 1 if rate.per_seconds == SECOND else BURST_SECONDS
    return max(1, rate.messages * seconds // rate.per_seconds)


def bucket_of(key: str, rate: Rate, burst: int | None, because: str) -> Bucket:
    """The bucket that keeps a rate.

    A limit a second is an average with bursts. A limit a minute, hour or day is kept in every window of that length, burst
    included: a bucket of size b that fills by r lets through fewer than b + r w + 1 messages in w seconds, so r = (limit + 1 - b) / w.
    A burst as large as the limit would never fill: it is cut to half the limit.
    """
    size = burst or usual_burst(rate)
    if rate.per_seconds == SECOND:
        return Bucket(key, rate.messages, size, because)
    size = min(size, (rate.messages + 1) // 2)
    return Bucket(key, (rate.messages + 1 - size) * (1 - 2 * HAIR) / rate.per_seconds, size, because)


def refilled(level: float, seconds: float, bucket: Bucket) -> float:
    """The level after `seconds`; a clock that went back changes nothing."""
    return min(bucket.burst, level + max(seconds, 0.0) * bucket.rate)


def allot(levels: Sequence[float], wishes: Sequence[Wish]) -> Allotment:
    """Share what the buckets hold between wishes, which stand in order of size, the smallest first.

    First everyone gets up to an equal share of each bucket that it needs, so that a large domain leaves room for the small ones; then
    what is left goes to whoever can use it. Afterwards no wish could get one message more, and no bucket falls below where it was or 0.
    """
    left, granted = list(levels), [0] * len(wishes)
    sharers = [0] * len(left)
    for wish in wishes:
        for one in wish.buckets:
            sharers[one] += 1
    for place, wish in enumerate(wishes):
        share = min((left[one] / sharers[one] for one in wish.buckets), default=float(wish.wanted))
        _take(place, wish, share, granted, left)
        for one in wish.buckets:
            sharers[one] -= 1
    for place, wish in enumerate(wishes):
        room = min((left[one] for one in wish.buckets), default=float(wish.wanted))
        _take(place, wish, room, granted, left)
    return Allotment(granted, left)


def _take(place: int, wish: Wish, room: float, granted: list[int], left: list[float]) -> None:
    taken = max(0, min(wish.wanted - granted[place], int(room + HAIR)))
    granted[place] += taken
    for one in wish.buckets:
        left[one] -= taken


def next_chunk(rest: int, bucket: Bucket) -> float:
    """How many of `rest` messages (>= 1) to wait for: half a burst, at least one.

    Asking at half a burst loses nothing of the rate, as a full bucket would overflow. A sender keeps messages at hand for a second, and
    puts what waits longer back into its row; so at more than a message a second the chunk is ready before that.
    """
    return min(float(rest), max(1.0, min(bucket.burst / 2, bucket.rate * AT_HAND_SECONDS)))


def wait_seconds(rest: int, level: float, bucket: Bucket) -> float:
    """When the next chunk of `rest` messages (>= 1) is there. 0: it is there."""
    return max(0.0, (next_chunk(rest, bucket) - level) / bucket.rate)
