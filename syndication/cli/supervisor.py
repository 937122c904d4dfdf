"""Keeps the programs of the embedded mode alive, shows what they say, and stops them in order."""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Self

from syndication.cli import processes
from syndication.cli.children import Child
from syndication.cli.log_lines import LineCutter
from syndication.cli.silence import Silence
from syndication.standstill import FREEZE_SECONDS

RESTART_DELAYS = (1, 2, 4, 8, 16, 30)  # seconds; the last one stays
STEADY_SECONDS = 60  # a child that lived this long starts again without delay growth
LOOK_EVERY_SECONDS = 0.25
READ_SIZE = 65536
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Watched:
    """A child and its present process."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    lines: LineCutter = field(default_factory=LineCutter)
    started_at: float = 0.0
    start_again_at: float = 0.0
    deaths: int = 0
    is_ready: bool = False
    silence: Silence | None = None

    @property
    def is_alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None


class Supervisor:
    """One loop in one thread. Use it as a context: however the block ends, no child is left behind."""

    def __init__(self, environ: Mapping[str, str], show: Callable[[str, str], None]) -> None:
        """Know the environment of all children, and whom to `show` (name, line)."""
        self._environ, self._show = environ, show
        self.selector = selectors.DefaultSelector()
        self._watched: list[Watched] = []
        self.stop_requests = 0
        self._turned_at = time.monotonic()
        self._bell, self._ringer = socket.socketpair()

    def __enter__(self) -> Self:
        """Take over the signals: from here a Ctrl-C only asks to stop."""
        for end in (self._bell, self._ringer):
            os.set_blocking(end.fileno(), False)  # its only form
        self.selector.register(self._bell, selectors.EVENT_READ, None)
        signal.set_wakeup_fd(self._ringer.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, self._ask_to_stop) for number in STOP_SIGNALS}
        self._handlers[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, _wake_up)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all that still runs and give the signals back."""
        self.stop()
        signal.set_wakeup_fd(-1)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.selector.close()
        self._bell.close()
        self._ringer.close()

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requests += 1

    def start(self, child: Child) -> None:
        """Start a child and keep it alive from now on."""
        watched = Watched(child, silence=Silence(child.pulse_file) if child.pulse_file else None)
        self._watched.append(watched)
        self._launch(watched)

    def all_ready(self) -> bool:
        """Whether every child that says when it is ready has said so."""
        return all(watched.is_ready for watched in self._watched if watched.child.ready)

    def deaths(self) -> int:
        """How often children died since the start."""
        return sum(watched.deaths for watched in self._watched)

    def turn(self, longest_seconds: float = LOOK_EVERY_SECONDS) -> list[object]:
        """Wait for something to happen, show new lines, start what is dead and due again.

        Returns what else is ready: the `data` of keys that others registered with the selector.
        """
        others = self._read(longest_seconds)
        now = time.monotonic()
        self._forgive_after_freeze(now)
        for watched in self._watched:
            if watched.is_alive:
                self._notice_death(watched, now)
                self._notice_silence(watched, now)
            elif now >= watched.start_again_at and not self.stop_requests:
                self._launch(watched)
        return others

    def stop(self) -> None:
        """Stop in the order of `Stop`, each stage after the one before; a second request for it kills all at once."""
        for stage in sorted({watched.child.stops for watched in self._watched}):
            alive = [watched for watched in self._watched if watched.is_alive and watched.child.stops == stage]
            for watched in alive:
                _running(watched).terminate()
            give_up_at = time.monotonic() + max((watched.child.grace_seconds for watched in alive), default=0)
            while any(watched.is_alive for watched in alive) and time.monotonic() < give_up_at and self.stop_requests <= 1:
                self._read(LOOK_EVERY_SECONDS)
                for watched in alive:
                    self._bury_if_dead(watched)
            self._kill(watched for watched in alive if watched.is_alive)

    def _launch(self, watched: Watched) -> None:
        read_end, write_end = os.pipe()
        watched.process = processes.start(watched.child.command, environ=self._environ, output=write_end)
        os.close(write_end)
        os.set_blocking(read_end, False)  # its only form
        watched.started_at, watched.is_ready = time.monotonic(), False
        self.selector.register(read_end, selectors.EVENT_READ, watched)

    def _read(self, longest_seconds: float) -> list[object]:
        others: list[object] = []
        for key, _ in self.selector.select(longest_seconds):
            if key.fileobj is self._bell:
                self._bell.recv(READ_SIZE)
            elif isinstance(key.data, Watched):
                self._read_child(key.fd, key.data)
            else:
                others.append(key.data)
        return others

    def _read_child(self, read_end: int, watched: Watched) -> None:
        output = os.read(read_end, READ_SIZE)
        lines = watched.lines.cut(output) if output else watched.lines.rest()
        for line in lines:
            self._show_line(watched, line)
        if not output:
            self.selector.unregister(read_end)
            os.close(read_end)

    def _show_line(self, watched: Watched, line: str) -> None:
        if watched.child.ready and watched.child.ready in line:
            watched.is_ready = True
        elif line and not any(words in line for words in watched.child.unwanted):
            self._show(watched.child.name, line)

    def _notice_death(self, watched: Watched, now: float) -> None:
        code = self._bury_if_dead(watched)
        if code is None:
            return
        if now - watched.started_at > STEADY_SECONDS:
            watched.deaths = 0
        delay = RESTART_DELAYS[min(watched.deaths, len(RESTART_DELAYS) - 1)]
        watched.deaths += 1
        watched.start_again_at = now + delay
        self._show(watched.child.name, f"ended with {_name_of(code)}; starting again in {delay} s")

    def _notice_silence(self, watched: Watched, now: float) -> None:
        """Kill a child that is frozen (stopped, swapped out, hung whole); what only stands still ends by its own watchdog."""
        if watched.silence is None or watched.process is None:
            return
        silent_seconds = watched.silence.seconds(watched.process.pid, now)
        if silent_seconds > watched.child.silent_seconds:
            self._show(watched.child.name, f"has shown no sign of life for {silent_seconds:.0f} s; killed")
            processes.signal_group(watched.process, signal.SIGKILL)
            watched.silence.forgive(now)

    def _forgive_after_freeze(self, now: float) -> None:
        """A loop that stood still itself (a machine that slept, a Ctrl-Z) has heard nobody meanwhile."""
        if now - self._turned_at > FREEZE_SECONDS:
            for watched in self._watched:
                if watched.silence:
                    watched.silence.forgive(now)
        self._turned_at = now

    def _bury_if_dead(self, watched: Watched) -> int | None:
        code = _running(watched).poll() if watched.process else None
        if code is not None:
            processes.signal_group(_running(watched), signal.SIGKILL)  # what it left behind would hold its port
            watched.process = None
        return code

    def _kill(self, still_alive: Iterable[Watched]) -> None:
        for watched in still_alive:
            self._show(watched.child.name, "did not stop in time; killed")
            processes.signal_group(_running(watched), signal.SIGKILL)
            _running(watched).wait()
            watched.process = None


def _wake_up(_number: int, _frame: FrameType | None) -> None:
    """The loop wakes by the wakeup socket; a handler must stand, or Python would not write to it."""


def _running(watched: Watched) -> subprocess.Popen[bytes]:
    assert watched.process is not None
    return watched.process


def _name_of(code: int) -> str:
    """`SIGKILL` or `code 1`."""
    if code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"code {code}"
