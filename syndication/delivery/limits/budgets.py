"""The words in which senders and the limiter speak: what may go now, what must wait and why, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Wait(NamedTuple):
    """How long the rest of a recipient domain waits, in seconds (> 0), and why, in words for staff."""

    seconds: float
    because: str


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
    """What a recipient domain answered in one settlement group; `kind` of replies.py sorts the refusals.

    accepted       messages taken (2xx)
    rate_refusals  refused for their speed: Kind.RATE
    unclear        4xx that may mean speed or greylisting: Kind.UNCLEAR
    other_4xx      greylisting, full mailboxes and the rest; they change no pace
    text           one of the refusals, for staff
    """

    accepted: int = 0
    rate_refusals: int = 0
    unclear: int = 0
    other_4xx: int = 0
    text: str = ""
