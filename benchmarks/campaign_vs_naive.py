"""The same article to the same readers through the real queue: our way beside one Celery task per email, in one run.

    .venv/bin/python benchmarks/campaign_vs_naive.py [READERS] [ROUNDS]

Both have the same Valkey, the same SMTP sink on loopback and the same two cores. Ours: the worker processes as `up` starts them
(solo pool), one and then two for `bulk`. Naive: prefork with two processes, a connection per message, as such code is usually written.
Prints deliveries per second (first to last), the largest worker's peak memory, and the ratio.
"""

import csv
import io
import json
import statistics
import subprocess
import sys
import time

from installation import REPOSITORY, Installation, Sink, installation, peak_rss_mb

ARTICLE = REPOSITORY.parent / "shared" / "samples" / "ketamine-therapy.txt"
OWN_ARTICLE = REPOSITORY / "templates" / "sample" / "why-bread-needs-a-night.md"
NAIVE_READERS = 2000  # its rate does not depend on the number
PATIENCE_SECONDS = 300


def table(readers: int) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", "name"])
    writer.writerows([f"reader{number}@example.org", f"Reader Number{number}"] for number in range(readers))
    return out.getvalue()


def prepare(home: Installation, readers: int) -> str:
    source = ARTICLE if ARTICLE.exists() else OWN_ARTICLE
    home.cli("list", "create", "news")
    home.cli("subscribers", "import", "-", "--list", "news", "--confirmed", input_text=table(readers))
    return json.loads(home.cli("article", "import", str(source), "--json"))["slug"]


def wait_for(sink: Sink, count: int) -> tuple[float, float]:
    """Moments of the first and the last message."""
    before, first, give_up = sink.count(), 0.0, time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        now = sink.count()
        if now > before and not first:
            first = time.monotonic()
        if now >= count:
            return first, time.monotonic()
        time.sleep(0.02)
    raise SystemExit(f"only {sink.count()} of {count} messages came")


def ours(home: Installation, sink: Sink, slug: str, readers: int, workers: list[subprocess.Popen]) -> tuple[float, float]:
    campaign = json.loads(home.cli("campaign", "create", "--article", slug, "--list", "news", "--json"))["id"]
    target = sink.count() + readers
    home.cli("campaign", "start", str(campaign))
    first, last = wait_for(sink, target)
    give_up = time.monotonic() + 30
    while json.loads(home.cli("campaign", "status", str(campaign), "--json"))["state"] != "finished" and time.monotonic() < give_up:
        time.sleep(0.2)
    home.cli("campaign", "verify", str(campaign))  # ends the program unless the sums agree
    return readers / (last - first), max(peak_rss_mb(worker.pid) for worker in workers)


def naive(home: Installation, sink: Sink, worker: subprocess.Popen) -> tuple[float, float]:
    target = sink.count() + NAIVE_READERS
    program = (
        "import naive; from syndication.models import Mailing, Subscriber\n"
        "pk = Mailing.objects.order_by('pk').values_list('pk', flat=True)[0]\n"
        f"for one in Subscriber.objects.order_by('pk').values_list('pk', flat=True)[:{NAIVE_READERS}]: naive.send_one.delay(pk, one)\n"
    )
    enqueue = subprocess.Popen([sys.executable, "-c", program], env=home.environ, cwd=REPOSITORY)
    first, last = wait_for(sink, target)
    enqueue.wait(30)
    return NAIVE_READERS / (last - first), peak_rss_mb(worker.pid)


def main() -> None:
    readers, rounds = (int(word) for word in (sys.argv[1:] + ["10000", "3"][len(sys.argv) - 1 :])[:2])
    rates: dict[str, list[float]] = {"one": [], "two": [], "naive": []}
    memory: dict[str, float] = {}
    for turn in range(rounds):
        for kind in ("naive", "one", "two") if turn % 2 else ("one", "two", "naive"):
            rate, peak = run(kind, readers)
            rates[kind].append(rate)
            memory[kind] = max(memory.get(kind, 0), peak)
            print(f"round {turn + 1}  {kind:<6} {rate:7.0f} deliveries/s   peak worker {peak:5.0f} MB", flush=True)
    middle = {kind: statistics.median(found) for kind, found in rates.items()}
    print(f"\n{readers:,} readers, medians of {rounds}:")
    print(f"  ours, one bulk process   {middle['one']:7.0f}/s   {memory['one']:4.0f} MB   {middle['one'] / middle['naive']:.1f} x naive")
    print(f"  ours, two bulk processes {middle['two']:7.0f}/s   {memory['two']:4.0f} MB   {middle['two'] / middle['naive']:.1f} x naive")
    print(f"  one task per email, -c 2 {middle['naive']:7.0f}/s   {memory['naive']:4.0f} MB")


def run(kind: str, readers: int) -> tuple[float, float]:
    sink = Sink()
    try:
        with installation(sink) as home:
            slug = prepare(home, readers)
            home.start_queue()
            home.start_worker("worker", "mail,default,feeds", "--pool", "threads", "-c", "4")
            home.start(sys.executable, "-m", "celery", "-A", "worker", "beat", "--schedule", str(home.folder / "beat"), "--pidfile=")
            if kind != "naive":
                workers = [home.start_worker("worker", "bulk", "--pool", "solo") for _ in range(1 if kind == "one" else 2)]
                return ours(home, sink, slug, readers, workers)
            campaign = json.loads(home.cli("campaign", "create", "--article", slug, "--list", "news", "--json"))["id"]
            home.cli("campaign", "start", str(campaign))  # nobody serves `bulk`: only the frozen mailing is used
            return naive(home, sink, home.start_worker("naive", "naive", "-c", "2"))
    finally:
        sink.stop()


if __name__ == "__main__":
    main()
