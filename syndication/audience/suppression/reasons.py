"""Knows why an address must not be mailed, which reason weighs more, and who may take which one back."""

from collections.abc import Iterable
from enum import StrEnum


class Reason(StrEnum):
    """Why; each stands by itself until it is taken back."""

    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    ERASED = "erased"
    STAFF = "staff"


_LIGHTEST_FIRST = (Reason.STAFF, Reason.BOUNCED, Reason.UNSUBSCRIBED, Reason.COMPLAINED, Reason.ERASED)
OF_THE_PERSON = frozenset({Reason.UNSUBSCRIBED, Reason.COMPLAINED, Reason.ERASED})
"""Said by the person: nobody else can take them back."""


def heaviest(reasons: Iterable[str]) -> Reason | None:
    """The reason that is shown for an address that has several: what the person said before what machines and staff say."""
    return max(map(Reason, reasons), key=_LIGHTEST_FIRST.index, default=None)


def standing(history: Iterable[tuple[str, bool]]) -> set[Reason]:
    """The reasons in force after events (reason, whether it was taken back), oldest first."""
    found: set[Reason] = set()
    for reason, is_lifted in history:
        (found.discard if is_lifted else found.add)(Reason(reason))
    return found
