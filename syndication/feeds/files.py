"""The folder of published bytes: read, replaced in one move, by one publisher at a time."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READABLE_BY_ALL = 0o644  # another program, such as nginx, may serve the folder
_TEMPORARY = ".tmp"


@contextmanager
def alone(root: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock `name` under `root`: others wait, in this process and in every other on this machine; a dead holder lets go.

    wait  False: give False, without the lock, while somebody else holds it
    """
    with (root / f".{name}.lock").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def replace(path: Path, body: bytes) -> bool:
    """Put `body` at `path` in one move; False when it is there already, and then the file's time stays true.

    A reader sees the old bytes or the new ones, never a part, and a crash leaves the old ones. Hold `alone` around it.
    """
    if path.is_file() and path.read_bytes() == body:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    for left_behind in path.parent.glob(f"{path.name}.*{_TEMPORARY}"):
        left_behind.unlink()  # of a publisher that died
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}.", suffix=_TEMPORARY, delete=False) as file:
        file.write(body)
        file.flush()
        os.fchmod(file.fileno(), READABLE_BY_ALL)
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    keep_the_name(path.parent)
    return True


def keep_the_name(folder: Path) -> None:
    """A move inside `folder` survives a power cut only once the folder is on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
