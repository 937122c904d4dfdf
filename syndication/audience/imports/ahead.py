"""Prepares the next group of rows while the database writes the present one."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Made = TypeVar("Made")


def ahead(make: Callable[[], Made | None]) -> Generator[Made, None, None]:
    """What `make` gives, one after the other until it gives None; on PostgreSQL one is made in a thread while the one before is used.

    The server works in a process of its own there. SQLite works in ours, and would only quarrel with the thread about Python's lock.
    `make` must not touch the database. Close the generator before what `make` reads.
    """
    if connection.vendor != "postgresql":
        while (made := make()) is not None:
            yield made
        return
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
        coming = pool.submit(make)
        while (made := coming.result()) is not None:
            coming = pool.submit(make)
            yield made
