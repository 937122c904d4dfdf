"""Names the places where a sender may be killed, so that tests can let a process die exactly there.

SYNDICATION_CRASH_AT=name[:n] ends the process without any clean-up (exit code 137, as after `kill -9`) when it passes the named point
for the n-th time (1 when left out). Unset, which is always so outside tests, passing a point does nothing.
"""

import itertools
import os
from collections.abc import Callable, Mapping

from syndication.environment import SettingError, read

VARIABLE = "SYNDICATION_CRASH_AT"
EXIT_CODE = 137  # 128 + SIGKILL, as a shell reports it
NAMES: tuple[str, ...] = (
    "planned-page",  # a page of rows is committed, the rest of the audience is not planned yet
    "after-plan",  # every row stands, the mailing is open, nobody was rung for
    "after-claim",  # a batch is ours, nothing of it was composed
    "composed",  # a message is ready, its intent is not in the journal
    "before-dot",  # the intent is written, the final dot is not sent
    "after-dot",  # the dot is sent, the answer is not read
    "after-reply",  # the answer is read, its outcome is not in the journal
    "before-settle",  # outcomes are in the journal, not in the ledger
    "after-settle",  # outcomes are committed, the journal still has them too
    "before-close",  # every row is settled, the batch or mailing is not closed
)


def wanted(environ: Mapping[str, str]) -> tuple[str, int] | None:
    """The name and the number (>= 1) in SYNDICATION_CRASH_AT; None when it is unset. Raises SettingError for anything else."""
    value = read(environ, VARIABLE)
    if not value:
        return None
    name, _, number = value.partition(":")
    if name not in NAMES:
        raise SettingError(VARIABLE, value, f"is no point; use one of {', '.join(NAMES)}, with :n for its n-th passing")
    if number and (not number.isascii() or not number.isdigit() or int(number) < 1):
        raise SettingError(VARIABLE, value, f"{number!r} is no count of passings; use a whole number from 1")
    return name, int(number or 1)


def _pass(_name: str) -> None:
    """What `reach` is outside tests."""


def _crash_at(name: str, number: int) -> Callable[[str], None]:
    passings = itertools.count(1)  # one process, all of its threads

    def reach_or_die(passed: str) -> None:
        if passed not in NAMES:
            raise ValueError(f"{passed!r} is no crash point; add it to NAMES")
        if passed == name and next(passings) == number:
            os._exit(EXIT_CODE)

    return reach_or_die


_point = wanted(os.environ)
reach: Callable[[str], None] = _crash_at(*_point) if _point else _pass
"""Say that this place is passed; the process may end here, see above."""
