"""Reads a table of readers (CSV or TSV) row by row: header, delimiter and encoding are found, wrong rows are named."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syndication.errors import BadInput

LARGEST_FIELD = 64 * 1024  # characters of one cell
LARGEST_ATTRIBUTES = 16 * 1024  # bytes of one reader's attributes as JSON
MOST_COLUMNS = 200
ADDRESS_COLUMNS = ("email", "address", "e-mail", "email address", "mail")
OWN_COLUMNS = ("name", "locale", "time_zone", "attributes")
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class BadTable(BadInput):
    """A file of readers that cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reader as typed; `line` counts from 1 at the header. `problem` says why it cannot be used, or is empty."""

    line: int
    address: str
    name: str = ""
    locale: str = ""
    time_zone: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


def encoding_of(start: bytes, chosen: str = "") -> str:
    """The encoding by byte order mark, else the chosen one, else UTF-8. Raises BadTable for a binary or empty file."""
    for mark, encoding in _BOMS.items():
        if start.startswith(mark):
            return encoding
    if not start.strip():
        raise BadTable("The file is empty; its first line must name the columns, for example: email,name")
    if b"\0" in start:
        raise BadTable("The file holds NUL bytes and is no text; save the table as CSV in UTF-8.")
    return chosen or "utf-8"


def rows(lines: Iterator[str], sample: str) -> Iterator[Row]:
    """Each reader of a table whose first line names the columns.

    lines   text lines with their ends, from the start of the table
    sample  the first few KB, to find the delimiter
    Raises BadTable when no column holds addresses or the quotes are broken (with the line).
    """
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter_of(sample), strict=True)
    try:
        columns = _columns(next(reader, []))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num, columns, cells)
    except csv.Error as error:
        raise BadTable(f"Line {reader.line_num}: {error}. Check the quotes around the cells of that line.") from error


def delimiter_of(sample: str) -> str:
    """The most frequent of comma, semicolon, tab and bar in the first line; a comma when there is none."""
    first = next(iter(io.StringIO(sample)), "")
    return max(",;\t|", key=first.count)


def _columns(header: list[str]) -> dict[str, int]:
    if len(header) > MOST_COLUMNS:
        raise BadTable(f"Line 1 names {len(header):,} columns; {MOST_COLUMNS} are the most. Is the delimiter right?")
    names = [name.strip().strip("\ufeff").lower() for name in header]
    columns = {name: index for index, name in reversed(list(enumerate(names))) if name}
    address = next((columns[name] for name in ADDRESS_COLUMNS if name in columns), None)
    if address is None:
        raise BadTable(f"No column is named email; line 1 has: {', '.join(names)[:200] or 'nothing'}. Name the column of addresses: email")
    return {**{name: at for name, at in columns.items() if name not in ADDRESS_COLUMNS}, "address": address}


def _row(line: int, columns: Mapping[str, int], cells: list[str]) -> Row:
    values = {name: cells[at].strip() if at < len(cells) else "" for name, at in columns.items()}
    if any(ord(character) < ord(" ") for value in values.values() for character in value):
        return Row(line, values["address"][:80], problem="a cell holds a control character or a line break")
    try:
        attributes = _attributes(values)
    except ValueError as error:
        return Row(line, values["address"], problem=f"the column attributes must hold a JSON object ({error})")
    if len(json.dumps(attributes)) > LARGEST_ATTRIBUTES:
        return Row(line, values["address"], problem=f"its attributes are larger than {LARGEST_ATTRIBUTES} bytes")
    return Row(line, values["address"], values.get("name", ""), values.get("locale", ""), values.get("time_zone", ""), attributes)


def _attributes(values: Mapping[str, str]) -> dict[str, Any]:
    typed = json.loads(values.get("attributes") or "{}")
    if not isinstance(typed, dict):
        raise ValueError(f"it holds a {type(typed).__name__}")  # noqa: TRY004  # one kind of error for one cell
    others = {name.replace(" ", "_"): value for name, value in values.items() if value and name not in {*OWN_COLUMNS, "address"}}
    return {**typed, **others}
