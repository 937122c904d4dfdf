"""A reader's and a publication's fields as templates see them: clean lines, and nothing where nothing is known."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Undefined

from syndication.rendering.header_words import one_line
from syndication.rendering.reader import JSON, Reader

LONGEST_LIST = 10_000  # items
LARGEST_NUMBER = 10**12
LONGEST_SHOWN = 1_000  # characters of a value that a subscriber brought along


class Absent(Undefined):
    """A field that has no value: false, equal to nothing and empty, but never printed: that raises, as StrictUndefined does."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._fail_with_undefined_error()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0

    def __contains__(self, item: object) -> bool:
        return False


class Nobody(Absent):
    """The address where there is no reader: absent, yet an article that prints it without default() still has a page."""

    __slots__ = ()

    def __str__(self) -> str:
        return "…"


class Fields:
    """A record of named values; an empty value is absent, and every text is one clean line."""

    __slots__ = ("label", "values")

    def __init__(self, label: str, values: Mapping[str, Any]) -> None:
        self.label = label
        self.values = values

    def get(self, key: object) -> Any:
        """The value as a template sees it, or Absent."""
        value = self.values.get(key) if isinstance(key, str) else None
        if isinstance(value, Fields | Absent):
            return value
        return shown(value, f"{self.label}.{key}")


def shown(value: JSON, label: str) -> Any:
    """A JSON value as a template sees it, or Absent under this label."""
    if type(value) is str and len(value) <= LONGEST_SHOWN and value.isprintable():
        return value.strip() or Absent(name=label)  # what _seen() says of nearly all texts, quicker
    seen = _seen(value, label)
    return Absent(name=label) if seen is None else seen


def _seen(value: JSON, label: str) -> Any:
    """A JSON value as a template may see it; None when it is as good as missing."""
    if isinstance(value, str):
        return one_line(value[:LONGEST_SHOWN]).strip() or None
    if isinstance(value, Mapping):
        return Fields(label, value) if value else None
    if isinstance(value, list):
        items = [_seen(item, label) for item in value[:LONGEST_LIST]]
        return [item for item in items if item is not None] or None
    if isinstance(value, bool) or value is None:
        return value
    return value if abs(value) <= LARGEST_NUMBER else None  # also drops NaN and infinity


def reader_fields(reader: Reader) -> Fields:
    """A reader as templates see one: empty values are absent, so that default() speaks."""
    address = reader.address or Nobody(name="subscriber.address")
    values = {
        "address": address,
        "email": address,
        "name": reader.name,
        "first_name": reader.first_name,
        "last_name": reader.last_name,
        "locale": reader.locale,
        "attributes": Fields("subscriber.attributes", reader.attributes),
    }
    return Fields("subscriber", values)
