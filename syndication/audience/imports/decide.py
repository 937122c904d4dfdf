"""Decides what becomes of each row of a group, from what is known of its readers; never against a reader's word."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from syndication.audience import consent
from syndication.audience.suppression.domain_names import DomainRules
from syndication.audience.table.rows import LONGEST_NAME, Row

LONGEST_LOCALE, LONGEST_ZONE = 35, 64
_ADDED = {
    "confirmed": consent.after(consent.State.NONE, consent.Act.ADD_CONFIRMED),
    "pending": consent.after(consent.State.NONE, consent.Act.ADD_PENDING),
}
ELSEWHERE = {
    "unsubscribed": "unsubscribed in the other system",
    "bounced": "the other system says that mail to it bounces",
    "complained": "complained in the other system",
}


class Person(NamedTuple):
    """One row whose address is one: in its single spelling, with its keyed hash."""

    address: str
    hashed: str
    row: Row


class Known(NamedTuple):
    """A subscriber who is there, and the subscription to the list, where there is one."""

    subscriber_id: int
    name: str
    locale: str
    time_zone: str
    attributes: Mapping[str, Any]
    updated_at: datetime
    subscription_id: int | None
    state: str | None
    changed_at: datetime | None


class Details(NamedTuple):
    """What a row can change in a subscriber."""

    name: str
    locale: str
    time_zone: str
    attributes: Mapping[str, Any]


class Refusal(NamedTuple):
    """A row that is not taken, and why."""

    line: int
    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows of a group's readers, by keyed hash."""

    known: Mapping[str, Known]
    suppressed: Mapping[str, str]
    """Hash -> reason."""
    domains: DomainRules


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person who imports wants."""

    is_confirmed: bool
    suppresses_left: bool = False


@dataclass(slots=True)
class Decision:
    """What is to be written, and how the rows count."""

    new: list[tuple[Person, str]] = field(default_factory=list)
    """Nobody has the address: a subscriber and a subscription, in the state."""
    joining: list[tuple[Known, Row, str]] = field(default_factory=list)
    """A subscriber who is not on the list yet."""
    moving: list[tuple[Known, str]] = field(default_factory=list)
    """A subscription that gets another state."""
    updating: list[tuple[Known, Details]] = field(default_factory=list)
    suppressing: list[tuple[str, str]] = field(default_factory=list)
    """Hash and reason."""
    refused: list[Refusal] = field(default_factory=list)
    updated: int = 0
    unchanged: int = 0


def decide(people: Iterable[Person], facts: Facts, wish: Wish) -> Decision:
    """What becomes of each person; every one is counted exactly once: new, joining, updated, unchanged or refused."""
    made = Decision()
    new, found, added = made.new, facts.known, _ADDED["confirmed" if wish.is_confirmed else "pending"]
    is_open = not (facts.suppressed or facts.domains.blocked or facts.domains.has_allowed)
    for person in people:
        known = found.get(person.hashed)
        standing = person.row.standing
        if known is None and is_open and not standing:  # nearly everybody in nearly every file
            new.append((person, added))
            continue
        why = _why_not(person, known, facts, wish, made)
        if why:
            made.refused.append(Refusal(person.row.line, person.row.address[:80], why))
            continue
        state = _ADDED["pending"] if standing == "pending" else added
        if known is None:
            new.append((person, state))
        else:
            _meet(known, person.row, state, made)
    return made


def _why_not(person: Person, known: Known | None, facts: Facts, wish: Wish, made: Decision) -> str:
    row = person.row
    if row.standing in ELSEWHERE:
        if wish.suppresses_left and person.hashed not in facts.suppressed:
            made.suppressing.append((person.hashed, row.standing))
            return f"{ELSEWHERE[row.standing]}; suppressed here, too"
        return ELSEWHERE[row.standing]
    if facts.suppressed and person.hashed in facts.suppressed:
        return f"suppressed ({facts.suppressed[person.hashed]}): this address must not be mailed"
    if facts.domains.blocked or facts.domains.has_allowed:
        blocked = facts.domains.why_not(person.address)
        if blocked:
            return blocked
    if known is not None and known.state == consent.State.UNSUBSCRIBED:
        return f"left this list on {known.changed_at:%Y-%m-%d}; only the reader can come back"
    return ""


def _meet(known: Known, row: Row, state: str, made: Decision) -> None:
    """A reader who is there already."""
    after = details(known, row)
    has_changed = after != Details(known.name, known.locale, known.time_zone, known.attributes)
    if has_changed:
        made.updating.append((known, after))
    if known.state is None:
        made.joining.append((known, row, state))
        return
    is_moved = known.state == consent.State.PENDING and state == consent.State.CONFIRMED
    if is_moved:
        made.moving.append((known, state))
    if is_moved or has_changed:
        made.updated += 1
    else:
        made.unchanged += 1


def details(known: Known, row: Row) -> Details:
    """The subscriber's details after the row: what it says wins, what it does not say stays."""
    return Details(
        name=row.name[:LONGEST_NAME] or known.name,
        locale=row.locale[:LONGEST_LOCALE] or known.locale,
        time_zone=row.time_zone[:LONGEST_ZONE] or known.time_zone,
        attributes={**known.attributes, **row.attributes} if row.attributes else known.attributes,
    )
