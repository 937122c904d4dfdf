"""Writes many rows at once: COPY on PostgreSQL, one INSERT from JSON on SQLite."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

_LOADING = {
    "cache_size": -48 * 1024,  # KB, as SQLite wants it: below zero
    "mmap_size": 0,
    "wal_autocheckpoint": 100_000,  # pages of 4 KB
}
_BACKSLASH = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})  # PostgreSQL, COPY: text format


def load(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[str]], constants: Mapping[str, Any]) -> None:
    """Add rows to a model's table.

    columns    of the values that differ; every value is text, as the database reads it
    constants  column -> value of all rows
    Raises IntegrityError when a row is there already.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, [*columns, *constants]))
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if connection.vendor == "postgresql":
            tail = "".join(f"\t{_as_copied(value)}" for value in constants.values()) + "\n"
            text = "".join([_line(row) + tail for row in rows])
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                copy.write(text)
        else:
            # OR FAIL: nothing is kept aside to take back this one statement, since the whole group is taken back when it fails.
            # One statement, in which Python's lock is free for the thread that prepares the next rows; executemany takes it for each row
            # and the same text each time: the driver keeps a hundred statements with the rows that were bound to them.
            cells = ", ".join([*(f"value ->> {at}" for at in range(len(columns))), *["%s"] * len(constants)])
            bound = [*constants.values(), json.dumps(list(rows))]
            cursor.execute(f"INSERT OR FAIL INTO {table} ({names}) SELECT {cells} FROM json_each(%s)", bound)


@contextmanager
def loading() -> Iterator[None]:
    """Let this connection write much: on SQLite with a larger cache instead of the mapped file, and with a log that is worked in rarely.

    The same page of an index is changed by nearly every group, and is written into the file once for many of them.
    """
    if connection.vendor != "sqlite":
        yield
        return
    usual = {name: _pragma(name) for name in _LOADING}
    try:
        for name, value in _LOADING.items():
            _pragma(name, value)
        yield
    finally:
        for name, value in usual.items():
            _pragma(name, value)


def _pragma(name: str, value: int | None = None) -> int:
    """A setting of this connection, after it was set to a value if there is one."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}" if value is None else f"PRAGMA {name}={value}")
        found = cursor.fetchone()
    return int(found[0]) if found else 0


def new_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """So many ids that nobody else gets; call it inside the transaction that uses them."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # the one writer of SQLite is us
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
            first = (int(found[0]) if found else 0) + 1
            return range(first, first + count)
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        (sequence,) = cursor.fetchone()  # asked once: the catalogue is slow
        cursor.execute("SELECT array_agg(nextval(%s::regclass)) FROM generate_series(1, %s)", [sequence, count])
        ids: list[int] = cursor.fetchone()[0]
        return ids


def _line(row: Sequence[str]) -> str:
    line = "\t".join(row)
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(row) - 1:
        return "\t".join([value.translate(_BACKSLASH) for value in row])
    return line


def _as_copied(value: Any) -> str:
    return "\\N" if value is None else str(value).translate(_BACKSLASH)
