"""Waits for a database that is away, and knows a clock that also runs while the machine sleeps."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

DATABASE_PATIENCE_SECONDS = 30  # less than what the watchdog calls a standstill

log = logging.getLogger("syndication.send")
Result = TypeVar("Result")


def patiently(write: Callable[[], Result]) -> Result:
    """Do a write that may be done twice; when the database is away, try again for DATABASE_PATIENCE_SECONDS.

    What still cannot be written stays in the journal.
    """
    until = time.monotonic() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > until:
                raise
            log.warning("the database is away, trying again: %s", str(error).strip())
            connection.close()
            time.sleep(0.5)


def awake_seconds() -> float:
    """A clock that also runs while the machine sleeps, so that a sender that slept knows that its lease is over."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
