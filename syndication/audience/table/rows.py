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


Cells = tuple[int, list[str]]
"""One record of the table: the line where it ends, as an editor counts, and its cells."""


class Records:
    """The records of a table that hold anything.

    lines       text lines with their ends
    after_line  lines of the file that came before the first of these
    Iterating raises BadTable, naming the line, for broken quotes, an endless cell and a record of more than MOST_COLUMNS cells.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, *, after_line: int = 0) -> None:
        csv.field_size_limit(LARGEST_FIELD)
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self._after = self.line = after_line

    def __iter__(self) -> Iterator[Cells]:
        after, reader = self._after, self._reader
        try:
            for cells in reader:
                if len(cells) > MOST_COLUMNS:
                    raise BadTable(f"Line {self.line + 1} has {len(cells):,} columns; {MOST_COLUMNS} are the most. Is the delimiter right?")
                self.line = after + reader.line_num
                if cells and (cells[0] or any(cells)) and (cells[0].strip() or any(cell.strip() for cell in cells)):
                    yield self.line, cells
        except csv.Error as error:
            raise BadTable(f"Line {self.line + 1}: {error}. Check the quotes around the cells of that line.") from error
