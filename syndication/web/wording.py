"""Says numbers, times and sizes the way a person would."""

from datetime import datetime
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds
SHORTEST = 45  # seconds; below this, "now" says enough
SIZE_STEP = 1_024


def how_long(seconds: float) -> str:
    """A duration >= 0 s in its two largest units: "40 s", "12 min", "2 h 10 min", "3 d 4 h"."""
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return _two(whole // HOUR, "h", whole % HOUR // MINUTE, "min")
    return _two(whole // DAY, "d", whole % DAY // HOUR, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def from_now(moment: datetime, now: datetime) -> str:
    """Where `moment` lies as seen from `now` (both aware): "in 2 h 10 min", "5 h ago", "just now". The past needs only one unit."""
    seconds = (moment - now).total_seconds()
    if seconds > 0:
        return f"in {how_long(seconds)}"
    if -seconds < SHORTEST:
        return "just now"
    unit = next((unit for unit in (DAY, HOUR, MINUTE) if -seconds >= unit), 1)
    return f"{how_long(-seconds // unit * unit)} ago"


def stamp(moment: datetime, zone: str = "UTC") -> str:
    """An aware moment on the wall clock of `zone`: "Tue 1 Dec 2026, 09:00 CET"; the zone's own name when it has no letters for one."""
    local = moment.astimezone(ZoneInfo(zone))
    letters = local.tzname() or zone
    name = letters if letters[0].isalpha() else f"{zone} ({letters})"
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} {name}"


def thousands(number: int) -> str:
    """12345 as "12,345"."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 article", "1,240 articles", "2 deliveries"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(count: int) -> str:
    """Bytes as "812 bytes", "14.2 KB" or "3.1 MB" (1 KB = 1,024 bytes, as mail programs count)."""
    if count < SIZE_STEP:
        return counted(count, "byte")
    if count < SIZE_STEP**2:
        return f"{count / SIZE_STEP:.1f} KB"
    return f"{count / SIZE_STEP**2:.1f} MB"
