"""The journal's file: written at once, locked while its writer lives, gone when all of it is in the ledger.

The lock is the kernel's (flock): it ends with its process, however that dies, so any process of this machine can tell at once
whether the writer of a journal still lives.
"""

import errno
import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

from syndication.delivery.journal import records
from syndication.errors import SyndicationError

SUFFIX = ".journal"
CHUNK_BYTES = 256 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


class JournalFull(SyndicationError):
    """The journal cannot grow: nothing more may be sent until it can."""


def site_of(folder: Path) -> str:
    """The folder's own name, made once and kept in it: two machines that share the folder share the name."""
    path = folder / "site"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            draft = folder / f".site-{secrets.token_hex(6)}"
            draft.write_text(secrets.token_hex(8), encoding="ascii")
            try:
                os.link(draft, path)  # fails where another process was first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise JournalFull(
            f"The journal folder {folder} cannot be used: {error.strerror or error}. Nothing is sent until it can."
        ) from error


def boot_name() -> str:
    """Eight characters that change when this machine starts anew."""
    identity = _BOOT_ID.read_text(encoding="ascii") if _BOOT_ID.exists() else "one boot"
    return hashlib.blake2s(identity.encode(), digest_size=4).hexdigest()


def owner_name() -> str:
    """host:process, for people, without blanks, at most 60 characters."""
    return f"{socket.gethostname()[:40].replace(' ', '-')}:{os.getpid()}"


class JournalFile:
    """One run's journal, open and locked. Raises JournalFull where the disk has no room or cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.site, self.boot, self.owner = site_of(folder), boot_name(), owner_name()
        self.run = secrets.token_hex(12)
        self.path = folder / f"{self.run}{SUFFIX}"
        self._at = self._room = 0
        draft = folder / f".{self.run}.new"  # nobody may find it before it is locked
        try:
            self._handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalFull(f"The journal {self.path} cannot be written: {error.strerror or error}.") from error
        fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            self.reserve(CHUNK_BYTES)
        except JournalFull:
            draft.unlink()
            self.close()
            raise
        self.append(records.head(self.run, self.site, self.boot, self.owner))
        draft.rename(self.path)

    def reserve(self, size_bytes: int) -> None:
        """Make sure that so many bytes can be appended whatever the disk does meanwhile. Raises JournalFull."""
        missing = self._at + size_bytes - self._room
        if missing <= 0:
            return
        grown = (missing + CHUNK_BYTES - 1) // CHUNK_BYTES * CHUNK_BYTES
        try:
            os.posix_fallocate(self._handle, self._room, grown)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise JournalFull(f"{self.path.parent}: {error.strerror}. Sending waits until there is room.") from error
            raise
        self._room += grown

    def append(self, lines: bytes) -> None:
        """Write at once: what stands here survives the death of this process."""
        view = memoryview(lines)
        while view:
            written = os.pwrite(self._handle, view, self._at)
            self._at += written
            view = view[written:]

    def sync(self) -> None:
        """Wait until the disk has it: what stands here survives a power cut."""
        os.fdatasync(self._handle)

    def forget(self) -> None:
        """All of it is in the ledger: away with it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let go of the lock; whoever finds the file settles it."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


class Orphan:
    """A journal whose writer is dead, locked by us while we settle it."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    def read(self) -> records.Told:
        """What it says."""
        return records.read(self.path.read_bytes())

    def forget(self) -> None:
        """All of it is in the ledger."""
        self.path.unlink(missing_ok=True)


def orphans(folder: Path) -> Iterator[Orphan]:
    """Each journal of the folder whose writer is dead; nobody else gets it while the caller holds it."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():  # its last holder may have settled it while we opened it
                yield Orphan(path, handle)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def is_here(folder: Path, run: str) -> bool:
    """Whether the journal of a run lies in the folder."""
    return (folder / f"{run}{SUFFIX}").exists()
