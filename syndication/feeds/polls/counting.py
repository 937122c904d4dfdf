"""Counts polls in this process's memory, at almost no cost to an answer, and hands the counts over in groups."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from syndication.feeds.polls.agents import LONGEST_AGENT

EVERY_SECONDS = 5.0  # what a web process loses when it ends; granian leaves it no time for more
MOST_SEEN = 5_000  # kinds of polls between two hand-overs: a flood of invented names ends in one nameless line for each document

log = logging.getLogger("syndication.feeds.polls")


class Seen(NamedTuple):
    """A kind of poll: the document's path below /feeds/, the User-Agent as it came (its beginning), the status that was answered."""

    path: str
    user_agent: str
    status: int


@dataclass(slots=True)
class Tally:
    """How often it was seen, and the bytes of the bodies that were sent."""

    polls: int = 0
    bytes_sent: int = 0


Counts = Mapping[Seen, Tally]


class Polls:
    """The counts of one process. A thread, started by the first poll, hands them to `keep` from time to time.

    keep  may fail: then the counts wait for the next time. What a process counted since the last time goes with it when it ends.
    """

    def __init__(self, keep: Callable[[Counts], None], *, every_seconds: float = EVERY_SECONDS, most: int = MOST_SEEN) -> None:
        self._keep, self._every_seconds, self._most = keep, every_seconds, most
        self._counts: dict[Seen, Tally] = {}
        self._lock = threading.Lock()
        self._hand_over = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, path: str, user_agent: str, status: int, bytes_sent: int) -> None:
        """Count one answer."""
        key = Seen(path, user_agent[:LONGEST_AGENT], status)
        with self._lock:
            tally = self._counts.get(key)
            if tally is None:
                tally = self._new(key)
            tally.polls += 1
            tally.bytes_sent += bytes_sent

    def hand_over(self) -> None:
        """Give away what was counted since the last time; on failure it is kept, as far as there is room, and tried again next time."""
        with self._hand_over:
            with self._lock:
                counts, self._counts = self._counts, {}
            if not counts:
                return
            try:
                self._keep(counts)
            except Exception:
                log.exception("%d kinds of polls could not be kept; they are tried again", len(counts))
                self._take_back(counts)

    def end(self) -> None:
        """Stop the thread, and hand over what is left."""
        self._ended.set()
        if self._thread:
            self._thread.join()
        self.hand_over()

    def _new(self, key: Seen) -> Tally:
        """With the lock held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="polls", daemon=True)
            self._thread.start()
        if len(self._counts) >= self._most:
            key = key._replace(user_agent="")
        if len(self._counts) >= 2 * self._most:
            key = Seen("", "", key.status)  # more documents than anybody has: they are counted, but not told apart
        return self._counts.setdefault(key, Tally())

    def _take_back(self, counts: Counts) -> None:
        with self._lock:
            for key, lost in counts.items():
                tally = self._counts.get(key) or self._new(key)
                tally.polls += lost.polls
                tally.bytes_sent += lost.bytes_sent

    def _run(self) -> None:
        while not self._ended.wait(self._every_seconds):
            self.hand_over()
