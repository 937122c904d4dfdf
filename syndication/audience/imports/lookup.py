"""Asks the tables about thousands of readers at once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection

from syndication.audience.imports.decide import Known
from syndication.audience.models import Subscriber

_COLUMNS = "s.address_hash, s.id, s.name, s.locale, s.time_zone, s.attributes, s.updated_at, x.id, x.state, x.changed_at"


def known(hashes: Sequence[str], list_id: int) -> dict[str, Known]:
    """By keyed hash those who are subscribers, with their subscription to a list. Call it inside a transaction."""
    if not hashes:
        return {}
    tables, condition = _among("syndication_subscriber s", "s.address_hash")
    with connection.cursor() as cursor:
        _go_by_the_index()
        cursor.execute(
            f"""SELECT {_COLUMNS} FROM {tables}
                LEFT JOIN syndication_subscription x ON x.subscriber_id = s.id AND x.list_id = %(list)s WHERE {condition}""",
            {"asked": _hexadecimal(hashes), "list": list_id},
        )
        found = cursor.fetchall()
    known_by = _known_by(_moments())
    return {row[0]: known_by(row) for row in found}


def suppressed(hashes: Sequence[str], publication_id: int) -> dict[str, str]:
    """Keyed hash -> reason, for a publication or everywhere. Call it inside a transaction."""
    if not hashes:
        return {}
    tables, condition = _among("syndication_suppression p", "p.address_hash")
    with connection.cursor() as cursor:
        _go_by_the_index()
        cursor.execute(
            f"""SELECT p.address_hash, p.reason FROM {tables} WHERE {condition}
                AND (p.publication_id IS NULL OR p.publication_id = %(publication)s) ORDER BY p.publication_id IS NULL""",
            {"asked": _hexadecimal(hashes), "publication": publication_id},
        )
        return dict(cursor.fetchall())


def kept_otherwise(hash_of: Mapping[str, str]) -> bool:
    """Whether an address is there under another hash than the given one. Call it inside a transaction."""
    if not hash_of:
        return False
    tables, condition = _among("syndication_subscriber s", "s.address")
    addresses = list(hash_of)
    with connection.cursor() as cursor:
        _go_by_the_index()
        asked = addresses if connection.vendor == "postgresql" else json.dumps(addresses)
        cursor.execute(f"SELECT s.address, s.address_hash FROM {tables} WHERE {condition}", {"asked": asked})
        return any(hash_of[address] != hashed for address, hashed in cursor.fetchall())


def _among(table: str, column: str) -> tuple[str, str]:
    """What to put behind FROM and WHERE, so that a column holds one of the values of the parameter `asked`."""
    if connection.vendor == "postgresql":
        return table, f"{column} = ANY(%(asked)s::text[])"
    return f"json_each(%(asked)s) AS asked CROSS JOIN {table}", f"{column} = asked.value"  # SQLite goes by the order of a CROSS JOIN


def _go_by_the_index() -> None:
    """Until the transaction ends: PostgreSQL knows nothing yet of a table that has just grown, and would read all of it each time."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")


def _hexadecimal(hashes: Sequence[str]) -> str:
    """Hashes as one parameter: as a list, each would be quoted for itself, which costs more than finding it."""
    return f"{{{','.join(hashes)}}}" if connection.vendor == "postgresql" else json.dumps(hashes)


def _known_by(moment: Callable[[Any], Any]) -> Callable[[Sequence[Any]], Known]:
    """What makes a Known of a row; `moment` reads the database's times."""

    def known_by(row: Sequence[Any]) -> Known:
        _, pk, name, locale, time_zone, attributes, updated_at, subscription_id, state, changed_at = row
        if isinstance(attributes, str):
            attributes = json.loads(attributes) if attributes != "{}" else {}
        return Known(pk, name, locale, time_zone, attributes, moment(updated_at), subscription_id, state, changed_at and moment(changed_at))

    return known_by


def _moments() -> Callable[[Any], Any]:
    """What makes an aware time of what the database gives; SQLite gives text."""
    column = Subscriber._meta.get_field("updated_at").get_col(Subscriber._meta.db_table)
    converters = connection.ops.get_db_converters(column)

    def moment(value: Any) -> Any:
        for converter in converters:
            value = converter(value, column, connection)
        return value

    return moment
