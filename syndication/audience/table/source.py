"""Reads a file of readers record by record, knows where each one ends, and can begin again from there."""

import codecs
import io
import operator
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from syndication.audience.table.forms import Form
from syndication.audience.table.rows import BadTable, Cells, Records

LONGEST_LINE = 1024 * 1024  # characters; a file without line ends would be read into memory whole
_BLOCK = 256 * 1024  # bytes
_ONE_BYTE = frozenset({"cp1252", "iso8859-1", "iso8859-15", "cp1250", "iso8859-2", "cp1251", "koi8-r", "mac-roman"})


class Source:
    """The records of a file, from its start or from a place where a record ended.

    offset  byte where the first record begins; 0 for the start of the file
    line    lines of the file before that
    Iterating raises BadTable, naming the line, for what is no table, and for bytes that are not in the encoding.
    """

    def __init__(self, file: BinaryIO, form: Form, *, offset: int = 0, line: int = 0) -> None:
        self._file, self._form = file, form
        self._begin, self._line = max(offset, form.mark), line
        self._passed, self._block, self._rest = self._begin, [""][:0], iter([""][:0])
        self._records = Records(chain.from_iterable(self._blocks()), form.delimiter, after_line=line)

    @property
    def line(self) -> int:
        """Lines of the file up to the end of the last record."""
        return self._records.line

    @property
    def offset(self) -> int:
        """The byte behind the last record."""
        taken = len(self._block) - operator.length_hint(self._rest)
        return self._passed + self._bytes("".join(self._block[:taken]))

    def __iter__(self) -> Iterator[Cells]:
        records = iter(self._records)
        if self._line == 0 and self._form.has_header:
            next(records, None)
        return records

    def _blocks(self) -> Iterator[list[str]]:
        """The lines of the file with their ends, block by block: much faster than one by one."""
        decoder = codecs.getincrementaldecoder(self._form.encoding)()
        carried = ""
        self._file.seek(self._begin)
        while chunk := self._file.read(_BLOCK):
            text = carried + self._decoded(decoder, chunk)
            end = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
            if text.endswith("\r"):  # perhaps the half of a line end
                end = min(end, len(text) - 1)
            carried = text[end:]
            if len(carried) > LONGEST_LINE:
                raise BadTable(
                    f"Line {self._records.line + 1:,} has more than {LONGEST_LINE:,} characters. Is this a table with one reader a line?"
                )
            yield from self._handed_out(text[:end])
        yield from self._handed_out(carried + self._decoded(decoder, b"", is_last=True))

    def _handed_out(self, text: str) -> Iterator[list[str]]:
        if text:
            self._passed += self._bytes("".join(self._block))
            self._block = list(io.StringIO(text, newline=""))
            self._rest = iter(self._block)
            yield self._rest  # type: ignore[misc]  # an iterator of lines, whose rest can be counted

    def _decoded(self, decoder: codecs.IncrementalDecoder, chunk: bytes, *, is_last: bool = False) -> str:
        try:
            return decoder.decode(chunk, is_last)
        except UnicodeDecodeError as error:
            line = self._records.line + 1 + operator.length_hint(self._rest) + error.object[: error.start].count(b"\n")
            raise BadTable(
                f"The file is not {self._form.encoding}: the byte {error.object[error.start]:#04x} near line {line:,} cannot be read. "
                "Save it as UTF-8, or say how it is written: --encoding latin-1 (or cp1252). Nothing was imported."
            ) from error

    def _bytes(self, text: str) -> int:
        encoding = self._form.encoding
        if encoding in _ONE_BYTE or (encoding == "utf-8" and text.isascii()):
            return len(text)
        return len(text.encode(encoding))


def count_records(file: BinaryIO, form: Form) -> int:
    """How many records the whole file holds. Raises BadTable: a broken table is known before anything is written."""
    return sum(1 for _ in Source(file, form))
