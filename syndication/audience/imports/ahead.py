"""Prepares the next group of rows while the database writes the present one."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")


def ahead(make: Callable[[], Made | None]) -> Generator[Made, None, None]:
    """What `make` gives, one after the other until it gives None; the next is made in a thread while the one before is used.

    PostgreSQL works in a process of its own, and SQLite without Python's lock while a statement runs (many_rows.py).
    `make` must not touch the database. Close the generator before what `make` reads.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as pool:
        coming = pool.submit(make)
        while (made := coming.result()) is not None:
            coming = pool.submit(make)
            yield made
