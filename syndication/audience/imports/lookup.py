"""Asks the tables about thousands of readers at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from syndication.audience.imports.decide import Known
from syndication.audience.models import Subscriber, Subscription

_COLUMNS = "s.address_hash, s.id, s.name, s.locale, s.time_zone, s.attributes, s.updated_at, x.id, x.state, x.changed_at"


def known(hashes: Sequence[str], list_id: int) -> dict[str, Known]:
    """By keyed hash those who are subscribers, with their subscription to a list."""
    if not hashes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {_COLUMNS} FROM {_many()} JOIN syndication_subscriber s ON s.address_hash = asked.value
                LEFT JOIN syndication_subscription x ON x.subscriber_id = s.id AND x.list_id = %s""",
            [_parameter(hashes), list_id],
        )
        found = cursor.fetchall()
    return {row[0]: _known(row) for row in found}


def suppressed(hashes: Sequence[str], publication_id: int) -> dict[str, str]:
    """Keyed hash -> reason, for a publication or everywhere."""
    if not hashes:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT p.address_hash, p.reason FROM {_many()} JOIN syndication_suppression p ON p.address_hash = asked.value
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
            f"SELECT s.address, s.address_hash FROM {_many()} JOIN syndication_subscriber s ON s.address = asked.value",
            [_parameter(list(hash_of))],
        )
        return any(hash_of[address] != hashed for address, hashed in cursor.fetchall())


def _many() -> str:
    """A table `asked` of all values of one parameter; the order of the join is ours, as each value is one step in an index."""
    if connection.vendor == "postgresql":
        return "(SELECT unnest(%s::text[]) AS value) AS asked"
    return "json_each(%s) AS asked CROSS"


def _parameter(values: Sequence[str]) -> Any:
    return list(values) if connection.vendor == "postgresql" else json.dumps(list(values))


def _known(row: Sequence[Any]) -> Known:
    _, pk, name, locale, time_zone, attributes, updated_at, subscription_id, state, changed_at = row
    return Known(
        subscriber_id=pk,
        name=name,
        locale=locale,
        time_zone=time_zone,
        attributes=json.loads(attributes) if isinstance(attributes, str) else attributes,
        updated_at=_moment(Subscriber, "updated_at", updated_at),
        subscription_id=subscription_id,
        state=state,
        changed_at=_moment(Subscription, "changed_at", changed_at) if changed_at is not None else None,
    )


def _moment(model: type[Subscriber | Subscription], name: str, value: Any) -> Any:
    """A time as Python has it; SQLite gives text."""
    column = model._meta.get_field(name).get_col(model._meta.db_table)
    for converter in connection.ops.get_db_converters(column):
        value = converter(value, column, connection)
    return value
