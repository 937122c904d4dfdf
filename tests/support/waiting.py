"""Waits for what other processes do, with a deadline instead of a sleep."""

import socket
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, seconds: float = 20, what: str | Callable[[], str] = "it") -> None:
    """Return when `condition()` is true; fails the test with `what` after `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"waited {seconds:.0f} s for {what() if callable(what) else what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether a server takes connections there, on loopback."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
