"""A feed and "unchanged" by our server, by nginx from the same files, and built for each request by a Django view: requests per core second.

    .venv/bin/python benchmarks/feed_serving.py [--seconds 5] [--rounds 3] [--connections 16]

Needs wrk and nginx (Debian packages of these names). A publication of 20 articles of 5 KB is published into a throw-away home; granian runs as
`up` runs it, nginx with one process and docs/feeds-nginx.conf (`plain`: with gzip_static alone, none of our headers, straight at the version's
folder), and wrk asks each in turn, in every round. What counts is the processor time of the server's own processes: a core serves so many requests. The view reads the articles, writes the document and packs it; it does not even clean their HTML, as our publisher does.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from support import nginx

from syndication.cli import children, ports

WORDS = (
    "river",
    "stone",
    "light",
    "walk",
    "garden",
    "letter",
    "morning",
    "paper",
    "window",
    "quiet",
    "mountain",
    "bread",
    "table",
    "story",
)
PATH = "/feeds/notes/rss.xml"
PLAIN_PATH = "/feeds/notes/current/rss.xml"
PLAIN = "server {{ listen 127.0.0.1:{port}; root {root}; gzip_static on; default_type application/rss+xml; types {{ }} }}"


def main() -> None:
    """Make the home, start the servers, ask them in turn, say what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make()
        return
    missing = [name for name, path in (("wrk", shutil.which("wrk")), ("nginx", nginx.find())) if not path]
    if missing:
        raise SystemExit(f"{' and '.join(missing)} missing: install the Debian packages of these names.")
    with tempfile.TemporaryDirectory(prefix="feed-serving-") as folder, ExitStack() as stack:
        measure(Path(folder), stack, options)


def measure(folder: Path, stack: ExitStack, options: argparse.Namespace) -> None:
    """Print a line for each server and kind of request."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
    environ = children.environ_of_children(kept, home=folder, feeds=folder / "feeds", package_folder=REPOSITORY)
    environ["PYTHONPATH"] = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "benchmarks")])
    subprocess.run([sys.executable, "-m", "syndication", "migrate"], env=environ, cwd=REPOSITORY, check=True, capture_output=True)
    subprocess.run([sys.executable, __file__, "--make"], env=environ, cwd=REPOSITORY, check=True)
    ours, theirs, bare, view = (ports.next_free(wanted) for wanted in (8700, 8760, 8820, 8880))
    command = children.web(ours).command
    plain = [word.replace("syndication.web.wsgi", "feed_per_request").replace(str(ours), str(view)) for word in command]
    more = PLAIN.format(port=bare, root=folder)
    their_process = stack.enter_context(nginx.serving(folder, folder / "feeds", port=theirs, upstream_port=ours, more=more))
    servers = {
        "ours": (f"http://127.0.0.1:{ours}{PATH}", start(stack, command, environ)),
        "nginx": (f"http://127.0.0.1:{theirs}{PATH}", their_process),
        "plain": (f"http://127.0.0.1:{bare}{PLAIN_PATH}", their_process),
        "view": (f"http://127.0.0.1:{view}{PATH}", start(stack, plain, environ)),
    }
    for url, _ in servers.values():
        wait_for(url)
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for _ in range(options.rounds):
        for name, (url, process) in servers.items():
            for kind in ("gzip", "304"):
                if (name, kind) != ("view", "304"):
                    found.setdefault((name, kind), []).append(ask(url, process.pid, kind, options))
    print(f"{'':6}{'':6}{'us of CPU':>10}{'requests/s':>12}{'p99 ms':>8}   (medians of {options.rounds} rounds)")
    for (name, kind), runs in found.items():
        cpu, rate, p99 = (median(run[index] for run in runs) for index in range(3))
        print(f"{name:6}{kind:6}{cpu:10.1f}{rate:12.0f}{p99:8.2f}")
    for kind, other in (("gzip", "nginx"), ("304", "nginx"), ("gzip", "plain"), ("304", "plain"), ("gzip", "view")):
        ratio = median(b[0] / a[0] for a, b in zip(found["ours", kind], found[other, kind], strict=True))
        print(f"per core, {kind}: {ratio:.2f} x {other}")


def start(stack: ExitStack, command: list[str] | tuple[str, ...], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, env=environ, cwd=REPOSITORY)
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    return process


def wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answered at {url}")


def ask(url: str, pid: int, kind: str, options: argparse.Namespace) -> tuple[float, float, float]:
    """Microseconds of CPU for each request, requests per second, and the 99th percentile in milliseconds."""
    headers = ["Accept-Encoding: gzip", "User-Agent: Feedly/1.0 (131 subscribers)"]
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        etag = answer.headers["ETag"]
    if kind == "304":
        headers.append(f"If-None-Match: {etag}")
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    words = ["wrk", "-t1", f"-c{options.connections}", f"-d{options.seconds}", "--latency"]
    before = sum(sum(one.cpu_times()[:2]) for one in processes)
    said = subprocess.run(
        [*words, *(word for line in headers for word in ("-H", line)), url], capture_output=True, text=True, check=True
    ).stdout
    cpu = sum(sum(one.cpu_times()[:2]) for one in processes) - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(said)
    requests = int(re.search(r"(\d+) requests in", said)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said).groups()
    return (
        cpu / requests * 1e6,
        float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
    )


def make() -> None:
    """Fill the home, in a process of its own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
    import django

    django.setup()
    from support.publications import NOON, make_articles, make_publication

    from syndication.articles.models import Article
    from syndication.feeds.publishing.publish import publish_all

    chance = random.Random(5)
    publication = make_publication("notes")
    make_articles(publication, 20)
    for article in Article.objects.all():
        paragraphs = (" ".join(chance.choice(WORDS) + str(chance.randrange(900)) for _ in range(55)) for _ in range(10))
        article.html = "".join(f"<p>{text}</p>" for text in paragraphs)
        article.save()
    publish_all(publication.pk, now=NOON)


if __name__ == "__main__":
    main()
