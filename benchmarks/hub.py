"""One publish to many WebSub subscribers on loopback: deliveries a second and memory, beside `requests` in a loop.

    .venv/bin/python benchmarks/hub.py [--on sqlite|postgresql] [--subscribers 1000] [--many 10000] [--kilobytes 100]

Each subscriber has a host of its own (127.0.x.y), as feed readers do, and a secret. A process of its own plays all of them: it reads each
document whole and answers 204. What is timed is a whole round of the hub: the changed feed is found, each subscription made due, claimed,
signed, delivered and settled in its row. Each scene is a process of its own; memory is its highest resident size. Last, a hundred
more subscribers take the connection and never answer.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path.insert(0, str(REPOSITORY))
READY_SECONDS = 60
SILENT_HOSTS = 100


# ---------------------------------------------------------------- the subscribers (a process of its own)


class Subscriber(asyncio.Protocol):
    """Reads requests whole and answers 204; on the other port it answers nothing."""

    taken, size, last_at = 0, 0, 0.0

    def __init__(self, *, is_silent: bool) -> None:
        self._is_silent, self._head, self._left = is_silent, b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_silent:
            return
        if not self._left:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head, data = b"", rest
            self._left = int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        self._left -= len(data)
        Subscriber.size += len(data)
        if not self._left:
            Subscriber.taken += 1
            Subscriber.last_at = time.monotonic()
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")  # type: ignore[attr-defined]


async def _subscribers() -> None:
    loop = asyncio.get_running_loop()
    ports = []
    for is_silent in (False, True):
        server = await loop.create_server(lambda is_silent=is_silent: Subscriber(is_silent=is_silent), "0.0.0.0", 0, backlog=4096)
        ports.append(server.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps([Subscriber.taken, Subscriber.size, Subscriber.last_at]), flush=True)
        Subscriber.taken = Subscriber.size = 0


def hosts(count: int) -> list[str]:
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


# ---------------------------------------------------------------- one scene (a process of its own)


class Scene:
    """An installation of its own with one feed and its subscribers."""

    def __init__(self, kilobytes: int, ports: list[int]) -> None:
        import django
        from django.core.management import call_command

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
        django.setup()
        call_command("migrate", verbosity=0)
        from django.utils import timezone

        from syndication.articles.models import Publication
        from syndication.feeds.models import Feed

        self.kilobytes, self.ports, self.now = kilobytes, ports, timezone.now
        fields = {"sender_name": "Desk", "sender_address": "desk@example.org", "mail_domain": "example.org"}
        self.publication = Publication.objects.create(slug="news", name="News", **fields)
        self.feed = Feed.objects.create(publication=self.publication)
        self.moment = timezone.now() - timedelta(days=1)
        self.topic = "http://127.0.0.1:8000/feeds/news/atom.xml"
        self.publish("first")
        self.go()

    def subscribe(self, count: int, port: int) -> None:
        from syndication.feeds.hub.models import HubSubscription
        from syndication.feeds.hub.wishes import subscription_key

        until = self.now() + timedelta(days=1)
        rows = []
        for host in hosts(count):
            url = f"http://{host}:{port}/callback"
            rows.append(
                HubSubscription(
                    key=subscription_key(self.topic, url),
                    feed=self.feed,
                    file_name="atom.xml",
                    topic_url=self.topic,
                    callback=url,
                    host=host,
                    secret="a secret of this subscriber",
                    since=self.now(),
                    expires_at=until,
                )
            )
        HubSubscription.objects.bulk_create(rows, batch_size=500)

    def publish(self, word: str) -> None:
        from django.conf import settings

        from syndication.feeds import store
        from syndication.feeds.models import Feed

        text = "".join(f"{word} {number}\n" for number in range(self.kilobytes * 1024))[: self.kilobytes * 1024].encode()
        self.moment += timedelta(seconds=1)
        content = store.Content(
            {"atom.xml": text}, links={"atom.xml": f'<http://127.0.0.1:8000/hub>; rel="hub", <{self.topic}>; rel="self"'}
        )
        store.write(settings.FEEDS, "news", content, modified_at=self.moment)
        Feed.objects.filter(pk=self.feed.pk).update(digest=content.digest, changed_at=self.moment)

    def go(self) -> None:
        from syndication.feeds.hub.rounds import go_round

        while go_round():
            pass

    def naive(self, count: int) -> float:
        """What one writes first: a row after the other, signed and posted by requests; seconds."""
        import hashlib
        import hmac

        import requests
        from django.conf import settings

        from syndication.feeds.hub.models import HubSubscription
        from syndication.feeds.store import Shelf

        body = Shelf(settings.FEEDS).version("news").documents["atom.xml"]["identity"].body  # type: ignore[union-attr]
        began = time.monotonic()
        for one in HubSubscription.objects.order_by("pk")[:count].iterator():
            signature = hmac.new(one.secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/atom+xml; charset=utf-8", "X-Hub-Signature": f"sha256={signature}"}
            requests.post(one.callback, data=body, headers=headers, timeout=10, allow_redirects=False).raise_for_status()
            HubSubscription.objects.filter(pk=one.pk).update(delivered_at=self.now())
        return time.monotonic() - began


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def be_scene(words: list[str]) -> None:
    """`COUNT PUBLISHES SILENT NAIVE KILOBYTES PORT PORT`: what it took, as JSON lines."""
    count, publishes, silent, naive, kilobytes, *ports = map(int, words)
    scene = Scene(kilobytes, ports)
    scene.subscribe(count, ports[0])
    if silent:
        from syndication.feeds.hub.models import HubSubscription

        scene.subscribe(silent, ports[1])
        HubSubscription.objects.filter(callback__contains=f":{ports[1]}/").update(host="")
        for place, one in enumerate(HubSubscription.objects.filter(host="")):
            HubSubscription.objects.filter(pk=one.pk).update(
                host=f"127.1.0.{1 + place}", callback=f"http://127.1.0.{1 + place}:{ports[1]}/callback"
            )
    before = megabytes()
    for number in range(publishes):
        scene.publish(f"state {number}")
        began, cpu = time.monotonic(), time.process_time()
        scene.go()
        took = time.monotonic() - began
        found = {"took": took, "cpu": time.process_time() - cpu, "before": before, "peak": megabytes(), "began": began}
        print(json.dumps(found), flush=True)
        sys.stdin.readline()
    if naive:
        print(json.dumps({"took": scene.naive(naive)}), flush=True)


# ---------------------------------------------------------------- the judge


class Subscribers:
    """The subscribers' process."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "be-subscribers"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ports = json.loads(self._read())

    def _read(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

    def taken(self) -> tuple[int, int, float]:
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        taken, size, last_at = json.loads(self._read())
        return taken, size, last_at

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(READY_SECONDS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a scene shall do; the documents have so many kilobytes."""

    count: int
    publishes: int
    kilobytes: int
    silent: int = 0
    naive: int = 0

    def words(self, ports: list[int]) -> list[str]:
        return [str(word) for word in (self.count, self.publishes, self.silent, self.naive, self.kilobytes, *ports)]


def play(subscribers: Subscribers, environ: dict[str, str], wanted: Wanted) -> Iterator[tuple[dict[str, float], int, int, float]]:
    words = wanted.words(subscribers.ports)
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        own = {"SYNDICATION_HOME": f"{folder}/home", "SYNDICATION_FEEDS": f"{folder}/feeds", "SYNDICATION_HUB_ALLOW": "127.0.0.0/8"}
        command = [sys.executable, __file__, "be-scene", *words]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **own, **environ})
        assert process.stdin
        assert process.stdout
        subscribers.taken()
        for line in process.stdout:
            found = json.loads(line)
            taken, size, last_at = subscribers.taken()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("\n")
                process.stdin.flush()
            yield found, taken, size, last_at
        if process.wait(READY_SECONDS):
            raise SystemExit("a scene broke")


def few(subscribers: Subscribers, environ: dict[str, str], wanted: argparse.Namespace) -> None:
    """Three publishes, and the naive way."""
    rate, count = 0.0, wanted.subscribers
    for found, taken, size, _ in play(subscribers, environ, Wanted(count, 3, wanted.kilobytes, naive=count)):
        assert taken == count, f"{taken} of {count} were taken"
        its_rate = taken / found["took"]
        if "peak" not in found:
            print(f"naive  {taken} in {found['took']:.2f} s: {its_rate:.0f} a second; the hub is {rate / its_rate:.1f} x")
            return
        rate = max(rate, its_rate)
        told = f"{taken} deliveries of {size // taken} bytes in {found['took']:.2f} s: {its_rate:.0f} a second, "
        print(f"hub    {told}{found['cpu'] / taken * 1e6:.0f} us of CPU each; {found['peak']:.0f} MB, {found['before']:.0f} before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", default="sqlite", choices=["sqlite", "postgresql"])
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--many", type=int, default=10_000)
    parser.add_argument("--kilobytes", type=int, default=100)
    wanted = parser.parse_args()
    from whole_product import database

    subscribers = Subscribers()
    with database(wanted.on) as (url, _):
        few(subscribers, {"DATABASE_URL": url} if url else {}, wanted)
    with database(wanted.on) as (url, _):
        environ = {"DATABASE_URL": url} if url else {}
        for found, taken, _, _ in play(subscribers, environ, Wanted(wanted.many, 1, wanted.kilobytes)):
            assert taken == wanted.many, f"{taken} of {wanted.many} were taken"
            rate = taken / found["took"]
            print(f"hub    {taken} in {found['took']:.2f} s: {rate:.0f} a second; {found['peak']:.0f} MB, {found['before']:.0f} before")
    with database(wanted.on) as (url, _):
        environ = {"DATABASE_URL": url} if url else {}
        for found, taken, _, last_at in play(subscribers, environ, Wanted(wanted.subscribers, 1, wanted.kilobytes, silent=SILENT_HOSTS)):
            late = last_at - found["began"]
            print(f"with {SILENT_HOSTS} hosts that never answer: {taken} taken, the last {late:.2f} s after the publish")
    subscribers.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["be-subscribers"]:
        asyncio.run(_subscribers())
    elif sys.argv[1:2] == ["be-scene"]:
        be_scene(sys.argv[2:])
    else:
        main()
