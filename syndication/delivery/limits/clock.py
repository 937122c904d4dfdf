"""The time that all senders share: the database's (an edge)."""

from datetime import UTC, datetime

from django.db import connection


def database_now() -> datetime:
    """Aware UTC. SQLite has this machine's clock, and all its senders are here."""
    if connection.vendor != "postgresql":
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found
