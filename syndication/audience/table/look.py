"""Looks at a file of readers: how it is written, whose export it is, and what its columns seem to hold."""

import codecs
from dataclasses import dataclass, replace
from typing import BinaryIO

from syndication.audience.table import forms, presets
from syndication.audience.table.columns import Column, guess, names_of
from syndication.audience.table.forms import Form
from syndication.audience.table.rows import MOST_COLUMNS, BadTable

SHOWN_ROWS = 5
_CHUNK = 1024 * 1024  # bytes
_LONGEST_SHOWN = 80  # characters of a cell


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person says about a file; empty or None: find out."""

    encoding: str = ""
    delimiter: str = ""
    has_header: bool | None = None
    preset: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was found."""

    form: Form
    columns: list[Column]

    @property
    def fields(self) -> list[str]:
        """For each column the field that it seems to hold."""
        return [column.field for column in self.columns]

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]


def look_at(file: BinaryIO, chosen: Chosen | None = None) -> Look:
    """The form and the columns of a file, whose bytes are read once from its start. Raises BadTable."""
    chosen = chosen or Chosen()
    file.seek(0)
    start = file.read(forms.SAMPLE_BYTES)
    encoding, mark = forms.encoding_of(start, chosen.encoding)
    if encoding == "utf-8" and not mark and not chosen.encoding:
        encoding = _checked_utf_8(file)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start[mark:])
    delimiter = chosen.delimiter or forms.delimiter_of(text)
    found = forms.first_records(text, delimiter, SHOWN_ROWS + 1)
    if not found:
        raise BadTable("Line 1 cannot be read as a table. Check its quotes; its cells must be shorter than 64 KB.")
    if len(found[0]) > MOST_COLUMNS:
        raise BadTable(f"Line 1 has {len(found[0]):,} columns; {MOST_COLUMNS} are the most. Is the delimiter right?")  # or more: a sample
    has_header = forms.has_header(found) if chosen.has_header is None else chosen.has_header
    preset = chosen.preset if chosen.preset is not None else (presets.recognised(found[0]) if has_header else "")
    form = Form(encoding, delimiter, has_header, mark, preset)
    return Look(form, _columns(found, form))


def _columns(found: list[list[str]], form: Form) -> list[Column]:
    names = names_of(found[0], has_header=form.has_header)
    body = found[1:] if form.has_header else found[:SHOWN_ROWS]
    fields = guess(names, body, form.preset)
    return [
        Column(name[:_LONGEST_SHOWN], one, tuple(record[at][:_LONGEST_SHOWN] if at < len(record) else "" for record in body))
        for at, (name, one) in enumerate(zip(names, fields, strict=True))
    ]


def _checked_utf_8(file: BinaryIO) -> str:
    """UTF-8, if the whole file is; else the guess from the part that is not."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    while chunk := file.read(_CHUNK):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return forms.guessed(chunk[: 4 * forms.SAMPLE_BYTES])
    return "utf-8"


def with_fields(look: Look, fields: list[str]) -> Look:
    """The same look with other fields."""
    return replace(look, columns=[replace(column, field=one) for column, one in zip(look.columns, fields, strict=True)])
