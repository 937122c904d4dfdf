"""Finds a free TCP port on loopback."""

import socket
from contextlib import suppress

from syndication.errors import Refused

TRIES = 50


class NoFreePort(Refused):
    """Nothing free near the wanted port."""


def next_free(wanted: int, *, apart_from: frozenset[int] = frozenset()) -> int:
    """`wanted`, or the first free port above it, at most TRIES away. Raises NoFreePort."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in apart_from and _is_free(port):
            return port
    raise NoFreePort(f"Port {wanted} and the {TRIES - 1} above it are taken or not allowed; choose another with --port.")


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT counts as free
        probe.bind(("127.0.0.1", port))
        return True
    return False
