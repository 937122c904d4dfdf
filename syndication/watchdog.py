"""Ends a worker or a beat that lives but does not move, so that whoever keeps it starts it again (reliability.md F26).

A thread in each of their main processes looks every two seconds. It writes the pulse (pulse.py), and it ends the process when for
SYNDICATION_STALL_SECONDS

- messages wait in one of its queues and no task began, ended or called `progress` (a worker may stop consuming after Redis was away), or
- one task neither ended nor called `progress` (a hung send), or
- nothing at all ran, not even this thread: then faulthandler, which needs no lock of Python's, ends the process.

A queue server that does not answer is no standstill: the clocks start again when it is back.
"""

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from celery import current_task, signals
from celery.beat import ScheduleEntry, Scheduler
from celery.worker import state
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from syndication import pulse
from syndication.queue import DEFAULT, app
from syndication.standstill import FREEZE_SECONDS, Judge, Seen

PATIENCE_SECONDS = 2  # with the queue server
LAST_WORDS_SECONDS = 5  # for the log; its lock may be what hangs
STDERR = 2  # the number itself: a stream may be locked by what hangs
EXIT_CODE = 70  # EX_SOFTWARE of sysexits.h
KEY_PREFIX = app.conf.broker_transport_options["global_keyprefix"]

log = logging.getLogger("syndication.watchdog")


@dataclass(slots=True)
class _Signs:
    """Counts what moves in this process; numbers only grow, so no lock is needed to see that they changed."""

    moves: int = 0
    by_request: dict[str, int] = field(default_factory=dict)

    def add(self) -> None:
        request = current_task.request.id if current_task else None
        if request is not None:
            self.by_request[request] = self.by_request.get(request, 0) + 1
        self.moves += 1


_signs = _Signs()


def progress() -> None:
    """Say that a task moves, in the task's own thread; for steps that may last longer than SYNDICATION_STALL_SECONDS."""
    _signs.add()


# ------------------------------------------------------------------ the thread
class Watchdog(threading.Thread):
    """Beats, looks and judges until the process ends."""

    def __init__(self, name: str, see: Callable[[], Seen], children: Callable[[], list[int]] = list) -> None:
        """Watch this process.

        name      of its pulse file
        see       one look
        children  processes to kill with it
        """
        super().__init__(name="watchdog", daemon=True)
        self._path: Path = pulse.path_of(settings.HOME, name)
        self._see, self._children = see, children
        self._is_stopping = threading.Event()

    def stand_down(self) -> None:
        """From now on only beat: the worker is asked to end, takes no more messages, and whoever asked waits for it."""
        self._is_stopping.set()

    def run(self) -> None:
        """Look every BEAT_SECONDS."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        judge = Judge(settings.STALL_SECONDS, time.monotonic())
        while True:
            self._beat()
            why = judge.judge(self._see(), time.monotonic())
            if why and not self._is_stopping.is_set():
                self._end(why)
            time.sleep(pulse.BEAT_SECONDS)

    def _beat(self) -> None:
        try:
            pulse.beat(self._path)
        except OSError as error:
            log.warning("the pulse cannot be written: %s", error)
        faulthandler.dump_traceback_later(settings.STALL_SECONDS + FREEZE_SECONDS, exit=True, file=STDERR)

    def _end(self, why: str) -> None:
        faulthandler.dump_traceback_later(LAST_WORDS_SECONDS, exit=True, file=STDERR)
        log.critical("standstill: %s; ending, to be started again. Where every thread stands:", why)
        faulthandler.dump_traceback(all_threads=True, file=STDERR)
        for child in self._children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os._exit(EXIT_CODE)


def _waiting(queues: list[str]) -> int | None:
    """Messages in the queues together; None when the server does not answer."""
    try:
        with _client() as client:
            return sum(int(client.llen(f"{KEY_PREFIX}{name}")) for name in queues)
    except (redis.RedisError, OSError):
        return None


def _client() -> redis.Redis:
    never = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(settings.REDIS_URL, retry=never, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)


# ------------------------------------------------------------------ a worker
def _look_at_worker(queues: list[str]) -> Seen:
    active = _active_requests()
    for gone in set(_signs.by_request) - set(active):
        del _signs.by_request[gone]
    requests = {f"{task} {request}": _signs.by_request.get(request, 0) for request, task in active.items()}
    return Seen(_signs.moves + state.all_total_count[0], requests, _waiting(queues))


def _active_requests() -> dict[str, str]:
    """Id and task name of every request under way; its set changes in other threads while it is read."""
    while True:
        with suppress(RuntimeError):
            return {request.id: request.name for request in state.active_requests}


def _pool_processes(consumer: Any) -> list[int]:
    """The children of a prefork pool; none for threads and solo."""
    return [process for process in consumer.pool.info.get("processes", []) if process != os.getpid()]


_watching: list[Watchdog] = []


@signals.worker_ready.connect
def _watch_worker(sender: Any, **_: object) -> None:
    """Start with the first connection to the queue; Celery says `ready` again after each reconnect."""
    if _watching:
        return
    queues = list(app.amqp.queues.consume_from)
    _watching.append(Watchdog(sender.hostname, lambda: _look_at_worker(queues), lambda: _pool_processes(sender)))
    _watching[0].start()


@signals.worker_shutting_down.connect
def _stand_down(**_: object) -> None:
    for watchdog in _watching:
        watchdog.stand_down()


# ------------------------------------------------------------------ beat
class TickingScheduler(Scheduler):
    """Beat's schedule in memory: due times live in SQL, and one that was kept in a file would still wait after the clock was set back."""

    def apply_async(self, entry: ScheduleEntry, *how: Any, **options: Any) -> Any:
        """Put a task on its queue, and remember that this went well."""
        result = super().apply_async(entry, *how, **options)
        progress()
        return result


app.conf.beat_scheduler = "syndication.watchdog:TickingScheduler"


@signals.beat_init.connect
def _watch_beat(**_: object) -> None:
    """Beat always has something to do, so what it has put on the queue must grow."""
    Watchdog("beat@%h", _look_at_beat).start()


def _look_at_beat() -> Seen:
    return Seen(_signs.moves, {}, None if _waiting([DEFAULT]) is None else 1)
