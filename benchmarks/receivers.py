"""Receivers and the reference sender for the load programs, and how their runs are measured, interleaved and compared.

Receivers: our own `null_sink.c` (compiled here with `cc -O2`) and Postfix's `smtp-sink`. The reference sender is Postfix's `smtp-source`,
written in C, sending one fixed message. Debian: apt-get install gcc libc6-dev, apt-get install --no-install-recommends postfix.
"""

import atexit
import functools
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))

SOURCE = Path(__file__).with_name("null_sink.c")
CONNECTIONS = 10
MESSAGE_BYTES = 33_500  # the newsletter of performance.md section 0 on the wire
SMTP_SOURCE_HEADERS = 141  # bytes that smtp-source puts before the payload that it is told
QUIET_SHARE, QUIET_LOOK_SECONDS, QUIET_PATIENCE_SECONDS = 0.08, 0.3, 6.0
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. `foreign`: the share of the machine's CPU that others took meanwhile, 0..1."""

    messages: int
    seconds: float
    cpu_seconds: float  # the sender's
    foreign: float
    sink_cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds

    @property
    def cpu_us(self) -> float:
        """Microseconds of the sender's CPU for a message."""
        return self.cpu_seconds / self.messages * 1e6


@dataclass(frozen=True, slots=True)
class Reading:
    """What the null sink says about itself; moments of time.monotonic(), 0 before the first message."""

    messages: int
    cpu_seconds: float
    first_at: float
    last_at: float
    message_bytes: int


# ---------------------------------------------------------------- receivers


@functools.cache
def null_sink_program() -> Path:
    """The compiled null sink, in a temporary folder of this process. Ends the program when there is no C compiler."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise SystemExit("benchmarks/null_sink.c needs a C compiler, and there is none on PATH (Debian: apt-get install gcc libc6-dev).")
    folder = Path(tempfile.mkdtemp(prefix="syndication-null-sink-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = folder / "null_sink"
    done = subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{compiler} could not compile {SOURCE.name}: {done.stderr}")
    return program


class NullSink:
    """Takes everything; a context manager. `delay_ms`: the round trip that it plays; `addresses`: a file of who was sent to."""

    def __init__(self, *, chunking: bool = False, delay_ms: float = 0, addresses: Path | None = None) -> None:
        options = ["-c"] if chunking else []
        options += ["-d", str(delay_ms)] if delay_ms else []
        options += ["-w", str(addresses)] if addresses else []
        self.process = subprocess.Popen([null_sink_program(), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def read(self) -> Reading:
        """Its counters now; the file of addresses is complete by then."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        messages, cpu, first, last, size = self.process.stdout.readline().split()
        return Reading(int(messages), float(cpu), float(first), float(last), int(size))

    def count(self) -> int:
        """Messages taken so far."""
        return self.read().messages

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(5)
        self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class PostfixSink:
    """Postfix's `smtp-sink`: the receiver that others measure with. A context manager."""

    def __init__(self) -> None:
        self.port = _free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []  # smtp-sink asks for it when root starts it
        self.process = subprocess.Popen([postfix_program("smtp-sink"), *user, f"127.0.0.1:{self.port}", "256"])
        give_up_at = time.monotonic() + 10
        while not _listens(self.port):
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                raise SystemExit(f"smtp-sink did not start on 127.0.0.1:{self.port}")
            time.sleep(0.02)

    def read(self) -> Reading:
        """Its CPU alone; it does not tell what it took."""
        return Reading(0, cpu_seconds(self.process.pid), 0, 0, 0)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


Receiver = NullSink | PostfixSink


@functools.cache
def postfix_program(name: str) -> str:
    """The path of smtp-sink or smtp-source. Ends the program when Postfix is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/lib/postfix/sbin")
    if found is None:
        raise SystemExit(
            f"This program compares with Postfix's {name}, which is not on PATH (Debian: DEBIAN_FRONTEND=noninteractive apt-get install -y "
            "--no-install-recommends postfix; Postfix itself need not run)."
        )
    return found


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as wire:
            return wire.recv(1) == b"2"
    except OSError:
        return False


# ---------------------------------------------------------------- running and measuring


def smtp_source(receiver: Receiver, messages: int, *, message_bytes: int = MESSAGE_BYTES, connections: int = CONNECTIONS) -> Run:
    """The reference: `smtp-source` sends one fixed message of so many bytes, again and again, over kept connections."""
    payload = message_bytes - SMTP_SOURCE_HEADERS
    words = ("-s", connections, "-d", "-l", payload, "-m", messages, "-f", "bench@example.org", "-t", "reader@example.org")
    command = [postfix_program("smtp-source"), *map(str, words), "-M", "bench.example.org", f"127.0.0.1:{receiver.port}"]

    def action() -> float:
        process = subprocess.Popen(command)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"smtp-source ended with {process.returncode}")
        return used.ru_utime + used.ru_stime

    return measured(receiver, messages, action)


def measured(receiver: Receiver, messages: int, action: Callable[[], float]) -> Run:
    """Run `action`, which sends so many messages and returns the CPU seconds that it cost."""
    before, sink_cpu, began = Moment(), receiver.read().cpu_seconds, time.perf_counter()
    cpu = action()
    seconds = time.perf_counter() - began
    return Run(messages, seconds, cpu, before.foreign_since(), receiver.read().cpu_seconds - sink_cpu)


def in_this_process(work: Callable[[], object]) -> Callable[[], float]:
    """For measured(): the CPU of this very process while `work` runs."""

    def action() -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    return action


class Moment:
    """The machine's and our own CPU time at one moment."""

    def __init__(self) -> None:
        self.busy, self.all = _machine_seconds()
        self.own = own_cpu_seconds()

    def foreign_since(self) -> float:
        """The share of all CPU that others have used since, 0..1."""
        busy, every = _machine_seconds()
        passed = every - self.all
        return max(0.0, (busy - self.busy - (own_cpu_seconds() - self.own)) / passed) if passed > 0 else 0.0


def _machine_seconds() -> tuple[float, float]:
    user, nice, system, idle, iowait, irq, softirq, steal = (
        int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]
    )
    busy = user + nice + system + irq + softirq + steal
    return busy / TICKS, (busy + idle + iowait) / TICKS


def own_cpu_seconds() -> float:
    """CPU of this process and everything below it, the dead ones included."""
    times = os.times()
    return sum(cpu_seconds(pid, with_dead_children=True) for pid in _below(os.getpid())) + sum(times[:4])


def _below(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield int(child)
            yield from _below(int(child))


def cpu_seconds(pid: int, *, with_dead_children: bool = False) -> float:
    """What a process has used, 0 when it is gone; with the children that it has waited for, or without."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(word) for word in fields[11 : 15 if with_dead_children else 13]) / TICKS


def wait_for_quiet(patience_seconds: float = QUIET_PATIENCE_SECONDS) -> None:
    """Return when others leave the machine alone for a moment, or when patience ends; the run's own figure tells which."""
    give_up_at = time.monotonic() + patience_seconds
    while time.monotonic() < give_up_at:
        moment = Moment()
        time.sleep(QUIET_LOOK_SECONDS)
        if moment.foreign_since() < QUIET_SHARE:
            return


# ---------------------------------------------------------------- rounds and ratios


@contextmanager
def fresh(make: Callable[[], Receiver]) -> Iterator[Receiver]:
    """A receiver of its own for one run."""
    with make() as receiver:
        yield receiver


def interleaved(cases: Mapping[str, Callable[[], Run]], rounds: int) -> dict[str, list[Run]]:
    """Every case once a round, each round in another order."""
    shuffle = random.Random(2026).shuffle
    runs: dict[str, list[Run]] = {name: [] for name in cases}
    for turn in range(rounds):
        order = list(cases)
        shuffle(order)
        for name in order:
            wait_for_quiet()
            run = cases[name]()
            runs[name].append(run)
            print(
                f"  round {turn + 1}  {name:<34} {run.rate:9,.0f} msg/s {run.cpu_us:8.1f} us CPU   foreign {run.foreign:4.0%}", flush=True
            )
    return runs


def ratio(runs: Mapping[str, list[Run]], name: str, reference: str, of: Callable[[Run], float]) -> float:
    """The median over the rounds of `of` in one case by `of` in the reference of the same round."""
    return statistics.median(of(one) / of(other) for one, other in zip(runs[name], runs[reference], strict=True))


def middle(runs: list[Run], of: Callable[[Run], float]) -> float:
    """The median of a figure."""
    return statistics.median(map(of, runs))


def rate(run: Run) -> float:
    """For ratio() and middle()."""
    return run.rate


def cpu_us(run: Run) -> float:
    """For ratio() and middle()."""
    return run.cpu_us


def against_goal(found: float, goal: float, *, at_most: bool = False) -> str:
    """`1.23  (goal at least 1.15: met)`."""
    is_met = found <= goal if at_most else found >= goal
    return f"{found:6.2f}  (goal {'at most' if at_most else 'at least'} {goal}: {'met' if is_met else 'MISSED'})"


def numbers(defaults: list[int]) -> list[int]:
    """The program's arguments, each a number, with defaults for those left out."""
    given = [int(word.replace(",", "").replace("_", "")) for word in sys.argv[1:]]
    return given + defaults[len(given) :]
