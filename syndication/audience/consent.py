"""Knows which way a subscription may change, and by whom."""

from enum import StrEnum


class State(StrEnum):
    """The states of a subscription; NONE: no row yet."""

    NONE = "none"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class Act(StrEnum):
    """Who does what: a reader asks, confirms, leaves or undoes; staff or an import adds."""

    ASK = "ask"
    CONFIRM = "confirm"
    LEAVE = "leave"
    UNDO = "undo"
    ADD_PENDING = "add pending"
    ADD_CONFIRMED = "add confirmed"


_CHANGES = {
    (State.NONE, Act.ASK): State.PENDING,
    (State.NONE, Act.ADD_PENDING): State.PENDING,
    (State.NONE, Act.ADD_CONFIRMED): State.CONFIRMED,
    (State.PENDING, Act.CONFIRM): State.CONFIRMED,
    (State.PENDING, Act.ADD_CONFIRMED): State.CONFIRMED,
    (State.PENDING, Act.LEAVE): State.UNSUBSCRIBED,
    (State.CONFIRMED, Act.LEAVE): State.UNSUBSCRIBED,
    # only the reader leads back from here; staff and imports never do
    (State.UNSUBSCRIBED, Act.CONFIRM): State.CONFIRMED,
    (State.UNSUBSCRIBED, Act.UNDO): State.CONFIRMED,
}


def after(state: State, act: Act) -> State:
    """The state that follows; the same one when the act changes nothing."""
    return _CHANGES.get((state, act), state)
