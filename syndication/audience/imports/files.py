"""Keeps the files that people upload: in the home, readable by nobody else, gone soon after."""

import contextlib
import os
import secrets
from collections.abc import Container, Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from syndication.errors import BadInput, NotFound

TOO_LARGE = (
    "The file is larger than this installation takes (SYNDICATION_IMPORT_MB). Divide it, or bring it in with `syndication subscribers import`, "
    "which has no limit."
)


def keep(chunks: Iterable[bytes], *, limit_bytes: int) -> tuple[str, int]:
    """Write an upload into the home; its name there and its size. Raises BadInput when it is larger than allowed; then nothing stays."""
    folder = settings.IMPORTS
    name = f"{secrets.token_hex(16)}.table"
    path, size = folder / name, 0
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                size += _allowed(len(chunk), limit_bytes - size)
                file.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return name, size


def _allowed(size: int, room: int) -> int:
    if size > room:
        raise BadInput(TOO_LARGE)
    return size


def opened(name: str) -> BinaryIO:
    """A kept file. Raises NotFound when it is gone."""
    try:
        return path_of(name).open("rb")
    except OSError as error:
        raise NotFound("The file of this import is gone from the home; upload it again.") from error


def path_of(name: str) -> Path:
    """Where a kept file lies."""
    return Path(settings.IMPORTS) / Path(name).name


def seen_path(job_id: int) -> Path:
    """Where an import remembers the addresses that it has had (seen.py)."""
    folder = Path(settings.IMPORTS)
    return folder / f"{job_id}.seen"


def remove(name: str, job_id: int) -> None:
    """Delete what is kept for an import; again is harmless."""
    for path in [path_of(name)] * bool(name) + [seen_path(job_id), seen_path(job_id).with_suffix(".seen-journal")]:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def remove_strangers(known: Container[str], before: datetime) -> None:
    """Delete files that belong to no import and are older: uploads that broke off."""
    for path in Path(settings.IMPORTS).iterdir():
        with contextlib.suppress(OSError):
            if path.name not in known and path.suffix != ".seen" and path.stat().st_mtime < before.timestamp():
                path.unlink()
