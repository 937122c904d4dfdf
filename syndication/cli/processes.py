"""Starts and ends other programs so that none of them outlives the one that started it."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # prctl(2)
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def start(
    command: Sequence[str], *, environ: Mapping[str, str] | None = None, folder: Path | None = None, output: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that a Ctrl-C of the terminal reaches only its parent.

    environ  the whole environment; None for ours
    output   a file number (or subprocess.PIPE, DEVNULL) for its standard output and error together; None for ours
    On Linux the kernel sends the program SIGTERM when the thread that called this ends, however it ends.
    """
    return subprocess.Popen(  # noqa: S603  # commands are ours
        list(command),
        env=None if environ is None else dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=ends_with(os.getpid()),  # noqa: PLW1509  # callers start programs from their only thread
    )


def signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a program of `start` and to all that it started; nothing happens when none is left."""
    with suppress(ProcessLookupError, PermissionError):  # macOS says PermissionError for a group of zombies
        os.killpg(process.pid, number)


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float) -> int:
    """Ask a program to end (SIGTERM), wait, then kill its whole group. Returns its exit code."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(grace_seconds)
    signal_group(process, signal.SIGKILL)
    return process.wait()


def ends_with(parent: int) -> Callable[[], None] | None:
    """What the child runs before its program: ask for SIGTERM at the parent's death (pitfall 21 of the dependencies' rules)."""
    if LIBC is None:
        return None
    prctl = LIBC.prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask
