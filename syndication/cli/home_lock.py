"""Lets only one `up` run on a home, and tells the second one about the first."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from syndication.errors import Refused


class AlreadyUp(Refused):
    """Another `up` runs on this home; the message says which."""


@contextmanager
def hold(path: Path, address: str) -> Iterator[None]:
    """Hold the lock at `path` and say in it who we are and where we answer; nothing is left behind.

    Raises AlreadyUp at once when another process holds it. A lock file of a killed process holds nothing.
    """
    handle = _lock(path)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()} {address}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock is given back, see _lock
        os.close(handle)


def _lock(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            pid, _, address = os.read(handle, 500).decode(errors="replace").strip().partition(" ")
            os.close(handle)
            raise AlreadyUp(
                f"`syndication up` already runs on {path.parent}: process {pid or '?'}, {address or 'still starting'}. "
                f"Open that address, stop it first (Ctrl-C there, or kill -INT {pid or 'PID'}), or set SYNDICATION_HOME to another folder."
            ) from error
        if _is_still(path, handle):
            return handle
        os.close(handle)  # its owner deleted it between our open and our lock


def _is_still(path: Path, handle: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(handle).st_ino
    except FileNotFoundError:
        return False
