"""A whole installation in a folder of its own: database, queue, settings, and the programs that a person would start."""

import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from support.waiting import wait_until

from syndication.cli import processes, valkey

REPOSITORY = Path(__file__).parents[2]
_numbers = itertools.count(1)
RUN_ALL = """
import json, sys
from syndication.cli.main import command_line
for words in json.load(sys.stdin):
    command_line.main([*words, "--json"], standalone_mode=False)
"""


@dataclass
class Running:
    """A program that a test started; `output` is all that it has said so far."""

    process: subprocess.Popen
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_for(self, words: str, *, seconds: float = 30) -> None:
        """Return when the program has said `words`; fails the test when it ends before, or after `seconds`."""

        def said() -> bool:
            return words in self.output or self.process.poll() is not None

        wait_until(said, seconds=seconds, what=lambda: f"{words!r} in:\n{self.output}")
        assert words in self.output, f"it ended with {self.process.returncode}:\n{self.output}"

    def stop(self, *, grace_seconds: float = 20) -> int:
        return processes.stop(self.process, grace_seconds=grace_seconds)

    def kill(self) -> None:
        """What a power cut does to it."""
        processes.signal_group(self.process, signal.SIGKILL)
        self.process.wait()


@dataclass
class LiveHome:
    """A fresh, migrated installation; `environ` is the whole environment of its programs."""

    path: Path
    environ: dict[str, str]
    database: Path | str  # an SQLite file or a PostgreSQL URL
    running: list[Running] = field(default_factory=list)

    @property
    def feeds(self) -> Path:
        return Path(self.environ["SYNDICATION_FEEDS"])

    @property
    def socket(self) -> Path:
        return self.path / "valkey.sock"

    def run_cli(self, *words: str, **options) -> subprocess.CompletedProcess:
        """Run `syndication WORDS` to its end; output and error as text. `options` go to subprocess.run (input=…, check=True…)."""
        return self.run(sys.executable, "-m", "syndication", *words, **options)

    def run(self, *command: str, **options) -> subprocess.CompletedProcess:
        """Run a program of this home to its end; as `run_cli`."""
        options = {"capture_output": True, "text": True, "timeout": 120, "check": False, "env": self.environ} | options
        return subprocess.run(command, cwd=REPOSITORY, **options)  # noqa: PLW1510  # it is in `options`

    def told(self, lines: str) -> Any:
        """Run lines of Python with this home's Django, tests/ on their path; the JSON that they print."""
        environ = self.environ | {"PYTHONPATH": "tests"}
        done = self.run(sys.executable, "-c", f"import django\ndjango.setup()\n{lines}", env=environ)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *command: str, **environ: str) -> Running:
        """Start a program of this home; it is stopped with the home."""
        log = self.path / f"program-{next(_numbers)}.log"
        with log.open("wb") as output:
            process = processes.start(command, environ=self.environ | environ, folder=REPOSITORY, output=output.fileno())
        self.running.append(Running(process, log))
        return self.running[-1]

    def start_queue(self) -> Running:
        """The embedded Valkey; it already answers."""
        server = self.start(*valkey.command(valkey.find_server(), socket=self.socket, folder=self.path))
        valkey.wait_until_it_answers(self.socket)
        return server

    def start_beat(self) -> Running:
        """The process that rings the tick."""
        return self.start(sys.executable, "-m", "celery", "-A", "worker", "beat", "--schedule", str(self.path / "beat"), "--pidfile=")

    def say(self, *commands: str) -> list[Any]:
        """Run commands, one after the other in one process; their results."""
        done = self.run(sys.executable, "-c", RUN_ALL, input=json.dumps([command.split() for command in commands]))
        assert done.returncode == 0, done.stderr
        results, rest = [], done.stdout.strip()
        while rest:
            result, end = json.JSONDecoder().raw_decode(rest)
            results.append(result)
            rest = rest[end:].strip()
        return results

    def start_worker(self, queues: str = "mail,default,feeds,bulk", *options: str, **environ: str) -> Running:
        """A Celery worker process that has said "ready"; `options` go to `celery worker`."""
        flags = ("--pool=solo", "--without-gossip", "--without-mingle", "--without-heartbeat")
        name = f"--hostname=worker-{next(_numbers)}@localhost"
        worker = self.start(sys.executable, "-m", "celery", "-A", "worker", "worker", "-Q", queues, name, *flags, *options, **environ)
        worker.wait_for(" ready.")
        return worker

    def sql(self, question: str, *values: object) -> list[tuple]:
        """Ask or change this home's database; write %s for values."""
        if isinstance(self.database, str):
            with psycopg.connect(self.database) as connection:
                cursor = connection.execute(question, values)
                return cursor.fetchall() if cursor.description else []
        connection = sqlite3.connect(self.database, timeout=20)
        try:
            with connection:
                return connection.execute(question.replace("%s", "?"), values).fetchall()
        finally:
            connection.close()

    def stop(self) -> None:
        for running in reversed(self.running):
            running.stop()


@dataclass
class Template:
    """A migrated database, made once and copied for each home."""

    folder: Path
    server_url: str  # PostgreSQL's maintenance database; empty for SQLite

    def __post_init__(self) -> None:
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))
        }
        self.environ |= {"DJANGO_SETTINGS_MODULE": "syndication.settings", "PYTHONUNBUFFERED": "1"}
        self.environ |= {"SYNDICATION_SECRET_KEY": os.environ["SYNDICATION_SECRET_KEY"]}
        self.name = f"live_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        environ = self.environ | {"SYNDICATION_HOME": str(self.folder), "SYNDICATION_FEEDS": str(self.folder / "feeds")}
        if self.server_url:
            environ |= {"DATABASE_URL": self._make(self.name)}
        subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity=0"], env=environ, cwd=REPOSITORY, check=True, timeout=120)

    def new_home(self, folder: Path, **environ: str) -> LiveHome:
        folder.mkdir(parents=True)
        database: Path | str = folder / "syndication.sqlite3"
        more = {"SYNDICATION_HOME": str(folder), "SYNDICATION_FEEDS": str(folder.with_name(f"{folder.name}-feeds"))}
        if self.server_url:
            database = more["DATABASE_URL"] = self._make(f"{self.name}_{next(_numbers)}", like=self.name)
        else:
            shutil.copyfile(self.folder / "syndication.sqlite3", database)
        return LiveHome(folder, self.environ | more | environ, database)

    def _make(self, name: str, like: str = "template1") -> str:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
        return self.server_url.replace("/postgres?", f"/{quote(name)}?")
