"""A throw-away installation for the load programs: fresh home, queue, workers as `up` starts them, and what they cost."""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from receivers import REPOSITORY

from syndication.cli import children, processes, valkey

READY_SECONDS = 60


class Installation:
    """A home in a temporary folder and the programs started in it."""

    def __init__(self, folder: Path, smtp_port: int, database_url: str = "") -> None:
        self.folder = folder
        self.socket = folder / "valkey.sock"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
        kept |= {"SYNDICATION_SMTP_URL": f"smtp://127.0.0.1:{smtp_port}", "PYTHONPATH": str(REPOSITORY / "benchmarks")}
        kept |= {"DATABASE_URL": database_url} if database_url else {}
        self.environ = children.environ_of_children(kept, home=folder, feeds=folder / "feeds", package_folder=REPOSITORY)
        self.running: list[subprocess.Popen[bytes]] = []

    def cli(self, *words: str, input_text: str | None = None) -> str:
        """What a command says. Ends the program when it fails."""
        return self.run(sys.executable, "-m", "syndication", *words, input_text=input_text)

    def inside(self, *words: str) -> str:
        """What inside.py says."""
        return self.run(sys.executable, str(REPOSITORY / "benchmarks" / "inside.py"), *words)

    def run(self, *command: str, input_text: str | None = None) -> str:
        """What a program says that runs in this home. Ends the program when it fails."""
        done = subprocess.run(command, env=self.environ, cwd=REPOSITORY, input=input_text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command[1:])} failed: {done.stdout}{done.stderr}\n{self.logs()}")
        return done.stdout

    def start(self, *command: str, **settings: str) -> subprocess.Popen[bytes]:
        """A program whose output goes into a file of the folder; `settings` are added to its environment."""
        with (self.folder / f"log-{len(self.running)}").open("wb") as log:
            process = processes.start(command, environ=self.environ | settings, folder=REPOSITORY, output=log.fileno())
        self.running.append(process)
        return process

    def start_queue(self) -> None:
        self.start(*valkey.command(valkey.find_server(), socket=self.socket, folder=self.folder))
        valkey.wait_until_it_answers(self.socket)

    def start_workers(self, bulk: int) -> list[subprocess.Popen[bytes]]:
        """Mail, beat and so many bulk workers, all ready; the bulk ones are returned."""
        kinds = {re.sub(r"[\d\W]+$", "", name): (command, ready) for name, command, ready in json.loads(self.inside("workers"))}
        started, waiting = [], []
        for name, (command, ready) in kinds.items():
            for number in range(bulk if name == "bulk" else 1):
                process = self.start(*(re.sub(r"^bulk\d*@", f"bulk{number}@", word) for word in command))
                waiting.append((len(self.running) - 1, ready))
                started += [process] if name == "bulk" else []
        for log, words in waiting:
            self._wait_for(log, words)
        return started

    def start_unsafe_workers(self, bulk: int, smtp_port: int) -> list[subprocess.Popen[bytes]]:
        """So many bulk workers without journal and ledger, all ready, that send to another port; see unsafe.py."""
        commands = [command for name, command, _ in json.loads(self.inside("workers")) if name.startswith("bulk")]
        first = len(self.running)
        for number in range(bulk):
            words = [
                re.sub(r"^bulk\d*@", f"unsafe{number}@", "unsafe" if word == "worker" and before == "-A" else word)
                for before, word in itertools.pairwise(["", *commands[0]])
            ]
            self.start(*words, SYNDICATION_SMTP_URL=f"smtp://127.0.0.1:{smtp_port}")
        for log in range(first, len(self.running)):
            self._wait_for(log, " ready.")
        return self.running[first:]

    def start_worker(self, app: str, queue: str, *options: str) -> subprocess.Popen[bytes]:
        """Another Celery application's worker, ready."""
        plain = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
        process = self.start(sys.executable, "-m", "celery", "-A", app, "worker", "-Q", queue, "-n", f"{queue}@here", *options, *plain)
        self._wait_for(len(self.running) - 1, " ready.")
        return process

    def _wait_for(self, log: int, words: str) -> None:
        give_up_at = time.monotonic() + READY_SECONDS
        while words and words not in (self.folder / f"log-{log}").read_text(errors="replace"):
            if self.running[log].poll() is not None or time.monotonic() > give_up_at:
                raise SystemExit(f"a worker is not ready:\n{self.logs()}")
            time.sleep(0.05)

    def logs(self) -> str:
        """The last lines of every program."""
        files = sorted(self.folder.glob("log-*"))
        return "\n".join(f"{file.name}: {line}" for file in files for line in file.read_text(errors="replace").splitlines()[-8:])

    def stop(self) -> None:
        for process in reversed(self.running):
            processes.stop(process, grace_seconds=20)


@contextmanager
def installation(smtp_port: int, database_url: str = "") -> Iterator[Installation]:
    """A migrated installation that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="syndication-bench-") as folder:
        made = Installation(Path(folder), smtp_port, database_url)
        try:
            made.cli("migrate")
            yield made
        finally:
            made.stop()


@dataclass(slots=True)
class Memory:
    """One process's memory in MB, looked at again and again. `own`: without the pages of files, which SQLite maps into every process."""

    pid: int
    first: float = 0.0
    peak: float = 0.0
    own_first: float = 0.0
    own_peak: float = 0.0
    _is_begun: bool = field(default=False, repr=False)

    def look(self, *, is_sending: bool) -> None:
        """Note the memory now; growth counts from the first look while it sends."""
        now, own = _status(self.pid, "VmRSS") / 1024, _status(self.pid, "RssAnon") / 1024
        if is_sending and not self._is_begun:
            self._is_begun, self.first, self.own_first = True, now, own
        self.peak, self.own_peak = max(self.peak, now), max(self.own_peak, own)

    @property
    def growth(self) -> float:
        """MB since the first message."""
        return self.peak - self.first

    @property
    def own_growth(self) -> float:
        """The same without the pages of files."""
        return self.own_peak - self.own_first


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def rss_mb(pid: int) -> float:
    """The resident sizes of the tree now, added, in MB (shared pages count more than once)."""
    return sum(_status(one, "VmRSS") for one in tree(pid)) / 1024


def pss_mb(pid: int) -> float:
    """The same with shared pages counted once, in MB."""
    total = 0
    for one in tree(pid):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return total / 1024


def _status(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
