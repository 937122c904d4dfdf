"""Knows which column of a table becomes which field of a reader, and reads a row by that."""

import datetime as dt
import json
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syndication.audience.table import presets
from syndication.audience.table.presets import NO, OWN, PRESETS, STANDINGS
from syndication.audience.table.rows import LARGEST_ATTRIBUTES, LONGEST_NAME, NOTHING, BadTable, Cells, Row

IGNORE, ADDRESS, ATTRIBUTE = "ignore", "address", "attribute:"
FIELDS = {
    ADDRESS: "Email address",
    "name": "Whole name",
    "first_name": "First name",
    "last_name": "Last name",
    "locale": "Language",
    "time_zone": "Time zone",
    "attributes": "Attributes (JSON)",
    "status": "Status: who may be mailed",
    "wants": "Yes, if mail is wanted",
    "left": "Set, if the reader left",
    "bounced": "Set, if the address bounced",
    "frequency": "How often (each, feed)",
    "paused_until": "Paused until (date)",
    IGNORE: "Leave out",
}
"""Field -> as people are asked for it; ATTRIBUTE + key is one, too."""
ONCE = frozenset(FIELDS) - {IGNORE, "attributes", "left", "bounced", "wants"}
_ALIASES = {
    ADDRESS: "email|e-mail|email address|e-mail address|email_address|mail|emailaddress",
    "name": "name|full name|full_name|fullname|display name",
    "first_name": "first name|first_name|firstname|fname|given name|vorname",
    "last_name": "last name|last_name|lastname|lname|surname|family name|nachname",
    "locale": "locale|language|lang",
    "time_zone": "time_zone|timezone|time zone|tz",
    "attributes": "attributes|attribs",
    "status": "status|state|subscription status|subscription_status|subscriber_type",
    "wants": "subscribed|subscribed_to_emails|opt_in|optin|opted_in",
    "left": "unsub_time|unsubscribed_at|unsubscribed|opt_out|email_disabled|deleted_at",
    "bounced": "clean_time|bounced|bounced_at",
}
_FIELD_OF = {name: one for one, names in _ALIASES.items() for name in names.split("|")}
PRIVILEGED = frozenset({
    "id", "uid", "uuid", "address_hash", "bounce_score", "bounced_at", "links_revoked_at", "created_at", "updated_at", "changed_at",
    "tracking_consent", "consent", "subscriber", "subscriber_id", "list", "list_id", "publication", "publication_id", "subscription",
    "suppressed", "state", "password", "token", "role",
})  # fmt: skip
"""What this system sets by itself: a table can neither set it nor borrow its name."""
_KEY = re.compile(r"[a-z_][a-z0-9_]{0,59}").fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}").fullmatch
_ESCAPED = re.compile(r"'+[=+\-@\t\r＝＋－＠]").match
_SURELY_SMALL = 1200  # characters: twelve bytes each in JSON at most
_made = Row._make  # three times faster than Row(…)
FREQUENCIES = frozenset({"each", "daily", "weekly", "feed"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column as it is shown: its name, some of its cells, and the field that it becomes."""

    name: str
    field: str
    samples: tuple[str, ...] = ()


def names_of(first: Sequence[str], *, has_header: bool) -> list[str]:
    """The names of the columns; numbered ones when no line names them."""
    if has_header:
        return [name.strip().strip("\ufeff") for name in first]
    return [f"Column {number}" for number in range(1, len(first) + 1)]


def guess(names: Sequence[str], found: Sequence[Sequence[str]], preset: str = "") -> list[str]:
    """For each column the field that it seems to hold.

    found   the first records, to find the addresses where no name tells
    preset  a key of PRESETS, or ""
    """
    known = PRESETS.get(preset)
    fields = [_field_of(name.lower(), known) for name in names]
    for at, one in enumerate(fields):
        if one in ONCE and one in fields[:at]:
            fields[at] = IGNORE
    if ADDRESS not in fields:
        addresses = next((at for at in range(len(names)) if _holds_addresses(at, found)), None)
        if addresses is not None:
            fields[addresses] = ADDRESS
    if "name" in fields:  # the parts are attributes beside the whole
        fields = [f"{ATTRIBUTE}{one}" if one in {"first_name", "last_name"} else one for one in fields]
    return fields


def _field_of(name: str, known: presets.Preset | None) -> str:
    if known is not None:
        if name in known.columns:
            return known.columns[name]
        if name in known.drops:
            return IGNORE
    elif name in _FIELD_OF:
        return _FIELD_OF[name]
    key = re.sub(r"[^a-z0-9_]+", "_", name).strip("_")
    return IGNORE if not key or key in PRIVILEGED else f"{ATTRIBUTE}{_as_key(key)}"


def _as_key(key: str) -> str:
    return (key if not key[0].isdigit() else f"_{key}")[:60]


def _holds_addresses(at: int, found: Sequence[Sequence[str]]) -> bool:
    cells = [record[at] for record in found if len(record) > at and record[at].strip()]
    return bool(cells) and sum("@" in cell and "." in cell.rpartition("@")[2] for cell in cells) > len(cells) / 2


def checked(fields: Sequence[str], names: Sequence[str]) -> list[str]:
    """The same fields when they can be used. Raises BadTable: no address, a field twice, an attribute under a name of ours."""
    if len(fields) != len(names):
        raise BadTable(f"The file has {len(names)} columns, and {len(fields)} were described.")
    if ADDRESS not in fields:
        shown = ", ".join(names)[:200] or "nothing"
        raise BadTable(f"No column is named email; line 1 has: {shown}. Say which column holds the addresses, or name it: email")
    for at, one in enumerate(fields):
        key = one.removeprefix(ATTRIBUTE)
        if one.startswith(ATTRIBUTE) and key in PRIVILEGED:
            raise BadTable(
                f"The column {names[at]!r} cannot become {key!r}: Syndication sets that by itself. Leave it out, or call it old_{key}."
            )
        if one.startswith(ATTRIBUTE) and not _KEY(key):
            raise BadTable(
                f"{key[:60]!r} cannot name an attribute: use small letters, digits and _, at most 60, not starting with a digit."
            )
        if not one.startswith(ATTRIBUTE) and one not in FIELDS:
            raise BadTable(f"{one[:60]!r} is no field of a reader; use one of {', '.join(FIELDS)} or {ATTRIBUTE}KEY.")
        if (one in ONCE or one.startswith(ATTRIBUTE)) and one in fields[:at]:
            raise BadTable(f"Two columns would become {key!r}: {names[fields.index(one)]!r} and {names[at]!r}. Leave one of them out.")
    return list(fields)


class Reader:
    """Reads the records of one table.

    fields       one for each column, as `checked` gives them
    preset       a key of PRESETS, or ""
    known_zones  the names of time zones
    """

    def __init__(self, fields: Sequence[str], *, preset: str = "", known_zones: Container[str] = frozenset()) -> None:
        self._width = len(fields)
        self._at = {one: at for at, one in enumerate(fields) if one in ONCE}
        self._address, self._name = self._at[ADDRESS], self._at.get("name", -1)
        self._attributes = [(one.removeprefix(ATTRIBUTE), at) for at, one in enumerate(fields) if one.startswith(ATTRIBUTE)]
        self._json = [at for at, one in enumerate(fields) if one == "attributes"]
        self._flags = [(at, one) for at, one in enumerate(fields) if one in {"wants", "left", "bounced"}]
        self._keys_length = sum(len(key) for key, _ in self._attributes)
        self._unescapes = preset == OWN
        self._zones = known_zones
        is_plain = set(self._at) <= {ADDRESS, "name"} and not self._json and not self._flags
        self.row: Callable[[Cells], Row] = self._plain if is_plain else self._full
        """What a record says."""

    def _plain(self, record: Cells) -> Row:
        """A record of address, name and attributes: most of all files, so the short way."""
        line, cells = record
        if len(cells) != self._width:
            cells = self._fitted(cells)
        text = "".join(cells)
        if not text.isprintable() or len(cells) > self._width:
            problem = self._trouble(cells, text)
            if problem:
                return Row(line, cells[self._address].strip()[:80], problem=problem)
        name = cells[self._name].strip()[:LONGEST_NAME] if self._name >= 0 else ""
        if not self._attributes:
            return _made((line, cells[self._address].strip(), name, "", "", NOTHING, "", "", "", ""))
        attributes = {key: value for key, at in self._attributes if (value := cells[at].strip())}
        problem = self._too_large(attributes, len(text)) if len(text) + self._keys_length > _SURELY_SMALL else ""
        return _made((line, cells[self._address].strip(), name, "", "", attributes, problem, "", "", ""))

    def _full(self, record: Cells) -> Row:
        line, cells = record
        cells = self._fitted(cells)
        problem = self._trouble(cells, "".join(cells))
        cells = [cell.strip() for cell in cells]
        if self._unescapes:
            cells = [cell[1:] if _ESCAPED(cell) else cell for cell in cells]
        address = cells[self._address]
        values = {one: cells[at] for one, at in self._at.items()}
        attributes: dict[str, Any] = {}
        try:
            attributes = self._attributes_of(cells, values)
            standing = self._standing(cells, values.get("status"))
        except ValueError as error:
            problem, standing = problem or str(error), ""
        problem = problem or self._wrong_value(values) or self._too_large(attributes, sum(map(len, cells)))
        if problem:
            return Row(line, address[:80], problem=problem)
        return Row(
            line,
            address,
            _name_of(values),
            values.get("locale", ""),
            values.get("time_zone", ""),
            attributes,
            standing=standing,
            frequency=values.get("frequency", ""),
            paused_until=values.get("paused_until", ""),
        )

    def _fitted(self, cells: list[str]) -> list[str]:
        return cells + [""] * (self._width - len(cells)) if len(cells) < self._width else cells

    def _trouble(self, cells: list[str], text: str) -> str:
        if len(cells) > self._width and any(cell.strip() for cell in cells[self._width :]):
            return f"it has {len(cells)} cells where there are {self._width} columns; a cell that holds the delimiter needs quotes"
        return "a cell holds a control character or a line break" if _CONTROL(text) else ""

    def _attributes_of(self, cells: list[str], values: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for at in self._json:
            found |= _object(cells[at])
        if "name" not in self._at:
            found |= {one: values[one] for one in ("first_name", "last_name") if values.get(one)}
        return found | {key: cells[at] for key, at in self._attributes if cells[at]}

    def _standing(self, cells: list[str], status: str | None) -> str:
        for at, one in self._flags:
            says_yes = cells[at].lower() not in NO
            if one == "wants" and not says_yes:
                return "unsubscribed"
            if one != "wants" and says_yes:
                return "bounced" if one == "bounced" else "unsubscribed"
        if status is None:
            return ""
        if status.lower() not in STANDINGS:
            raise ValueError(f"its status is {status[:40]!r}, and it is not known whether such readers may be mailed")
        return STANDINGS[status.lower()]

    def _wrong_value(self, values: Mapping[str, str]) -> str:
        locale, zone = values.get("locale", ""), values.get("time_zone", "")
        if locale and not _LOCALE(locale):
            return f"{locale[:40]!r} is no language; write it as en or de-AT"
        if zone and self._zones and zone not in self._zones:
            return f"{zone[:40]!r} is no time zone; write it as Europe/Berlin"
        if values.get("frequency", "") and values["frequency"] not in FREQUENCIES:
            return f"{values['frequency'][:40]!r} does not say how often; use one of {', '.join(sorted(FREQUENCIES))}"
        try:
            dt.date.fromisoformat(values.get("paused_until", "") or "2000-01-01")
        except ValueError:
            return f"{values['paused_until'][:40]!r} is no date; write it as 2026-12-31"
        return ""

    def _too_large(self, attributes: Mapping[str, Any], characters: int) -> str:
        if characters + self._keys_length <= _SURELY_SMALL or len(json.dumps(attributes)) <= LARGEST_ATTRIBUTES:
            return ""
        return f"its attributes are larger than {LARGEST_ATTRIBUTES} bytes"


def _name_of(values: Mapping[str, str]) -> str:
    parts = [values.get("name", "")] if values.get("name") else [values.get("first_name", ""), values.get("last_name", "")]
    return " ".join(part for part in parts if part)[:LONGEST_NAME]


def _object(cell: str) -> dict[str, Any]:
    """A cell's JSON object. Raises ValueError, in a row's words, for anything else, and for keys that are ours."""
    try:
        found = json.loads(cell) if cell else {}
        written = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()  # half a surrogate and NaN are no JSON for a database
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the column attributes must hold a JSON object ({str(error)[:80]})") from error
    if not isinstance(found, dict):
        raise ValueError(f"the column attributes must hold a JSON object (it holds a {type(found).__name__})")  # noqa: TRY004  # one kind of error for one cell
    if b"\\u0000" in written:
        raise ValueError("the column attributes holds a NUL character")
    return found
