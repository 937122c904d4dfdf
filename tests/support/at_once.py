"""Runs steps at the same moment, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection


def at_once(*steps: Callable[[], Any], excused: tuple[type[Exception], ...] = ()) -> list[Any]:
    """What each step returned, in their order; None for one that an excused error ended. Any other error goes on."""
    begin = threading.Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        begin.wait(20)
        try:
            return step()
        except excused:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))
