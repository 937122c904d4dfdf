"""A small file that says when a process last moved: its watchdog writes it; the supervisor and Docker's health check read it.

`python -m syndication.pulse NAME` ends with code 0 when the process beats, and with 1 when it does not; `--kill` also ends one that
has stopped beating, so that its container starts again.
"""

import os
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

STALL_SECONDS = 45  # with looking, ending and starting again a standstill stays below the 60 s of reliability.md F26
BEAT_SECONDS = 2.0
STARTED_AT_FIELD = 19  # of /proc/PID/stat behind the name: proc(5) calls it 22, starttime
BEATS, SILENT = 0, 1  # exit codes


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life: the process, the tick at which the kernel started it, and time.monotonic() of the sign (seconds)."""

    process: int
    started: int
    at: float


def path_of(home: Path, name: str) -> Path:
    """Where the process of that name beats. `name` is Celery's node name, in which %h stands for this machine."""
    return home / "pulse" / name.replace("%h", socket.gethostname()).replace("/", "_")


def beat(path: Path) -> None:
    """Say that this process moves. Raises OSError when the file cannot be written.

    The line always has the same length and is written in one piece over the old one, so that a full disk does not stop it.
    """
    line = f"{os.getpid():>10} {_started(os.getpid()):>20} {time.monotonic():>20.3f}\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(handle, line.encode("ascii"), 0)
    finally:
        os.close(handle)


def last_beat(path: Path) -> Beat | None:
    """What the file says; None when there is none or it cannot be read."""
    try:
        process, started, at = path.read_text(encoding="ascii").split()
        return Beat(int(process), int(started), float(at))
    except (OSError, ValueError):
        return None


def is_running(seen: Beat) -> bool:
    """Whether the very process that beat is still there, and not another one with its number."""
    return _started(seen.process) == seen.started


def _started(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[STARTED_AT_FIELD])
    except (OSError, IndexError):
        return 0


def main() -> int:
    """Look at one pulse; the exit code."""
    parser = ArgumentParser(prog="python -m syndication.pulse", description="Tell whether a worker or beat moves.")
    parser.add_argument("name", help="its node name, such as bulk@%%h")
    parser.add_argument("--kill", action="store_true", help="end it when it does not")
    options = parser.parse_args()
    oldest_seconds = float(os.environ.get("SYNDICATION_STALL_SECONDS") or STALL_SECONDS)
    seen = last_beat(path_of(Path(os.environ.get("SYNDICATION_HOME") or "var"), options.name))
    if seen is None or not is_running(seen):
        sys.stderr.write(f"{options.name} has not begun\n")
        return SILENT
    silence_seconds = time.monotonic() - seen.at
    if silence_seconds <= oldest_seconds:
        return BEATS
    sys.stderr.write(f"{options.name} (process {seen.process}) has shown no sign of life for {silence_seconds:.0f} s\n")
    if options.kill:
        with suppress(ProcessLookupError):
            os.kill(seen.process, signal.SIGKILL)
    return SILENT


if __name__ == "__main__":
    sys.exit(main())
