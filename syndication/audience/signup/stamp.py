"""Makes and reads the signed stamp of a sign-up form: when it was shown, for which publication, with which words.

A program that posts without reading has no stamp; one that posts the moment it has read is too quick. Both get the form once more,
filled in, so that a person loses one click at most.
"""

import hashlib
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from syndication.audience import tokens

PURPOSE = "sign-up"
OLDEST_SECONDS = 24 * 3600
ADDRESS_MARK_BYTES = 6
_FIELDS = 5


class Step(IntEnum):
    """Which page carries the stamp: the form, the form shown once more, or the page that asks to wait (for those without JavaScript)."""

    FORM = 0
    AGAIN = 1
    WAIT = 2


LEAST_SECONDS = {Step.FORM: 2, Step.AGAIN: 0, Step.WAIT: 60}
"""How old a stamp must be. The second page has no wait: it serves only the address that was typed on the first."""


class Trouble(StrEnum):
    """Why a stamp does not do."""

    MISSING = "missing"
    TOO_QUICK = "too quick"
    TOO_OLD = "too old"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a form knows of itself.

    made_at       milliseconds since 1970
    wording       the mark of the words that it shows (wording.py)
    address_mark  of the address that an AGAIN or WAIT page was made for, 0 on the first form
    """

    publication_id: int
    made_at: int
    wording: int
    step: Step = Step.FORM
    address_mark: int = 0


def make(stamp: Stamp, key: bytes) -> str:
    """The stamp as a form carries it."""
    return tokens.make((stamp.publication_id, stamp.made_at, stamp.wording, int(stamp.step), stamp.address_mark), key)


def read(token: str, key: bytes) -> Stamp | None:
    """The stamp, or None when it is not one of ours."""
    numbers = tokens.read(token, key, count=_FIELDS) if token else None
    if numbers is None or numbers[3] not in set(Step):
        return None
    return Stamp(numbers[0], numbers[1], numbers[2], Step(numbers[3]), numbers[4])


def trouble(stamp: Stamp | None, *, publication_id: int, address: str, now: int, is_proved: bool = False) -> Trouble | None:
    """What is wrong with the stamp of a form posted at `now` (milliseconds since 1970) with a normalised address; None: nothing.

    is_proved  whether its sum was done, which makes up for the wait
    """
    if stamp is None or stamp.publication_id != publication_id:
        return Trouble.MISSING
    age = (now - stamp.made_at) / 1000
    if age > OLDEST_SECONDS:
        return Trouble.TOO_OLD
    is_for_other = stamp.step is not Step.FORM and stamp.address_mark != address_mark(address)
    if stamp.step is Step.WAIT and is_for_other:
        return Trouble.MISSING
    step = Step.FORM if is_for_other else stamp.step
    least = 0 if is_proved and step is Step.WAIT else LEAST_SECONDS[step]
    return Trouble.TOO_QUICK if age < least else None


def address_mark(address: str) -> int:
    """A number that tells one normalised address from another."""
    return int.from_bytes(hashlib.sha256(address.encode("utf-8", "surrogatepass")).digest()[:ADDRESS_MARK_BYTES])
