"""Knows when to try again what did not arrive, and when to leave a silent host alone."""

from datetime import datetime, timedelta

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=6)
MOST_TRIES = 9  # over about 21 hours
GROWTH = 4
JITTER = 0.2

SILENT_AFTER = 5
"""Failures in a row from which on a host rests."""
FIRST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(hours=1)


def next_try_at(now: datetime, *, tries: int, chance: float, asked_wait_seconds: int = 0) -> datetime | None:
    """When to try a delivery again.

    tries               so far, >= 1
    chance              0.0..1.0, anew each time: many that failed together do not come back together
    asked_wait_seconds  what the other side wants (Retry-After), obeyed up to LONGEST_WAIT
    Returns now + 30 s * 4 ** (tries - 1), give or take a fifth, at most 6 h; None after MOST_TRIES: give up.
    """
    if tries >= MOST_TRIES:
        return None
    wait = min(FIRST_WAIT * pow(float(GROWTH), tries - 1), LONGEST_WAIT) * (1 + JITTER * (2 * chance - 1))
    return now + max(wait, min(timedelta(seconds=asked_wait_seconds), LONGEST_WAIT))


def rest_until(now: datetime, *, failures: int) -> datetime | None:
    """Until when a host that failed so often in a row is left alone, whoever waits for it; None: it is not."""
    if failures < SILENT_AFTER:
        return None
    return now + min(FIRST_REST * float(1 << min(failures - SILENT_AFTER, 10)), LONGEST_REST)
