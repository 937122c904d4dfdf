"""Writes many rows at once: COPY on PostgreSQL, executemany on SQLite."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection, models

CACHE_KIB = 64 * 1024
LOG_PAGES = 20_000  # of 4 KB: the same page of an index is written into the file once for several groups
_BACKSLASH = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})  # PostgreSQL, COPY: text format


def load(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[str]], constants: Mapping[str, Any]) -> None:
    """Add rows to a model's table.

    columns    of the values that differ; every value is text, as the database reads it
    constants  column -> value of all rows
    Raises IntegrityError when a row is there already.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, [*columns, *constants]))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            tail = "".join(f"\t{_as_copied(value)}" for value in constants.values()) + "\n"
            text = "".join([_line(row) + tail for row in rows])
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                copy.write(text)
        else:
            places = ", ".join(["?"] * len(columns) + [_literal(value) for value in constants.values()])
            with connection.wrap_database_errors:  # past Django's own executemany, which looks at every row for names
                sqlite3.Cursor.executemany(cursor.cursor, f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


@contextmanager
def loading() -> Iterator[None]:
    """Let this connection write much: on SQLite with a larger cache, and with a log that is worked in less often."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        usual = cursor.fetchone()[0]
        cursor.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA cache_size={usual}")
            cursor.execute("PRAGMA wal_autocheckpoint=1000")


def new_ids(model: type[models.Model], count: int) -> Sequence[int]:
    """So many ids that nobody else gets; call it inside the transaction that uses them."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":  # the one writer of SQLite is us
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            found = cursor.fetchone()
            first = (int(found[0]) if found else 0) + 1
            return range(first, first + count)
        cursor.execute(
            "SELECT array_agg(id) FROM (SELECT nextval(pg_get_serial_sequence(%s, 'id')) AS id FROM generate_series(1, %s)) AS found",
            [table, count],
        )
        ids: list[int] = cursor.fetchone()[0]
        return ids


def _line(row: Sequence[str]) -> str:
    line = "\t".join(row)
    if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(row) - 1:
        return "\t".join([value.translate(_BACKSLASH) for value in row])
    return line


def _as_copied(value: Any) -> str:
    return "\\N" if value is None else str(value).translate(_BACKSLASH)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
