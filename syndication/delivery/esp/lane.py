"""Lets the engine's loop send through a provider: some threads that each hold one request, behind the face of an exchange.

The engine's side is called only in the thread that turns the lane, and its notes are flushed before a thread gets the message.
"""

import contextlib
import queue
import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from syndication.delivery.esp.connection import ANSWER_SECONDS, Connection
from syndication.delivery.esp.errors import EspError, LostAfterRequest, LostBeforeRequest, ServerAway
from syndication.delivery.outcome import Answer
from syndication.delivery.parcel import Parcel
from syndication.environment import EspAccount

LONGEST_PAUSE_SECONDS = 300.0  # whatever a provider asks for with a 429; the engine tries again then
WAKE_BYTES = 4096


class Job(Protocol):
    """Anything the engine hands out that carries a parcel."""

    parcel: Parcel


class Room(Protocol):
    """The engine's side, as wire.mailroom.Mailroom tells it; the server is an account here."""

    def next_job(self, server: EspAccount) -> Job | None: ...  # noqa: D102
    def begin(self, job: Any) -> bool: ...  # noqa: D102
    def answered(self, job: Any, answer: Answer) -> None: ...  # noqa: D102
    def lost(self, job: Any, why: str, *, after_dot: bool) -> None: ...  # noqa: D102
    def returned(self, job: Any) -> None: ...  # noqa: D102
    def away(self, server: EspAccount, why: str) -> None: ...  # noqa: D102
    def flush(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Result:
    """What a thread found out; `pause_seconds` is what the provider asked for."""

    job: Job
    outcome: Answer | EspError
    pause_seconds: float = 0.0


class EspLane:
    """Requests to one account. staff() says how many, turn() is one round, wake() says that there are new jobs."""

    def __init__(self, account: EspAccount, room: Room | None = None, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        """Open nothing yet."""
        self.account = account
        self._room = room
        self._answer_seconds = answer_seconds
        self._todo: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._done: deque[_Result] = deque()
        self._begun: deque[Job] = deque()
        self._handed: list[Job] = []
        self._threads: list[threading.Thread] = []
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)  # noqa: FBT003  # its only form
        self._ringer.setblocking(False)  # noqa: FBT003
        self._wanted = 0
        self._is_proved = self._is_blocked = self._is_woken = False
        self._pause_until = 0.0

    # ------------------------------------------------------------------ what the engine calls
    @property
    def room(self) -> Room:
        """The engine's side; may be exchanged while nothing is in flight."""
        if self._room is None:
            raise RuntimeError("The lane has no mailroom: set lane.room before the first turn().")
        return self._room

    @room.setter
    def room(self, room: Room) -> None:
        self._room = room

    @property
    def in_flight(self) -> int:
        """Jobs taken that have no end yet."""
        return len(self._handed) + len(self._begun)

    def ready_lines(self, server: EspAccount) -> int:
        """How many requests may be on their way at once to this account."""
        return self._wanted if server == self.account and self._is_proved else 0

    def staff(self, server: EspAccount, connections: int) -> None:
        """Want so many requests at once, at most the account's own number; an account that was away is tried again, with one at first."""
        if server == self.account:
            self._wanted = min(connections, self.account.connections)
            self._is_blocked, self._is_woken = False, True

    def wake(self) -> None:
        """There are new jobs."""
        self._is_woken = True

    def turn(self, longest_seconds: float) -> None:
        """One round: wait for at most so long, report answers, begin what there is, flush, hand over.

        When the room raises (a full disk), the exception leaves turn(), and what was begun waits for the next flush() that succeeds.
        """
        self._wait(longest_seconds)
        while self._done:
            self._report(self._done.popleft())
        self._begin_more()
        self.room.flush()
        while self._begun:
            self._hand_over(self._begun.popleft())

    def close(self, grace_seconds: float = 0) -> None:
        """Take no more, wait for answers for at most so long, call the rest doubt, and let the threads end."""
        self._wanted, until = 0, time.monotonic() + grace_seconds
        try:
            while self.in_flight and (left := until - time.monotonic()) > 0:
                self.turn(left)
            while self._done:
                self._report(self._done.popleft())
        finally:
            self._end()

    # ------------------------------------------------------------------ inside
    def _wait(self, longest_seconds: float) -> None:
        now = time.monotonic()
        may_begin = self._room_for_more(now) and self._is_woken
        until_resumed = self._pause_until - now if self._is_woken and self._pause_until > now else longest_seconds
        patience = 0.0 if self._done or may_begin else max(0.0, min(longest_seconds, until_resumed))
        if select.select([self._bell], [], [], patience)[0]:
            self._bell.recv(WAKE_BYTES)

    def _room_for_more(self, now: float) -> bool:
        wanted = self._wanted if self._is_proved else min(self._wanted, 1)  # one request tells whether the account may send at all
        return not self._is_blocked and now >= self._pause_until and self.in_flight < wanted

    def _begin_more(self) -> None:
        now = time.monotonic()
        while self._is_woken and self._room_for_more(now):
            job = self.room.next_job(self.account)
            if job is None:
                self._is_woken = False
            elif self.room.begin(job):
                self._begun.append(job)
            else:
                self.room.returned(job)

    def _hand_over(self, job: Job) -> None:
        self._handed.append(job)
        if len(self._threads) < len(self._handed):
            thread = threading.Thread(target=self._work, name=f"esp-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._todo.put(job)

    def _report(self, result: _Result) -> None:
        job, outcome = result.job, result.outcome
        self._handed = [one for one in self._handed if one is not job]
        self._is_woken = True
        if result.pause_seconds:
            self._pause_until = time.monotonic() + min(result.pause_seconds, LONGEST_PAUSE_SECONDS)
        if isinstance(outcome, Answer):
            self._is_proved = True
            self.room.answered(job, outcome)
            return
        self.room.lost(job, str(outcome), after_dot=not isinstance(outcome, ServerAway | LostBeforeRequest))
        if isinstance(outcome, ServerAway) and not self._is_blocked:
            self._is_blocked, self._is_proved = True, False
            self.room.away(self.account, str(outcome))

    def _end(self) -> None:
        for job in self._begun:
            self.room.lost(job, "the sender was stopped", after_dot=False)
        for job in self._handed:
            self.room.lost(job, "the sender was stopped before the provider answered", after_dot=True)
        self._begun.clear()
        self._handed = []
        for _ in self._threads:
            self._todo.put(None)
        self._bell.close()
        self._ringer.close()
        if self._room is not None:
            self._room.flush()

    # ------------------------------------------------------------------ the threads
    def _work(self) -> None:
        """Deliver what comes, one after the other, over a session of this thread's own."""
        connection: Connection | None = None
        while (job := self._todo.get()) is not None:
            try:
                connection = connection or Connection(self.account, answer_seconds=self._answer_seconds)
                result = _Result(job, connection.deliver(job.parcel), connection.retry_after_seconds)
            except EspError as error:
                result = _Result(job, error)
            except Exception as error:  # noqa: BLE001  # a thread that died in silence would leave its message without an end
                result = _Result(job, LostAfterRequest(f"{self.account}: {error!r}"))
            self._done.append(result)
            with contextlib.suppress(OSError):  # full: it rings already
                self._ringer.send(b"\0")
        if connection is not None:
            connection.close()
