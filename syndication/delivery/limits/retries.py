"""Knows when a refused message is tried again."""

from datetime import UTC, datetime, timedelta

FIRST_RETRY = timedelta(minutes=1)
FIRST_RETRY_GREYLISTED = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=6)
SPREAD = 0.2
GRID_SECONDS = 10
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def retry_delay(attempts: int, *, is_greylisting: bool, jitter: float) -> timedelta:
    """How long a message waits after its `attempts`-th attempt (>= 1) was refused for now.

    Doubles from one minute (greylisting: five) to six hours, plus up to a fifth of itself.
    jitter  in [0, 1), chosen once for a batch, so that batches come apart and the messages of one stay together
    Never under 60 s, greylisted never under 5 minutes, never over 6 hours. RFC 5321 4.5.4.1 asks for 30 minutes; news ages faster.
    """
    first = FIRST_RETRY_GREYLISTED if is_greylisting else FIRST_RETRY
    delay: timedelta = first * (1 << min(max(attempts, 1) - 1, 16)) * (1 + SPREAD * jitter)
    return min(delay, LONGEST_RETRY)


def is_given_up(first_tried_at: datetime, now: datetime, *, hours: int) -> bool:
    """Whether a message has been tried for `hours` (settings.GIVE_UP_AFTER_HOURS) and is failed now. Aware times."""
    return now - first_tried_at >= timedelta(hours=hours)


def round_up(due: datetime, grid_seconds: int = GRID_SECONDS) -> datetime:
    """The next moment on a grid of whole seconds since 1970, never before `due` (aware): retries come together in batches."""
    since = due - EPOCH
    grid = timedelta(seconds=grid_seconds)
    return EPOCH + -(-since // grid) * grid
