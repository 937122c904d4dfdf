"""Turns a wall time and an IANA zone into a moment, and says so when there is none or there are two."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from syndication.errors import BadInput

LONGEST_TIME = 64  # characters
FARTHEST = timedelta(days=5 * 366)


class BadSchedule(BadInput):
    """A time, zone or date that cannot be used for a send."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a campaign starts: the moment in UTC, what was typed, and a remark when the wall time happens twice."""

    moment: datetime
    wall_time: str
    zone: str
    remark: str = ""


def schedule(at: str, zone: str, *, now: datetime, zones: AbstractSet[str]) -> Schedule:
    """The schedule for "2026-12-01T09:00" in "Europe/Berlin".

    at     ISO 8601 without offset is wall time in `zone`; with an offset (or Z) it is that moment
    zones  the known IANA names
    Raises BadSchedule: not a time, unknown zone, in the past, in a gap of daylight saving, or more than five years away.
    """
    if zone not in zones:
        raise BadSchedule(f"{zone!r} is no time zone; use an IANA name such as Europe/Berlin or America/New_York.")
    typed = _typed(at)
    if typed.tzinfo is not None:
        return _checked(Schedule(typed.astimezone(UTC), at, zone), now)
    wall = typed.replace(tzinfo=ZoneInfo(zone))
    moment = wall.astimezone(UTC)
    if moment.astimezone(wall.tzinfo).replace(tzinfo=None) != typed:
        after = (moment.astimezone(wall.tzinfo)).strftime("%H:%M")
        raise BadSchedule(f"{at} does not exist in {zone}: the clocks are put forward then. The next time that exists is {after}.")
    return _checked(Schedule(moment, at, zone, _remark(wall, at)), now)


def _typed(at: str) -> datetime:
    try:
        if len(at) > LONGEST_TIME:
            raise ValueError(at)  # noqa: TRY301  # one answer for all that is no time
        return datetime.fromisoformat(at.strip())
    except ValueError as error:
        raise BadSchedule(f"{at[:40]!r} is no date and time; write it as 2026-12-01T09:00.") from error


def _remark(wall: datetime, at: str) -> str:
    earlier, later = wall.replace(fold=0).astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if earlier == later:
        return ""
    return f"{at} happens twice, as the clocks are put back; the first one is meant ({earlier:%H:%M} UTC)."


def _checked(found: Schedule, now: datetime) -> Schedule:
    if found.moment <= now:
        ago = str(now - found.moment).split(".", maxsplit=1)[0]
        raise BadSchedule(
            f"{found.wall_time} in {found.zone} ({found.moment:%Y-%m-%d %H:%M} UTC) is {ago} in the past. "
            "Give a later time, or start it at once with `campaign start`."
        )
    if found.moment - now > FARTHEST:
        raise BadSchedule(f"{found.wall_time} is more than five years away; is the year right?")
    return found
