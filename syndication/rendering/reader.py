"""What a mail may say about the person who reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

NAMEABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Reader:
    """What merge fields may show of one subscriber.

    address     the email address; empty only for ANONYMOUS
    locale      a language tag such as "de-AT", or empty
    attributes  whatever the publication knows, by keys that a merge field can name
    """

    address: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    locale: str = ""
    attributes: Mapping[str, JSON] = field(default_factory=dict)


ANONYMOUS = Reader(address="")
"""The reader of a feed or a page: every field is missing, so that default() speaks."""


class ReaderRow(NamedTuple):
    """One reader's row as a query brings it: the subscriber's id and the columns that reader_from() takes."""

    subscriber_id: int
    address: str
    name: str
    attributes: Mapping[str, JSON]
    locale: str


def reader_from(address: str, name: str, attributes: Mapping[str, JSON], locale: str) -> Reader:
    """A reader from a subscriber's columns.

    The first and last name are the attributes of those names, else the first and (of several) the last word of the name.
    Attributes whose key is not [A-Za-z_][A-Za-z0-9_]* are left out: no merge field can name them.
    """
    return Reader(
        address=address,
        name=name,
        first_name=first_name(name, attributes),
        last_name=last_name(name, attributes),
        locale=locale,
        attributes={key: value for key, value in attributes.items() if NAMEABLE.fullmatch(key)},
    )


def first_name(name: str, attributes: Mapping[str, JSON]) -> str:
    """The attribute of that name, else the first word of the name."""
    given = _text(attributes.get("first_name")) if attributes else ""
    if given:
        return given
    words = name.split(None, 1)
    return words[0] if words else ""


def last_name(name: str, attributes: Mapping[str, JSON]) -> str:
    """The attribute of that name, else the last of several words of the name."""
    words = name.split()
    return _text(attributes.get("last_name")) or (words[-1] if len(words) > 1 else "")


def _text(value: JSON) -> str:
    return value.strip() if isinstance(value, str) else ""
