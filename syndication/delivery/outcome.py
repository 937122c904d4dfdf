"""Turns what an SMTP server answered, or did not answer, into the next state of a delivery."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from syndication.delivery.states import State

FIRST_RETRY = timedelta(minutes=1)
GREYLIST_RETRY = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=3)
LONGEST_REPLY = 300  # characters kept


class Stage(StrEnum):
    """Where in the transaction the answer came (RFC 5321 3.3)."""

    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    DOT = "end of message"


@dataclass(frozen=True, slots=True)
class Answer:
    """One server reply: its code 200..599, its text, and the command that it answers."""

    stage: Stage
    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to write into the row; `due_at` only for deferred ones."""

    state: State
    reply: str
    code: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """How often and since when: attempts so far (>= 1), start of the mailing, now; aware UTC times. `jitter` in [0, 1)."""

    attempts: int
    since: datetime
    now: datetime
    jitter: float = 0.0


def outcome_of(answer: Answer, tries: Tries) -> Outcome:
    """The state after a clear answer: 2xx delivered, 4xx deferred, 5xx final.

    A 5xx to MAIL speaks of the sender, not of the reader's mailbox: failed, not bounced.
    """
    reply = answer.text[:LONGEST_REPLY]
    if answer.code < 300:  # noqa: PLR2004  # RFC 5321 4.2.1: 2yz positive, 4yz transient, 5yz permanent
        return Outcome(State.DELIVERED, reply, answer.code)
    if answer.code >= 500:  # noqa: PLR2004
        state = State.FAILED if answer.stage is Stage.MAIL else State.BOUNCED
        return Outcome(state, f"{answer.stage}: {reply}"[:LONGEST_REPLY], answer.code)
    return deferred(f"{answer.stage}: {reply}", tries, code=answer.code, is_greylisted="grey" in reply.lower() or "gray" in reply.lower())


def lost_before_dot(why: str, tries: Tries) -> Outcome:
    """The connection broke before the final dot: surely not taken, tried again (RFC 5321 4.5.4.1)."""
    return deferred(f"connection lost before the end of the message: {why}", tries)


def lost_after_dot(why: str) -> Outcome:
    """The connection broke after the final dot: nobody can know (RFC 1047)."""
    return Outcome(State.IN_DOUBT, f"no answer after the end of the message: {why}"[:LONGEST_REPLY])


def deferred(reply: str, tries: Tries, *, code: int | None = None, is_greylisted: bool = False) -> Outcome:
    """Deferred until the next try, or failed when it has been tried for GIVE_UP_AFTER."""
    due_at = next_try_at(tries, first=GREYLIST_RETRY if is_greylisted else FIRST_RETRY)
    if due_at is None:
        return Outcome(State.FAILED, f"given up after {GIVE_UP_AFTER.days} days: {reply}"[:LONGEST_REPLY], code)
    return Outcome(State.DEFERRED, reply[:LONGEST_REPLY], code, due_at)


def next_try_at(tries: Tries, *, first: timedelta = FIRST_RETRY) -> datetime | None:
    """The next try: now + first x 2**(attempts - 1), at most LONGEST_WAIT, plus up to a tenth of jitter; None: give up.

    Source: RFC 5321 4.5.4.1 asks for 30 minutes and 4 to 5 days; shorter here because news ages.
    """
    if tries.now - tries.since >= GIVE_UP_AFTER:
        return None
    wait: timedelta = min(first * (1 << min(tries.attempts - 1, 16)), LONGEST_WAIT)
    return tries.now + wait * (1 + tries.jitter / 10)


def after_doubt(kind: str, attempts: int) -> State:
    """The policy on doubt: campaigns hold (never twice), confirmations are tried once more (never lost)."""
    return State.DEFERRED if kind == "confirmation" and attempts < 2 else State.HELD  # noqa: PLR2004  # the second try is the last
