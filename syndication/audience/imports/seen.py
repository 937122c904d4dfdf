"""Remembers which addresses a file has had so far, in a small file of its own instead of in memory: eight bytes of hash each."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from syndication.audience.imports.decide import Person, Refusal

CACHE_KIB = 16 * 1024
_SIGNED = 2**63


class Seen:
    """Hash -> the line where it came first.

    path  its file, or "" for one that is gone with the process
    Two of a million addresses share eight bytes with a chance of 1 in 30 million, and nobody can make them: the hash is keyed.
    """

    def __init__(self, path: Path | str = "") -> None:
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # a dead process loses nothing by this; after a power cut the file is made anew from the table
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute("PRAGMA journal_mode=OFF" if not path else "PRAGMA journal_mode=MEMORY")
        self._base.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        self._base.execute("CREATE TABLE IF NOT EXISTS seen (digest INTEGER PRIMARY KEY, line INTEGER NOT NULL)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._base.close()

    def lines(self) -> int:
        """How many addresses are remembered."""
        return int(self._base.execute("SELECT count(*) FROM seen").fetchone()[0])

    def forget_after(self, line: int) -> None:
        """Take back what was noted for rows that were not committed."""
        self._base.execute("DELETE FROM seen WHERE line > ?", (line,))

    def without_repeats(self, people: Sequence[Person]) -> tuple[Sequence[Person], list[Refusal]]:
        """The people whose address comes for the first time, and a refusal for each other one. May be asked again with the same rows."""
        marks = [(int(person.hashed[:16], 16) - _SIGNED, person.row.line) for person in people]
        if self._note(marks) == len(marks):
            return people, []
        first, repeats = [], []
        for person, (digest, line) in zip(people, marks, strict=True):
            (before,) = self._base.execute("SELECT line FROM seen WHERE digest = ?", (digest,)).fetchone()
            if before == line:
                first.append(person)
            else:
                repeats.append(Refusal(line, person.row.address[:80], f"the same address as in line {before}"))
        return first, repeats

    def _note(self, marks: Iterable[tuple[int, int]]) -> int:
        """Note those that are new; how many were."""
        self._base.execute("BEGIN")
        count = self._base.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", marks).rowcount
        self._base.execute("COMMIT")
        return count
