"""A throw-away installation for the load programs: fresh home, queue, workers, a sink, and what they cost."""

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

from syndication.cli import processes, valkey


class Sink:
    """The sink in a process of its own."""

    def __init__(self) -> None:
        command = [sys.executable, str(REPOSITORY / "benchmarks" / "sink.py")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def count(self) -> int:
        """Messages taken so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(5)


class Installation:
    """A home in a temporary folder and the programs started in it."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.folder = folder
        self.socket = folder / "valkey.sock"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
        self.environ = kept | {
            "SYNDICATION_HOME": str(folder),
            "SYNDICATION_FEEDS": str(folder / "feeds"),
            "SYNDICATION_SMTP_URL": f"smtp://127.0.0.1:{sink.port}",
            "DJANGO_SETTINGS_MODULE": "syndication.settings",
            "PYTHONPATH": f"{REPOSITORY}:{REPOSITORY / 'benchmarks'}",
        }
        if "BENCHMARK_DATABASE_URL" in os.environ:
            self.environ["DATABASE_URL"] = os.environ["BENCHMARK_DATABASE_URL"]
        self.running: list[subprocess.Popen[bytes]] = []

    def cli(self, *words: str, input_text: str | None = None) -> str:
        command = [sys.executable, "-m", "syndication", *words]
        done = subprocess.run(command, env=self.environ, cwd=REPOSITORY, input=input_text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} failed: {done.stderr}")
        return done.stdout

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"log-{len(self.running)}").open("wb")
        process = processes.start(command, environ=self.environ, folder=REPOSITORY, output=log.fileno())
        self.running.append(process)
        return process

    def start_queue(self) -> None:
        self.start(*valkey.command(valkey.find_server(), socket=self.socket, folder=self.folder))
        valkey.wait_until_it_answers(self.socket)

    def start_worker(self, app: str, queues: str, *options: str) -> subprocess.Popen[bytes]:
        plain = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")
        return self.start(sys.executable, "-m", "celery", "-A", app, "worker", "-Q", queues, "-n", f"{queues}@here", *options, *plain)

    def stop(self) -> None:
        for process in reversed(self.running):
            processes.stop(process, grace_seconds=20)


@contextmanager
def installation(sink: Sink):
    """A migrated installation that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="syndication-bench-") as folder:
        made = Installation(Path(folder), sink)
        try:
            made.cli("migrate")
            yield made
        finally:
            made.stop()


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += tree(int(child))
    return found


def peak_rss_mb(pid: int) -> float:
    """The largest resident size that any process of the tree ever had, in MB."""
    return max(_status(one, "VmHWM") for one in tree(pid)) / 1024


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
