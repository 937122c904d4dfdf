"""What the two databases say differently: their clock, their identity and how firmly they write."""

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def now_sql(plus_seconds: int = 0) -> str:
    """The database's own time as SQL, for statements with parameters (percent signs are doubled)."""
    if connection.vendor == "postgresql":
        return f"(statement_timestamp() + interval '{int(plus_seconds)} seconds')"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '{int(plus_seconds):+d} seconds')"


def epoch() -> str:
    """Eight characters that change when writes of before may be gone: a restart of PostgreSQL, or of this machine for SQLite."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_postmaster_start_time()::text")
            identity = str(cursor.fetchone()[0])
    else:
        identity = _BOOT_ID.read_text(encoding="ascii") if _BOOT_ID.exists() else "one boot"
    return hashlib.blake2s(identity.encode(), digest_size=4).hexdigest()


def new_owner() -> str:
    """A name for one sender run: epoch:host:process:nonce, at most 80 characters."""
    return f"{epoch()}:{socket.gethostname()[:40]}:{os.getpid()}:{os.urandom(4).hex()}"


@contextmanager
def durable() -> Iterator[None]:
    """A transaction that a power cut cannot undo: claims, so that a lost mark is doubt and never "planned" again."""
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
    """A transaction that survives a dead process but not a power cut: marks and outcomes, thousands a second."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit = off")
        yield
