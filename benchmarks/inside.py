"""What the load programs do inside an installation that will be thrown away: readers straight into the tables, and how wide its rows are.

    SYNDICATION_HOME=… .venv/bin/python benchmarks/inside.py load READERS LIST    prints the seconds
    SYNDICATION_HOME=… .venv/bin/python benchmarks/inside.py widths               prints JSON: rows and bytes of the ledger's tables
    SYNDICATION_HOME=… .venv/bin/python benchmarks/inside.py workers              prints JSON: how `up` starts its workers

Loading checks nothing and records no consent; every reader is confirmed on the list. A million takes less than a minute.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import django
from newsletter import address_of, name_of
from receivers import REPOSITORY  # noqa: F401  # puts the repository on the path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
django.setup()

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from syndication.audience.keys import address_hash, tokens
from syndication.audience.lists import list_named
from syndication.cli import children
from syndication.delivery.models import Delivery
from syndication.models import Subscriber, Subscription

FAST = {
    "sqlite": ("PRAGMA cache_size=-1000000", "PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF"),
    "postgresql": ("SET maintenance_work_mem = '512MB'", "SET synchronous_commit = off"),
}
AFTERWARDS = {"sqlite": ("ANALYZE", "PRAGMA journal_mode=WAL"), "postgresql": ("VACUUM ANALYZE", "CHECKPOINT")}


def load(count: int, list_slug: str) -> float:
    """Add so many readers to a list; the seconds it took."""
    began = time.monotonic()
    target = list_named(list_slug)
    first = (Subscriber.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
    numbers = range(first, first + count)
    with connection.cursor() as cursor:
        for statement in FAST[connection.vendor]:
            cursor.execute(statement)
    with transaction.atomic(), _without_indexes(Subscriber, Subscription):
        _write(Subscriber, ("id", "uid", "address", "address_hash", "name"), _subscribers(numbers))
        _write(Subscription, ("id", "subscriber_id", "list_id", "state"), ((one, one, target.pk, "confirmed") for one in numbers))
    with connection.cursor() as cursor:
        for statement in AFTERWARDS[connection.vendor]:
            cursor.execute(statement)
    return time.monotonic() - began


def _subscribers(numbers: range) -> Iterator[tuple[Any, ...]]:
    keyed = hmac.new(tokens.derive(settings.SECRET_KEY, "address"), b"", hashlib.sha256)
    assert _hashed(keyed, address_of(1)) == address_hash(address_of(1))
    for one in numbers:
        address = address_of(one)
        yield one, f"{one:032x}", address, _hashed(keyed, address), name_of(one)


def _hashed(keyed: hmac.HMAC, address: str) -> str:
    one = keyed.copy()
    one.update(address.encode())
    return one.hexdigest()


def _write(model: type[models.Model], given: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """All rows by COPY or executemany; the columns that are not given get the model's defaults."""
    fields = model._meta.concrete_fields
    rest = tuple(_default(field) for field in fields if field.attname not in given)
    names = [*given, *(field.column for field in fields if field.attname not in given)]
    columns = ", ".join(map(connection.ops.quote_name, names))
    table, whole_rows = connection.ops.quote_name(model._meta.db_table), (row + rest for row in rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in whole_rows:
                    copy.write_row(row)
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{model._meta.db_table}', 'id'), (SELECT max(id) FROM {table}))")
        else:
            cursor.cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(names))})", whole_rows)


@contextmanager
def _without_indexes(*of: type[models.Model]) -> Iterator[None]:
    """Indexes and constraints (but primary keys, and what SQLite makes with the table) go, and are made anew afterwards: three times faster."""
    again: list[str] = []
    with connection.cursor() as cursor:
        for model in of:
            table = model._meta.db_table
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('f', 'u')",
                    [table],
                )
                for name, definition in cursor.fetchall():
                    cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
                    again.append(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
                cursor.execute("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT LIKE '%%pkey'", [table])
            else:
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table])
            for name, definition in cursor.fetchall():
                cursor.execute(f'DROP INDEX "{name}"')
                again.append(definition)
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to be made cannot be altered
        for statement in again:
            cursor.execute(statement)


def _default(field: models.Field) -> Any:
    if isinstance(field, models.DateTimeField):
        return field.get_db_prep_save(timezone.now(), connection)
    value = field.get_default() if field.has_default() or field.empty_strings_allowed else None
    return json.dumps(value) if isinstance(field, models.JSONField) else field.get_db_prep_save(value, connection)


def widths() -> dict[str, dict[str, int]]:
    """For each table of the room of delivery that has rows: how many, and the bytes of the table with all its indexes."""
    found = {}
    for model in apps.get_models():
        if model.__module__ == Delivery.__module__:
            rows = model._default_manager.count()
            if rows:
                found[model.__name__] = {"rows": rows, "bytes": _bytes(model._meta.db_table)}
    return found


def _bytes(table: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size(%s::regclass)", [table])
        else:
            cursor.execute("SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_master WHERE tbl_name = %s)", [table])
        return int(cursor.fetchone()[0])


def main(words: list[str]) -> None:
    if words[:1] == ["load"] and len(words) == 3:
        print(f"{load(int(words[1]), words[2]):.1f}")
    elif words == ["widths"]:
        print(json.dumps(widths()))
    elif words == ["workers"]:
        print(json.dumps([[child.name, child.command, child.ready] for child in children.workers(settings.HOME)]))
    else:
        print(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
