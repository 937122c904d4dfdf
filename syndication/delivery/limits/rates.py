"""Reads and writes rates as people say them: "20/s", "500/min", "10000/h"."""

import re
from typing import NamedTuple

from syndication.errors import BadInput

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
_UNITS = {"s": SECOND, "sec": SECOND, "second": SECOND, "min": MINUTE, "minute": MINUTE, "h": HOUR, "hour": HOUR, "d": DAY, "day": DAY}
_WORDS = {SECOND: "a second", MINUTE: "a minute", HOUR: "an hour", DAY: "a day"}
_SIGNS = {SECOND: "s", MINUTE: "min", HOUR: "h", DAY: "d"}
_RATE = re.compile(r"\s*([0-9][0-9_,.]*)\s*/\s*([A-Za-z]+)\s*")
LARGEST_RATE = 1_000_000_000


class BadRate(BadInput):
    """Text that is no rate; says how one is written."""


class Rate(NamedTuple):
    """At most `messages` (1..LARGEST_RATE) in `per_seconds` (1, 60, 3600 or 86400)."""

    messages: int
    per_seconds: int

    def __str__(self) -> str:
        return f"{self.messages:,} {_WORDS.get(self.per_seconds, f'in {self.per_seconds} seconds')}"

    @property
    def short(self) -> str:
        """As parse_rate reads it: "20/s"."""
        return f"{self.messages}/{_SIGNS.get(self.per_seconds, f'{self.per_seconds}s')}"


def parse_rate(text: str) -> Rate:
    """The rate of "20/s", "500/min", "10,000/h" or "50000/day". Raises BadRate."""
    found = _RATE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    digits = re.sub(r"[_,](?=[0-9]{3}(?![0-9]))", "", found[1]) if found else ""
    if unit is None or not digits.isdigit():
        raise BadRate(f"{text[:40]!r} is no rate; write 20/s, 500/min, 10000/h or 50000/d.")
    if not 1 <= int(digits) <= LARGEST_RATE:
        raise BadRate(
            f"{text[:40]!r} is out of range; a limit is from 1 to {LARGEST_RATE:,} messages. To stop sending, pause the campaign."
        )
    return Rate(int(digits), unit)
