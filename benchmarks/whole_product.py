"""A campaign through the whole product: worker processes fed through Valkey, journal, ledger, suppressions, limits, default settings.

    .venv/bin/python benchmarks/whole_product.py [READERS …] [--on sqlite] [--on postgresql] [--bulk 2] [--chunking] [--no-naive]

For each database and each number of readers (10,000 on both unless told) a fresh installation sends the newsletter of newsletter.py into
the null sink. Beside it in the same run: Postfix's smtp-source with one fixed message of the same size, before and after, and the naive way
(naive.py: one Celery task per email, Django's EmailMessage, two processes, 2,000 readers). What safety costs shows the same campaign
sent again by workers whose journal and ledger are off (unsafe.py); as many processes that only compose and send (engine.py) show what all
the rest costs too. The sink writes down every recipient it took, so lost and duplicates are counted outside the product. PostgreSQL is a throw-away server with its own default settings, or the one of
BENCHMARK_DATABASE_URL, whose database must be empty.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import newsletter
from installation import Installation, Memory, installation, tree
from receivers import REPOSITORY, Moment, NullSink, Run, against_goal, cpu_seconds, smtp_source

from syndication.cli import processes
from tests.support import postgresql

NAIVE_READERS = 2000  # its rate does not depend on the number
REFERENCE_MESSAGES = BARE_MESSAGES = 20_000
LOOK_SECONDS = 0.1
STUCK_SECONDS = 90
GOALS = {
    "sqlite": {"reference": 0.8, "bytes": 60},
    "postgresql": {"reference": 0.5, "bytes": 250},
}
SAFETY_GOAL, NAIVE_GOAL, FIRST_GOAL_SECONDS, MEMORY_GOAL_MB, GROWTH_GOAL_MB = 0.75, 60, 2.0, 120, 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one run is asked for."""

    database: str
    readers: int
    bulk: int
    chunking: bool
    naive: bool


@dataclass(slots=True)
class Sent:
    """What one campaign did; moments of time.monotonic()."""

    campaign: int
    asked_at: float
    started_at: float
    first_at: float
    last_at: float
    finished_at: float
    messages: int
    message_bytes: int
    worker_cpu_us: float
    other_cpu_us: float
    server_cpu_us: float
    foreign: float
    memory: list[Memory]

    @property
    def rate(self) -> float:
        """Messages per second, first to last."""
        return (self.messages - 1) / (self.last_at - self.first_at)


def measure(wanted: Wanted, database_url: str, server: int | None) -> float:
    """One installation, one campaign; prints its figures and returns what a reader's message takes, in messages of smtp-source's beside it."""
    with tempfile.TemporaryDirectory(prefix="syndication-took-") as folder:
        took = Path(folder) / "addresses"
        with NullSink(chunking=wanted.chunking, addresses=took) as sink, installation(sink.port, database_url) as home:
            slug, loading = prepare(home, wanted.readers)
            home.start_queue()
            workers = home.start_workers(wanted.bulk)
            before = reference(wanted, newsletter_bytes(home, slug))
            sent = send(home, sink, Campaign(slug, wanted.readers, workers, server))
            home.cli("campaign", "verify", str(sent.campaign))  # ends the program unless the sums agree
            lost, again = judge(took, wanted.readers)
            after = reference(wanted, sent.message_bytes)
            widths = json.loads(home.inside("widths"))
            without = send_unsafely(home, Campaign(slug, wanted.readers, workers, server), wanted)
            alone = bare(wanted)
            naive = send_naively(home, sink) if wanted.naive else 0.0
    beside = Beside(before, after, without, alone, naive, loading, lost, again, widths)
    report(wanted, sent, beside)
    return beside.reference / sent.rate


@dataclass(frozen=True, slots=True)
class Beside:
    """What else one run found."""

    before: Run
    after: Run
    without: float
    alone: float
    naive: float
    loading_seconds: float
    lost: int
    again: int
    widths: dict[str, dict[str, int]]

    @property
    def reference(self) -> float:
        """smtp-source's messages per second, the mean of before and after."""
        return (self.before.rate + self.after.rate) / 2


def prepare(home: Installation, readers: int) -> tuple[str, float]:
    """The article's slug, and the seconds that the readers took to load."""
    source = home.folder / "newsletter.md"
    source.write_text(newsletter.article(), encoding="utf-8")
    slug = json.loads(home.cli("article", "import", str(source), "--json"))["slug"]
    home.cli("list", "create", "news")
    return slug, float(home.inside("load", str(readers), "news"))


def newsletter_bytes(home: Installation, slug: str) -> int:
    """The message on the wire."""
    out = home.folder / "rendered"
    home.cli("article", "render", slug, "--as", newsletter.address_of(1), "--list", "news", "--out", str(out))
    return (out / "message.eml").stat().st_size


def reference(wanted: Wanted, message_bytes: int) -> Run:
    """smtp-source into a null sink of its own."""
    with NullSink(chunking=wanted.chunking) as sink:
        return smtp_source(sink, REFERENCE_MESSAGES, message_bytes=message_bytes)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What is sent, and the processes that work on it; `server`: PostgreSQL's, when it is ours."""

    slug: str
    readers: int
    workers: list[subprocess.Popen[bytes]]
    server: int | None


def bare(wanted: Wanted) -> float:
    """Messages per second, first to last, of as many processes that only compose and send: no queue, no journal, no ledger."""
    program = [sys.executable, str(REPOSITORY / "benchmarks" / "engine.py")]
    with NullSink(chunking=wanted.chunking) as sink:
        words = [*program, str(sink.port), str(BARE_MESSAGES // wanted.bulk)]
        senders = [subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(wanted.bulk)]
        for sender in senders:
            sender.stdout.readline()
        for sender in senders:
            sender.stdin.write("go\n")
            sender.stdin.flush()
        for sender in senders:
            sender.communicate()
        end = sink.read()
    return (end.messages - 1) / (end.last_at - end.first_at)


def send(home: Installation, sink: NullSink, about: Campaign) -> Sent:
    """A campaign from its start to the status that says finished."""
    campaign = json.loads(home.cli("campaign", "create", "--article", about.slug, "--list", "news", "--json"))["id"]
    memory = [Memory(pid) for worker in about.workers for pid in tree(worker.pid)]
    own, others, server = _cpu(about.workers), _cpu(home.running), _server_cpu(about)
    moment, asked_at = Moment(), time.monotonic()
    told = json.loads(home.cli("campaign", "start", str(campaign), "--json"))
    started_at = datetime.fromisoformat(told["started_at"]).timestamp() - time.time() + time.monotonic()
    watch(sink, about.readers, memory)
    end = sink.read()
    own, others, server = _cpu(about.workers) - own, _cpu(home.running) - others, _server_cpu(about) - server
    foreign = moment.foreign_since()
    while json.loads(home.cli("campaign", "status", str(campaign), "--json"))["state"] != "finished":
        if time.monotonic() > end.last_at + STUCK_SECONDS:
            raise SystemExit(f"sent, but not finished:\n{home.cli('campaign', 'status', str(campaign))}\n{home.logs()}")
        time.sleep(0.1)
    if not end.messages:
        raise SystemExit(f"nothing was sent:\n{home.cli('campaign', 'status', str(campaign))}\n{home.logs()}")
    return Sent(
        campaign=campaign,
        asked_at=asked_at,
        started_at=started_at,
        first_at=end.first_at,
        last_at=end.last_at,
        finished_at=time.monotonic(),
        messages=end.messages,
        message_bytes=end.message_bytes // end.messages,
        worker_cpu_us=own / end.messages * 1e6,
        other_cpu_us=(others - own) / end.messages * 1e6,
        server_cpu_us=server / end.messages * 1e6,
        foreign=foreign,
        memory=memory,
    )


def send_unsafely(home: Installation, about: Campaign, wanted: Wanted) -> float:
    """Messages per second, first to last, of the same campaign once more, by workers without journal and ledger."""
    for worker in about.workers:
        processes.stop(worker, grace_seconds=20)
    with NullSink(chunking=wanted.chunking) as sink:
        workers = home.start_unsafe_workers(wanted.bulk, sink.port)
        campaign = json.loads(home.cli("campaign", "create", "--article", about.slug, "--list", "news", "--json"))["id"]
        home.cli("campaign", "start", str(campaign))
        watch(sink, about.readers, [])
        end = sink.read()
        for worker in workers:
            processes.stop(worker, grace_seconds=20)
    if end.messages != about.readers:
        raise SystemExit(f"without journal and ledger {end.messages} messages came\n{home.logs()}")
    return (end.messages - 1) / (end.last_at - end.first_at)


def watch(sink: NullSink, readers: int, memory: list[Memory]) -> None:
    """Return when all messages came, or when none came for STUCK_SECONDS."""
    seen, moved_at = 0, time.monotonic()
    while seen < readers and time.monotonic() < moved_at + STUCK_SECONDS:
        time.sleep(LOOK_SECONDS)
        now = sink.count()
        if now > seen:
            seen, moved_at = now, time.monotonic()
        for one in memory:
            one.look(is_sending=seen > 0)


def _cpu(running: list[subprocess.Popen[bytes]]) -> float:
    return sum(cpu_seconds(pid, with_dead_children=True) for process in running for pid in tree(process.pid))


def _server_cpu(about: Campaign) -> float:
    pids = tree(about.server) if about.server else []
    return sum(cpu_seconds(pid, with_dead_children=True) for pid in pids)


def judge(took: Path, readers: int) -> tuple[int, int]:
    """How many readers the sink never took a message for, and how many messages came twice."""
    lines = took.read_text().splitlines()
    addresses = set(lines)
    wanted = {newsletter.address_of(number + 1) for number in range(readers)}
    if addresses - wanted:
        raise SystemExit(f"mail to nobody on the list: {sorted(addresses - wanted)[:5]}")
    return len(wanted - addresses), len(lines) - len(addresses)


def send_naively(home: Installation, sink: NullSink) -> float:
    """Messages per second of the naive way, first to last."""
    home.start_worker("naive", "naive", "-c", "2")
    before, first_at, give_up_at = sink.count(), 0.0, time.monotonic() + STUCK_SECONDS
    enqueue = subprocess.Popen([sys.executable, "-m", "naive", str(NAIVE_READERS)], env=home.environ, cwd=REPOSITORY)
    while (now := sink.read()).messages < before + NAIVE_READERS:
        if now.messages > before and not first_at:
            first_at = time.monotonic()
        if time.monotonic() > give_up_at:
            raise SystemExit(f"only {now.messages - before} of the naive messages came\n{home.logs()}")
        time.sleep(0.02)
    enqueue.wait(30)
    return (NAIVE_READERS - 1) / (now.last_at - first_at)


def report(wanted: Wanted, sent: Sent, beside: Beside) -> None:
    goals = GOALS[wanted.database]
    rows = beside.widths["Delivery"]
    width, others = rows["bytes"] / rows["rows"], sum(one["bytes"] for name, one in beside.widths.items() if name != "Delivery")
    print(f"\n{wanted.database}, {wanted.readers:,} readers, {wanted.bulk} bulk workers, message of {sent.message_bytes:,} bytes")
    print(f"  first message after the start   {against_goal(sent.first_at - sent.started_at, FIRST_GOAL_SECONDS, at_most=True)} s")
    print(f"    after the command was typed   {sent.first_at - sent.asked_at:9.2f} s (Python's own start and imports with it)")
    print(
        f"  first to last                   {sent.rate:9,.0f} msg/s, {1e6 / sent.rate:.1f} us a reader   (others took {sent.foreign:.0%} CPU)"
    )
    print(f"  x smtp-source                   {against_goal(sent.rate / beside.reference, goals['reference'])}")
    print(f"    smtp-source                   {beside.before.rate:9,.0f} and {beside.after.rate:,.0f} msg/s before and after")
    print(f"  x without journal and ledger    {against_goal(sent.rate / beside.without, SAFETY_GOAL)}   ({beside.without:,.0f} msg/s)")
    print(f"  x composing and sending alone   {sent.rate / beside.alone:9.2f}   ({beside.alone:,.0f} msg/s)")
    if beside.naive:
        print(f"  x one task per email            {against_goal(sent.rate / beside.naive, NAIVE_GOAL)}   ({beside.naive:.0f} msg/s)")
    print(
        f"  CPU a reader                    {sent.worker_cpu_us:9.1f} us bulk workers, {sent.other_cpu_us:.1f} us mail worker, beat and queue, {sent.server_cpu_us:.1f} us PostgreSQL"
    )
    for number, one in enumerate(sent.memory):
        print(
            f"  worker {number + 1}, peak MB               {against_goal(one.peak, MEMORY_GOAL_MB, at_most=True)}   ({one.own_peak:.0f} without files)"
        )
        print(
            f"    grew since the first message  {against_goal(one.growth, GROWTH_GOAL_MB, at_most=True)}   ({one.own_growth:.0f} without files)"
        )
    print(
        f"  bytes a delivery                {against_goal(width, goals['bytes'], at_most=True)}   (+ {others / rows['rows']:.1f} in other tables)"
    )
    print(f"  finished after the last message {sent.finished_at - sent.last_at:9.1f} s")
    print(
        f"  verified by the rows; by the sink: {beside.lost} lost, {beside.again} twice; readers loaded in {beside.loading_seconds:.0f} s",
        flush=True,
    )


@contextmanager
def database(name: str) -> Iterator[tuple[str, int | None]]:
    """A DATABASE_URL, and the process of its server when it is ours."""
    given = os.environ.get("BENCHMARK_DATABASE_URL", "")
    if name == "sqlite" or given:
        yield given if name == "postgresql" else "", None
        return
    server = postgresql.start(settings=())
    try:
        yield server.url(), server.process.pid
    finally:
        server.stop()


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("readers", nargs="*", type=int, default=[10_000])
    words.add_argument("--on", action="append", choices=sorted(GOALS))
    words.add_argument("--bulk", type=int, default=2)
    words.add_argument("--chunking", action="store_true")
    words.add_argument("--no-naive", action="store_true")
    asked = words.parse_args()
    for name in asked.on or ["sqlite", "postgresql"]:
        took: dict[int, float] = {}
        for readers in asked.readers:
            with database(name) as (url, server):
                took[readers] = measure(Wanted(name, readers, asked.bulk, asked.chunking, not asked.no_naive), url, server)
        if len(took) > 1:
            spread = max(took.values()) / min(took.values())
            print(f"\n{name}: slowest size / fastest size, time a reader beside smtp-source's: {spread:.2f}  (goal at most 1.10)")


if __name__ == "__main__":
    main()
