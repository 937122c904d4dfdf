"""What the two databases say differently: their clock and how firmly they write."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

WANTS_ISSUES = """x.state = 'confirmed' AND x.frequency = 'each' AND (x.paused_until IS NULL OR x.paused_until <= CURRENT_DATE)"""
"""Whether the subscription x wants a campaign's mail today; days are UTC's on both databases."""

NOT_SUPPRESSED = """NOT EXISTS (
    SELECT 1 FROM syndication_suppression p
    WHERE p.address_hash = s.address_hash AND (p.publication_id IS NULL OR p.publication_id = %(publication)s))"""
"""Whether nothing holds back the subscriber s, for the publication of the mailing."""


def now_sql(plus_seconds: int = 0) -> str:
    """The database's own time as SQL: whole seconds since 1970."""
    if connection.vendor == "postgresql":
        return f"(floor(extract(epoch FROM statement_timestamp()))::bigint + {int(plus_seconds)})"
    return f"(CAST(strftime('%%s', 'now') AS INTEGER) + {int(plus_seconds)})"


def database_now() -> int:
    """The database's time, in whole seconds since 1970."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql()}", [])
        return int(cursor.fetchone()[0])


@contextmanager
def durable() -> Iterator[None]:
    """A transaction that a power cut cannot undo: claims, and the settlement after which a journal is thrown away."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:  # inside a transaction SQLite cannot change it any more
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")
        try:
            with transaction.atomic():
                yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA synchronous=NORMAL")
    else:
        with transaction.atomic():
            yield


@contextmanager
def quick() -> Iterator[None]:
    """A transaction that survives a dead process but not a power cut: outcomes that a journal still holds."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
        yield
