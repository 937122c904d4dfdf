"""Threads wait for SQLite's lock without standing in each other's way."""

import gc
import sqlite3
import threading

import pytest
from django.db import OperationalError, connections
from django.db.utils import load_backend

from syndication.environment import sqlite


@pytest.fixture
def connect(tmp_path, django_db_blocker):
    """Makes connections to one database, as the settings would."""
    made = []

    def make(**options):
        settings = connections["default"].settings_dict | sqlite(tmp_path / "waits.sqlite3")
        settings["OPTIONS"] = settings["OPTIONS"] | options
        one = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, alias="waits")
        one.inc_thread_sharing()
        made.append(one)
        return one

    with django_db_blocker.unblock():
        yield make
        for one in made:
            one.close()


@pytest.fixture
def table(connect):
    one = connect()
    with one.cursor() as cursor:
        cursor.execute("CREATE TABLE numbers (number INTEGER)")
    return one


def begin(one):
    one.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def end(one):
    one.commit()
    one.set_autocommit(True)


def insert(one, number):
    with one.cursor() as cursor:
        cursor.execute("INSERT INTO numbers VALUES (%s)", [number])


def in_a_thread(work):
    """Start `work`; what it raised, or None, is in the list when the thread has ended."""
    came = []

    def run():
        try:
            work()
            came.append(None)
        except Exception as error:  # noqa: BLE001  # told to the test
            came.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, came


@pytest.mark.parametrize("is_transaction", [True, False])
def test_who_waits_goes_on_when_the_other_is_done(connect, table, is_transaction):
    waiting = connect()
    waiting.ensure_connection()
    begin(table)
    insert(table, 1)

    def write():
        if is_transaction:
            begin(waiting)
        insert(waiting, 2)
        if is_transaction:
            end(waiting)

    thread, came = in_a_thread(write)
    end(table)
    thread.join()
    assert came == [None]


def test_collecting_another_threads_cursor_while_it_waits_does_not_stop_the_process(connect, table):
    """With SQLite's own wait this stands still until the other gives up, and the other fails."""
    waiting = connect(timeout=10)
    waiting.ensure_connection()
    ring = [waiting.connection.execute("SELECT 1")]
    ring.append(ring)  # garbage that only the collector finds
    begin(table)
    insert(table, 1)
    entered = threading.Event()
    waiting.connection.set_trace_callback(lambda _: entered.set())  # SQLite has begun to look for the lock

    def write():
        begin(waiting)
        end(waiting)

    thread, came = in_a_thread(write)
    entered.wait()
    del ring
    gc.collect()
    end(table)
    thread.join()
    assert came == [None]


def test_who_waits_too_long_is_told_and_has_changed_nothing(connect, table):
    begin(table)
    insert(table, 1)
    other = connect(timeout=0.05)
    with pytest.raises(OperationalError, match="locked"):
        insert(other, 2)
    with pytest.raises(OperationalError, match="locked"):
        begin(other)
    end(table)
    insert(other, 3)
    with other.cursor() as cursor:
        cursor.execute("SELECT number FROM numbers ORDER BY 1")
        assert cursor.fetchall() == [(1,), (3,)]


def test_many_rows_outside_of_a_transaction_are_written_once_each(connect, table):
    other = connect()
    other.ensure_connection()
    begin(table)

    def write():
        with other.cursor() as cursor:
            cursor.executemany("INSERT INTO numbers VALUES (%s)", [[number] for number in range(50)])

    thread, came = in_a_thread(write)
    end(table)
    thread.join()
    with other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM numbers")
        assert (came, cursor.fetchone()[0]) == ([None], 50)
        assert other.connection.execute("PRAGMA busy_timeout").fetchone() == (0,)


def test_other_errors_are_raised_at_once(connect, table):
    with pytest.raises(OperationalError, match="no such table"):
        insert_into_nothing(connect())


def insert_into_nothing(one):
    with one.cursor() as cursor:
        cursor.execute("INSERT INTO missing VALUES (1)")


def test_busy_is_told_from_other_errors():
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY_SNAPSHOT
    assert load_backend("syndication.sqlite").is_busy(error)
    assert not load_backend("syndication.sqlite").is_busy(sqlite3.OperationalError("no such table"))
