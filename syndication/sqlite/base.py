"""Waits for SQLite's lock in Python: often, fairly, and without standing in other threads' way.

SQLite's own wait (its busy timeout) sleeps up to a tenth of a second between two looks, so that threads overtake each other for many
seconds. Worse, it sleeps with the connection's mutex held: when another thread collects garbage that holds a cursor of this connection,
it waits for that mutex with Python's lock in its hand, and if it is the one that has the database's lock, the whole process stands still
until the wait is over (CPython 3.11 calls sqlite3_reset without giving Python's lock away; seen with 300 sign-ups a second).

So SQLite waits not at all here, and a statement that finds the database locked is tried again a little later. That is safe outside of a
transaction: nothing was done. Inside one, transactions being IMMEDIATE, the lock is ours already.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db.backends.sqlite3 import base

LOOK_AGAIN_SECONDS = 0.001

_first_in_line = threading.Lock()
"""One thread of a process looks for SQLite's lock, the others wait for it: eight that look cost a tenth of a core and overtake each other."""


class Cursor(base.SQLiteCursorWrapper):
    """Django's cursor; a statement outside of a transaction is tried again while somebody else writes."""

    patience_seconds = 20.0

    def execute(self, query: str, params: Any = None) -> Any:
        """As Django's. Raises sqlite3.OperationalError when the database stays locked."""
        return self._patiently(lambda: super(Cursor, self).execute(query, params))

    def executemany(self, query: str, param_list: Any) -> Any:
        """As Django's; outside of a transaction each row is one of its own, so SQLite waits itself rather than begin again."""
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        self.connection.execute(f"PRAGMA busy_timeout = {int(self.patience_seconds * 1000)}")
        try:
            return super().executemany(query, param_list)
        finally:
            self.connection.execute("PRAGMA busy_timeout = 0")

    def _patiently(self, statement: Callable[[], Any]) -> Any:
        try:
            return statement()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or self.connection.in_transaction:
                raise
        give_up_at = time.monotonic() + self.patience_seconds
        is_first = _first_in_line.acquire(timeout=self.patience_seconds)
        try:
            while True:
                try:
                    return statement()
                except sqlite3.OperationalError as error:
                    if not is_busy(error) or time.monotonic() >= give_up_at:
                        raise
                time.sleep(LOOK_AGAIN_SECONDS)
        finally:
            if is_first:
                _first_in_line.release()


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else writes, or reads what recovers (SQLITE_BUSY and its extended codes)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's wrapper with these cursors; OPTIONS["timeout"] says how many seconds to wait, as ever."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """A connection that does not wait by itself, once it is set up."""
        connection = super().get_new_connection(conn_params)
        connection.execute("PRAGMA busy_timeout = 0")
        return connection

    def create_cursor(self, name: str | None = None) -> Cursor:  # noqa: ARG002  # server-side cursors are PostgreSQL's
        """A cursor that waits as long as the settings say."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.patience_seconds = float(self.settings_dict["OPTIONS"].get("timeout", Cursor.patience_seconds))
        return cursor
