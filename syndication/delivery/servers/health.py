"""Knows how long a server rests that could not be reached."""

FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60


def pause_seconds(times_away: int) -> int:
    """The pause after a server was away `times_away` times in a row before this one (>= 0): 5, 10, 20, 40, 60, 60 … seconds."""
    return min(FIRST_PAUSE_SECONDS << min(times_away, 8), LONGEST_PAUSE_SECONDS)
