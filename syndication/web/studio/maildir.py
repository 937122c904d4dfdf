"""Finds the messages of the mail catcher's Maildir without reading more of them than a page shows."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG

from syndication.errors import NotFound
from syndication.web.studio.caught import Summary, summary_of

FOLDERS = ("new", "cur")  # https://cr.yp.to/proto/maildir.html: tmp holds what is still being written
FLAGS = ":"  # what a mail reader adds after it ("…:2,S") is no part of the message's name
HEAD_BYTES = 16_384  # enough for the headers of any message of ours
KEPT_SUMMARIES = 20_000  # a message never changes, so its summary may stay; about 10 MB


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as a file: its name without flags, where it is, when it came (ns since 1970), how long it is (bytes)."""

    name: str
    path: str
    arrived_ns: int
    size_bytes: int

    @property
    def arrived_at(self) -> datetime:
        """Aware UTC."""
        return datetime.fromtimestamp(self.arrived_ns / 1e9, UTC)

    @property
    def summary(self) -> Summary:
        """Its subject and people."""
        return _summary(self.path)


def newest_first(maildir: Path) -> list[Entry]:
    """Every message, the newest first; empty when the catcher has caught nothing yet. Reads file names and times only."""
    entries = (entry for folder in FOLDERS for entry in _entries(maildir / folder))
    return sorted(entries, key=lambda entry: (entry.arrived_ns, entry.name), reverse=True)


def matching(entries: list[Entry], sought: str) -> Iterator[Entry]:
    """Those whose subject, sender or recipient holds `sought`, whatever its case; reads each message's head as it goes."""
    folded = sought.casefold()
    for entry in entries:
        try:
            summary = entry.summary
        except OSError:  # deleted by a mail reader since the listing
            continue
        if any(folded in part.casefold() for part in (summary.subject, summary.recipient, summary.sender)):
            yield entry


def find(maildir: Path, name: str) -> Entry:
    """The message of that name. The name comes from a URL: only what a listing of the two folders shows is ever opened.

    Raises NotFound.
    """
    for folder in FOLDERS:
        for entry in _entries(maildir / folder, only=name):
            return entry
    raise NotFound("This message is not in the caught mail: it was deleted, or the address is incomplete.")


def _entries(folder: Path, *, only: str | None = None) -> Iterator[Entry]:
    try:
        listing = os.scandir(folder)
    except FileNotFoundError:
        return
    with listing:
        for file in listing:
            name = file.name.partition(FLAGS)[0]
            if name.startswith(".") or not name.isprintable() or only not in {None, name}:
                continue
            try:
                facts = file.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if S_ISREG(facts.st_mode):
                yield Entry(name, file.path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=KEPT_SUMMARIES)
def _summary(path: str) -> Summary:
    with open(path, "rb") as file:  # noqa: PTH123  # the path comes from scandir, as text
        return summary_of(file.read(HEAD_BYTES))
