"""Turns what an SMTP server answered, or did not answer, into the next state of a delivery."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from syndication.delivery.states import Doubt, State

FIRST_RETRY_SECONDS = 60
GREYLIST_RETRY_SECONDS = 300
LONGEST_WAIT_SECONDS = 6 * 3600
GIVE_UP_SECONDS = 72 * 3600
GRID_SECONDS = 10
LONGEST_REPLY = 300  # characters kept
SHORTEST_RECEIPT, LONGEST_RECEIPT = 3, 64
SHORT_REPLY = 40
_RECEIPT = re.compile(r"(?<![\w.-])(?!\d\.\d+\.\d+(?![\w-]))(?=[\w.-]*\d)[\w.-]{5,}")


class Stage(StrEnum):
    """Where in the transaction the answer came (RFC 5321 3.3)."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "end of message"


class Answer(NamedTuple):
    """One server reply: its code 200..599, its text, and the command that it answers."""

    stage: Stage
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to write into the row; `due_at`, seconds since 1970, only for deferred ones."""

    state: State
    reply: str
    code: int | None = None
    due_at: int | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """How often and since when: attempts so far (>= 1), when the mailing was frozen, now; seconds since 1970. `jitter` in [0, 1)."""

    attempts: int
    since: int
    now: int
    jitter: float = 0.0
    give_up_after: int = GIVE_UP_SECONDS


def outcome_of(answer: Answer, tries: Tries, *, is_greylisted: bool = False) -> Outcome:
    """The state after a clear answer: 2xx delivered, 4xx deferred, 5xx final.

    A 5xx to MAIL speaks of the sender, not of the reader's mailbox: failed, not bounced.
    """
    if answer.code < 300:  # noqa: PLR2004  # RFC 5321 4.2.1: 2yz positive, 4yz transient, 5yz permanent
        return Outcome(State.DELIVERED, receipt(answer.text), answer.code)
    reply = f"{answer.stage}: {answer.text}"[:LONGEST_REPLY]
    if answer.code >= 500:  # noqa: PLR2004
        return Outcome(State.FAILED if answer.stage is Stage.MAIL else State.BOUNCED, reply, answer.code)
    return deferred(reply, tries, code=answer.code, is_greylisted=is_greylisted)


def receipt(text: str) -> str:
    """What the server calls the message, out of its reply: "4FzX2k1b" of "2.0.0 Ok: queued as 4FzX2k1b".

    The last word when it is of letters and digits, else the longest word with a digit in it that is no status code; without one the
    reply's first 40 characters. One line of ASCII: it is what a person looks for in the server's log, and a row must be narrow.
    """
    last = text[text.rfind(" ") + 1 :]
    if last.isalnum() and not last.isalpha() and last.isascii() and SHORTEST_RECEIPT <= len(last) <= LONGEST_RECEIPT:
        return last
    words = _RECEIPT.findall(text)
    found = max(words, key=len)[:LONGEST_RECEIPT] if words else text[:SHORT_REPLY]
    return " ".join(found.encode("ascii", "replace").decode().replace("\0", "?").split())


def lost_before_dot(why: str, tries: Tries) -> Outcome:
    """The connection broke before the final dot: surely not taken, tried again (RFC 5321 4.5.4.1)."""
    return deferred(f"connection lost before the end of the message: {why}", tries)


def doubt(why: str, tries: Tries, policy: Doubt) -> Outcome:
    """Nobody can know whether the message was taken (RFC 1047): held for a person, or tried once more, never twice more."""
    reply = f"no answer after the end of the message: {why}"[:LONGEST_REPLY]
    if policy is Doubt.RETRY and tries.attempts < 2:  # noqa: PLR2004  # the second try is the last
        return Outcome(State.DEFERRED, reply, due_at=tries.now + FIRST_RETRY_SECONDS)
    return Outcome(State.HELD, reply)


def deferred(reply: str, tries: Tries, *, code: int | None = None, is_greylisted: bool = False) -> Outcome:
    """Deferred until the next try, or failed when it has been tried for long enough."""
    due_at = next_try_at(tries, is_greylisted=is_greylisted)
    if due_at is None:
        return Outcome(State.FAILED, f"given up after {tries.give_up_after // 3600} hours: {reply}"[:LONGEST_REPLY], code)
    return Outcome(State.DEFERRED, reply[:LONGEST_REPLY], code, due_at)


def next_try_at(tries: Tries, *, is_greylisted: bool = False) -> int | None:
    """The next try, seconds since 1970: 1 minute (greylisted: 5) doubling to 6 hours, up to a tenth later; None: give up.

    Times fall on a grid of ten seconds, so that the retries of a batch come together. Source: RFC 5321 4.5.4.1 asks for 30 minutes
    and 4 to 5 days; shorter here because news ages.
    """
    if tries.now - tries.since >= tries.give_up_after:
        return None
    first = GREYLIST_RETRY_SECONDS if is_greylisted else FIRST_RETRY_SECONDS
    wait = min(first << min(tries.attempts - 1, 16), LONGEST_WAIT_SECONDS)
    return -(-(tries.now + int(wait * (1 + tries.jitter / 10))) // GRID_SECONDS) * GRID_SECONDS
