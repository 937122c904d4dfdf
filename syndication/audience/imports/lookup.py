"""Asks the tables about thousands of readers at once."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection

from syndication.audience.imports.decide import Known
from syndication.audience.models import Subscriber

_COLUMNS = "s.address_hash, s.id, s.name, s.locale, s.time_zone, s.attributes, s.updated_at, x.id, x.state, x.changed_at"


def known(hashes: Sequence[str], list_id: int) -> dict[str, Known]:
    """By keyed hash those who are subscribers, with their subscription to a list."""
    if not hashes:
        return {}
    subscription = "x.subscriber_id = s.id AND x.list_id = %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM {_each('syndication_subscriber s', 's.address_hash = asked.value')} "
            + _join("LEFT JOIN", "syndication_subscription x", subscription),
            [_parameter(hashes), list_id],
        )
        found = cursor.fetchall()
    known_by = _known_by(_moments())
    return {row[0]: known_by(row) for row in found}


def suppressed(hashes: Sequence[str], publication_id: int) -> dict[str, str]:
    """Keyed hash -> reason, for a publication or everywhere."""
    if not hashes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT p.address_hash, p.reason FROM {_each("syndication_suppression p", "p.address_hash = asked.value")}
                WHERE p.publication_id IS NULL OR p.publication_id = %s ORDER BY p.publication_id IS NULL""",
            [_parameter(hashes), publication_id],
        )
        return dict(cursor.fetchall())


def kept_otherwise(hash_of: Mapping[str, str]) -> bool:
    """Whether an address is there under another hash than the given one."""
    if not hash_of:
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT s.address, s.address_hash FROM {_each('syndication_subscriber s', 's.address = asked.value')}",
            [_parameter(list(hash_of))],
        )
        return any(hash_of[address] != hashed for address, hashed in cursor.fetchall())


def _each(table: str, on: str) -> str:
    """Each value of one parameter, as `asked.value`, with the rows of a table that it meets."""
    values = "(SELECT unnest(%s::text[]) AS value)" if connection.vendor == "postgresql" else "json_each(%s)"
    return f"{values} AS asked {_join('CROSS JOIN', table, on)}"


def _join(kind: str, table: str, on: str) -> str:
    """A join that takes one step in an index for each value, whatever the planner believes of the table's size while it grows.

    SQLite goes by the order of a CROSS JOIN; PostgreSQL must look anew for each row where OFFSET stands.
    """
    if connection.vendor != "postgresql":
        return f"{kind} {table} ON {on}"
    name = table.split()[1]
    return f"{kind} LATERAL (SELECT * FROM {table} WHERE {on} OFFSET 0) AS {name}" + (" ON TRUE" if kind == "LEFT JOIN" else "")


def _parameter(values: Sequence[str]) -> Any:
    return list(values) if connection.vendor == "postgresql" else json.dumps(list(values))


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
