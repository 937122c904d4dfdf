"""The words in which senders and the limiter speak: what may go now, what must wait and why, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

HORIZON_SECONDS = 600.0
"""Nobody is told to wait longer than this: limits change, throttles rise, and a row that sleeps for hours would not notice."""


class Wait(NamedTuple):
    """How long the rest of a recipient domain waits, and why, in words for staff.

    seconds  until the first `chunk` messages may go (> 0)
    chunk    messages that may go then (>= 1)
    rate     messages a second that may go on average
    """

    seconds: float
    because: str
    chunk: int = 1
    rate: float = 1.0

    def seconds_of(self, position: int) -> float:
        """When to ask for the message at this place (0, 1 …) among those that wait: one chunk after the other, within the horizon."""
        return min(self.seconds + position // self.chunk * self.chunk / self.rate, max(self.seconds, HORIZON_SECONDS))


@dataclass(frozen=True, slots=True)
class Grants:
    """How many messages may go now.

    now    recipient domain -> messages (>= 0), for every domain that was asked for
    waits  only for domains that got less than they asked for: when to ask again
    """

    now: Mapping[str, int]
    waits: Mapping[str, Wait] = field(default_factory=dict)

    @property
    def is_all(self) -> bool:
        """Whether everything that was asked for may go now: the usual case."""
        return not self.waits


class Reported(NamedTuple):
    """What a recipient domain answered in one settlement group; delivery.refusals sorts them.

    accepted       messages taken (2xx)
    rate_refusals  refused for their speed: refusals.Kind.RATE, whatever their code
    other_4xx      greylisting, full mailboxes and the rest: they change no pace
    text           one of the rate refusals, for staff
    """

    accepted: int = 0
    rate_refusals: int = 0
    other_4xx: int = 0
    text: str = ""
