"""From an empty clone to the first page, and again; and the memory of the whole embedded tree.

    .venv/bin/python benchmarks/first_run.py

Clones this repository into a temporary folder, runs `make run` there, waits for the first page, then (with workers online and the
sample campaign sent) adds up the memory, stops, and starts a second time. Downloads count.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from installation import REPOSITORY, pss_mb, rss_mb, tree

PORT = 8460
PAGE = f"http://127.0.0.1:{PORT}/"
PATIENCE_SECONDS = 300


def answers() -> bool:
    try:
        with urllib.request.urlopen(PAGE, timeout=2) as page:
            return page.status == 200
    except (OSError, urllib.error.URLError):
        return False


def start(clone: Path, log: Path) -> subprocess.Popen:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
    with log.open("wb") as output:
        command = ["make", "run", f"ARGS=--port {PORT}"]
        return subprocess.Popen(command, cwd=clone, env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)


def seconds_to_page(clone: Path, log: Path) -> tuple[subprocess.Popen, float]:
    began = time.monotonic()
    process = start(clone, log)
    while not answers():
        if process.poll() is not None or time.monotonic() - began > PATIENCE_SECONDS:
            raise SystemExit(log.read_text(errors="replace"))
        time.sleep(0.02)
    return process, time.monotonic() - began


def stop(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGINT)
    process.wait(60)


def wait_for_words(log: Path, words: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while words not in log.read_text(errors="replace"):
        if time.monotonic() > until:
            raise SystemExit(log.read_text(errors="replace"))
        time.sleep(0.1)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="syndication-clone-") as folder:
        clone, log = Path(folder) / "syndication", Path(folder) / "log"
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        process, first = seconds_to_page(clone, log)
        print(f"empty clone to first page   {first:6.1f} s   (goal: 90)", flush=True)
        wait_for_words(log, "workers online")
        caught = clone / "var" / "mail" / "new"
        until = time.monotonic() + 120
        while (len(list(caught.iterdir())) if caught.exists() else 0) < 200 and time.monotonic() < until:
            time.sleep(0.5)
        print(f"sample send: {len(list(caught.iterdir()))} of 200 messages caught")
        print(
            f"memory of {len(tree(process.pid))} processes   RSS {rss_mb(process.pid):4.0f} MB, PSS {pss_mb(process.pid):4.0f} MB   (goal: 700)"
        )
        stop(process)
        process, second = seconds_to_page(clone, log)
        print(f"second start to first page  {second:6.1f} s   (goal: 6)")
        wait_for_words(log, "workers online")
        stop(process)


if __name__ == "__main__":
    sys.exit(main())
