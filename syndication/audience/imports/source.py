"""Reads a file of readers record by record, knows where each one ends, and can begin again from there."""

import contextlib
import io
from collections.abc import Generator, Iterator
from typing import BinaryIO

from syndication.audience.imports.forms import Form
from syndication.audience.table import BadTable, Cells, records

LONGEST_LINE = 1024 * 1024  # characters; a file without line ends would be read into memory whole
_ONE_BYTE = frozenset({"cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r", "mac-roman"})


class Source:
    """The records of a file, from its start or from a place where a record ended.

    offset  byte where the next record begins; 0 for the start of the file
    line    lines of the file before that
    Iterating raises BadTable, naming the line, for what is no table, and for bytes that are not in the encoding.
    """

    def __init__(self, file: BinaryIO, form: Form, *, offset: int = 0, line: int = 0) -> None:
        self._file, self._form = file, form
        self.offset = max(offset, form.mark)
        self.line = line

    def __iter__(self) -> Iterator[Cells]:
        self._file.seek(self.offset)
        is_start = self.line == 0
        lines = self._lines()
        found = records(lines, self._form.delimiter, after_line=self.line)
        try:
            if is_start and self._form.has_header:
                next(found, None)
            yield from found
        except UnicodeDecodeError as error:
            line = self.line + 1 + error.object[: error.start].count(b"\n")
            raise BadTable(
                f"The file is not {self._form.encoding}: the byte {error.object[error.start]:#04x} near line {line:,} cannot be read. "
                "Save it as UTF-8, or say how it is written: --encoding latin-1 (or cp1252). Nothing was imported."
            ) from error
        finally:
            lines.close()

    def _lines(self) -> Generator[str, None, None]:
        text = io.TextIOWrapper(self._file, encoding=self._form.encoding, newline="")
        try:
            while line := text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
                    raise BadTable(
                        f"Line {self.line + 1} has more than {LONGEST_LINE:,} characters. Is this a table with one reader a line?"
                    )
                self.line += 1
                self.offset += self._bytes(line)
                yield line
        finally:
            with contextlib.suppress(ValueError):  # the file is closed already
                text.detach()

    def _bytes(self, line: str) -> int:
        encoding = self._form.encoding
        if encoding in _ONE_BYTE or (encoding == "utf-8" and line.isascii()):
            return len(line)
        return len(line.encode(encoding))


def count_records(file: BinaryIO, form: Form) -> int:
    """How many records the whole file holds. Raises BadTable: a broken table is known before anything is written."""
    return sum(1 for _ in Source(file, form))
