"""Finds a free TCP port on loopback, and keeps it from other copies that start at the same moment."""

import fcntl
import os
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

from syndication.errors import Refused

TRIES = 50
_reserved: dict[int, int] = {}
"""Ports that this process keeps for its children until it ends, each with the handle of its lock."""


class NoFreePort(Refused):
    """Nothing free near the wanted port."""


def next_free(wanted: int, *, apart_from: frozenset[int] = frozenset()) -> int:
    """`wanted`, or the first free port above it, at most TRIES away, reserved while this process lives. Raises NoFreePort."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if port not in apart_from and _is_free(port) and _reserve(port):
            return port
    raise NoFreePort(f"Port {wanted} and the {TRIES - 1} above it are taken or not allowed; choose another with --port.")


def _is_free(port: int) -> bool:
    with suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: a port in TIME_WAIT counts as free
        probe.bind(("127.0.0.1", port))
        return True
    return False


def _reserve(port: int) -> bool:
    """Between our look and our server's bind lies a second in which another copy may look too; a lock that both know keeps them apart."""
    if port in _reserved:
        return True
    handle = os.open(Path(tempfile.gettempdir()) / f"syndication-{os.getuid()}-port-{port}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    _reserved[port] = handle
    return True
