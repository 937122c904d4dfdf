"""Knows what staff may ask of the subscribers, and reads it from the address of a page, which anybody may have written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

LONGEST_WORDS = 200  # characters
LARGEST_ID = 2**63 - 1  # what a bigint column holds
STATES = ("pending", "confirmed", "unsubscribed")
HELD = {"free": "May be mailed", "suppressed": "Suppressed", "bounced": "Bounced", "paused": "Paused"}
SOURCES = ("form", "api", "import", "staff", "link", "preferences", "undo", "command line")
"""How consent came about, as the records say it."""
SORTS = ("-joined", "joined", "address", "-address")
NAMES = ("q", "list", "state", "held", "since", "until", "source", "sort")


@dataclass(frozen=True, slots=True)
class Search:
    """A question about subscribers; empty fields ask nothing. Days are UTC's."""

    words: str = ""
    """A part of address or name."""
    attribute: tuple[str, tuple[str | float | bool, ...]] | None = None
    """A name and the values of which one is meant: "vip=1" may have been kept as text or as a number."""
    list_id: int | None = None
    state: str = ""
    held: str = ""
    since: date | None = None
    until: date | None = None
    source: str = ""
    sort: str = SORTS[0]
    asked: tuple[tuple[str, str], ...] = ()
    """As it stood in the address, without what was empty or nonsense."""

    @property
    def is_by_address(self) -> bool:
        """Whether the order is that of addresses; else that of joining."""
        return self.sort.endswith("address")

    @property
    def is_downwards(self) -> bool:
        """The newest, or the last of the alphabet, first."""
        return self.sort.startswith("-")

    @property
    def is_filtered(self) -> bool:
        """Whether anything is asked besides the order."""
        return any(name != "sort" for name, _ in self.asked)

    def query(self, **more: str | int | None) -> str:
        """For an address that asks the same, and more."""
        return urlencode({**dict(self.asked), **{name: value for name, value in more.items() if value is not None}})


def read(query: Mapping[str, str]) -> Search:
    """The search of an address; nonsense in it asks nothing."""
    typed = {name: query.get(name, "").replace("\0", "").strip()[:LONGEST_WORDS] for name in NAMES}
    sound = {
        **typed,
        "list": typed["list"] if _number(typed["list"]) is not None else "",
        "state": typed["state"] if typed["state"] in STATES else "",
        "held": typed["held"] if typed["held"] in HELD else "",
        "source": typed["source"] if typed["source"] in SOURCES else "",
        "since": typed["since"] if _day(typed["since"]) else "",
        "until": typed["until"] if _day(typed["until"]) else "",
        "sort": typed["sort"] if typed["sort"] in SORTS else "",
    }
    words, attribute = _words(sound["q"])
    return Search(
        words=words,
        attribute=attribute,
        list_id=_number(sound["list"]),
        state=sound["state"],
        held=sound["held"],
        since=_day(sound["since"]),
        until=_day(sound["until"]),
        source=sound["source"],
        sort=sound["sort"] or SORTS[0],
        asked=tuple((name, value) for name, value in sound.items() if value),
    )


def _words(typed: str) -> tuple[str, tuple[str, tuple[str | float | bool, ...]] | None]:
    name, sign, value = typed.partition("=")
    if not sign or not name.strip() or "@" in name:
        return typed, None
    name, value = name.strip(), value.strip()
    values: tuple[str | float | bool, ...] = (value,)
    try:
        read = json.loads(value)
    except ValueError:
        return "", (name, values)
    is_plain = isinstance(read, int | float) and abs(read) < float("inf")
    return "", (name, (*values, read) if is_plain else values)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and int(text[:20]) <= LARGEST_ID and len(text) <= len(str(LARGEST_ID)) else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
