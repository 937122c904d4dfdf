"""Knows a table of readers: its cells line by line, and what one row says about one reader."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from syndication.errors import BadInput

LARGEST_FIELD = 64 * 1024  # characters of one cell
LARGEST_ATTRIBUTES = 16 * 1024  # bytes of one reader's attributes as JSON
LONGEST_NAME = 200  # characters
MOST_COLUMNS = 200
NOTHING: Mapping[str, Any] = MappingProxyType({})


class BadTable(BadInput):
    """A file of readers that cannot be read as a table."""


class Row(NamedTuple):
    """One reader as typed; `line` counts from 1 at the header.

    problem   why the row cannot be used, or ""
    standing  "" for somebody to take; else "pending", "unsubscribed", "bounced" or "complained", as another system says
    """

    line: int
    address: str
    name: str = ""
    locale: str = ""
    time_zone: str = ""
    attributes: Mapping[str, Any] = NOTHING
    problem: str = ""
    standing: str = ""
    frequency: str = ""
    paused_until: str = ""


class Cells(NamedTuple):
    """One record of the table; `line` is where it ends, as an editor counts."""

    line: int
    cells: list[str]


def records(lines: Iterable[str], delimiter: str, *, after_line: int = 0) -> Iterator[Cells]:
    """The records that hold anything.

    lines       text lines with their ends
    after_line  lines of the file that came before the first of these
    Raises BadTable, naming the line, for broken quotes, an endless cell and a record of more than MOST_COLUMNS cells.
    """
    csv.field_size_limit(LARGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    done = 0
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS:
                raise BadTable(
                    f"Line {after_line + done + 1} has {len(cells):,} columns; {MOST_COLUMNS} are the most. Is the delimiter right?"
                )
            done = reader.line_num
            if any(cells) and any(cell.strip() for cell in cells):
                yield Cells(after_line + done, cells)
    except csv.Error as error:
        raise BadTable(f"Line {after_line + done + 1}: {error}. Check the quotes around the cells of that line.") from error
