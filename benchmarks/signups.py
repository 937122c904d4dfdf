"""Sign-ups and one-click POSTs at a steady pace beside a running campaign, and how soon confirmation mails reach the mail server.

    .venv/bin/python benchmarks/signups.py [--on sqlite] [--on postgresql] [--rate 300] [--seconds 30] [--readers 100000] [--bulk 1]

A fresh installation as `up` starts it (queue, web, mail, bulk, beat; limits lifted by SYNDICATION_SIGNUP_LIMITS, nothing else) sends the
newsletter of newsletter.py to the readers, into the null sink. Meanwhile one client process POSTs, half of them sign-ups of new addresses
by the form, half one-clicks (RFC 8058) of readers of the campaign. The pace does not wait for answers (open loop): a time counts from the moment at
which a request was due. Afterwards everything is judged from outside: each sign-up that was answered must have brought one mail to the
sink, each one-click must be obeyed. A quiet run (no campaign) comes first, for comparison.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import newsletter
from installation import READY_SECONDS, Installation, installation
from receivers import REPOSITORY, Moment, NullSink, _free_port
from whole_product import database

POLL_SECONDS = 0.02
LAST_SECONDS = 60
STAMP_SECONDS = 2.2  # a form must be older than two seconds
GOAL_SECONDS = 5.0
LIMITS = "address=0 network=0 domain=0 form=0 everything=0 proof=0 proof_all=0"


# ---------------------------------------------------------------- the client (a process of its own)


@dataclass(slots=True)
class Client:
    """Sends requests when they are due, over kept connections."""

    port: int
    free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def send(self, request: bytes, due_at: float, *, head: bool = False) -> tuple[float, int, bytes]:
        """Seconds since it was due, the status, the body (or the head); status 0 when the connection broke."""
        try:
            reader, writer = self.free.pop() if self.free else await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request)
            status, *parts = await self._answer(reader)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            return time.monotonic() - due_at, 0, repr(error).encode()
        self.free.append((reader, writer))
        return time.monotonic() - due_at, status, parts[not head]

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes, bytes]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        if not lengths:
            raise ValueError(f"an answer without a length: {head[:80]!r}")
        length = int(lengths[0])
        return status, head.encode(), await reader.readexactly(length)


def http(method: str, path: str, body: dict[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request."""
    content = urlencode(body or {}).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(content)}\r\n"
    return (head + "Content-Type: application/x-www-form-urlencoded\r\n\r\n").encode() + content


async def _load(port: int, rate: int, seconds: float, tokens: list[str], name: str) -> dict[str, list[object]]:
    """Half sign-ups, half one-clicks: for each [due, seconds, status, what]."""
    client = Client(port)
    _, _, home = await client.send(http("GET", "/"), time.monotonic(), head=True)
    path = "/s/" + home.decode().lower().partition("location: /a/")[2].partition("\r")[0]
    _, _, page = await client.send(http("GET", path), time.monotonic())
    stamp = page.decode().partition('name="stamp" value="')[2].partition('"')[0]
    await asyncio.sleep(STAMP_SECONDS)
    done: dict[str, list[object]] = {"signup": [], "oneclick": []}

    async def one(kind: str, what: str, request: bytes, due_at: float) -> None:
        seconds, status, body = await client.send(request, due_at)
        if kind == "signup" and b"Check your inbox" not in body:
            status = -abs(status)
        done[kind].append([due_at, seconds, status, what])

    began, tasks = time.monotonic() + 0.5, []
    for number in range(int(rate * seconds)):
        due_at = began + number / rate
        if number % 2:
            what = tokens[number // 2]
            kind, request = "oneclick", http("POST", f"/u/{what}/", {"List-Unsubscribe": "One-Click"})
        else:
            what = f"{name}-{number}@signup.example.org"
            kind, request = "signup", http("POST", path, {"address": what, "list": "letters", "stamp": stamp, "reason": ""})
        await asyncio.sleep(max(0.0, due_at - time.monotonic()))
        tasks.append(asyncio.create_task(one(kind, what, request, due_at)))
    await asyncio.gather(*tasks)
    return done


def be_client(words: list[str]) -> None:
    port, rate, seconds, name = int(words[0]), int(words[1]), float(words[2]), words[3]
    tokens = json.loads(sys.stdin.read())
    print(json.dumps(asyncio.run(_load(port, rate, seconds, tokens, name))))


# ---------------------------------------------------------------- inside the installation (a process of its own)


def be_inside(words: list[str]) -> None:
    """`tokens FIRST COUNT`, `left`, or `web PORT`, as JSON."""
    import django  # only here is an installation set up

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "syndication.settings")
    django.setup()
    from syndication.audience import tokens
    from syndication.audience.keys import copy_key
    from syndication.audience.lists import list_named
    from syndication.cli import children
    from syndication.models import ConsentRecord, SignUp, Subscription

    if words[0] == "web":
        print(json.dumps(children.web(int(words[1])).command))
    elif words[0] == "tokens":
        news, first, count = list_named("news"), int(words[1]), int(words[2])
        readers = Subscription.objects.filter(list=news).order_by("-subscriber_id").values_list("subscriber_id", flat=True)
        print(json.dumps([tokens.of_copy(1, reader, news.pk, copy_key()).unsubscribe for reader in readers[first : first + count]]))
    else:
        left = Subscription.objects.filter(list__slug="news", state="unsubscribed").count()
        records = ConsentRecord.objects.filter(how="one-click").count()
        print(json.dumps({"left": left, "records": records, "waiting": SignUp.objects.count()}))


# ---------------------------------------------------------------- the run


@dataclass(slots=True)
class Arrivals:
    """When the sink took which sign-up's mail."""

    sink: NullSink
    path: Path
    at: dict[str, float] = field(default_factory=dict)
    twice: int = 0
    bulk: int = 0
    bulk_last: float = 0.0
    _read: int = 0

    def look(self) -> None:
        """Note what came since the last look."""
        self.sink.read()
        now = time.monotonic()
        with self.path.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        new = new[: new.rfind(b"\n") + 1]
        self._read += len(new)
        for line in new.decode().split():
            if not line.endswith("@signup.example.org"):
                self.bulk, self.bulk_last = self.bulk + 1, now
            elif line in self.at:
                self.twice += 1
            else:
                self.at[line] = now


def start(home: Installation, bulk: int) -> int:
    """Everything that `up` starts; the web's port."""
    home.environ["SYNDICATION_SIGNUP_LIMITS"] = LIMITS
    home.start_queue()
    home.start_workers(bulk)
    port = _free_port()
    home.start(*json.loads(inside(home, "web", str(port))))
    give_up_at = time.monotonic() + READY_SECONDS
    while asyncio.run(Client(port).send(http("GET", "/healthz"), time.monotonic()))[1] != 200:
        if time.monotonic() > give_up_at:
            raise SystemExit(f"the web does not answer\n{home.logs()}")
        time.sleep(0.1)
    return port


def inside(home: Installation, *words: str) -> str:
    return home.run(sys.executable, str(REPOSITORY / "benchmarks" / "signups.py"), "--inside", *words)


@dataclass(frozen=True, slots=True)
class Load:
    """Requests for so many seconds; `first`: how many readers have left before."""

    name: str
    port: int
    rate: int
    seconds: float
    first: int = 0


def load(home: Installation, wanted: Load, arrivals: Arrivals) -> dict:
    """One client run while the sink is watched; what it found, and when."""
    tokens = json.loads(inside(home, "tokens", str(wanted.first), str(int(wanted.rate * wanted.seconds / 2) + 1)))
    numbers = [str(wanted.port), str(wanted.rate), str(wanted.seconds), wanted.name]
    words = [sys.executable, str(REPOSITORY / "benchmarks" / "signups.py"), "--client", *numbers]
    moment = Moment()
    with tempfile.TemporaryFile("w+") as output:
        client = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output, text=True)
        client.stdin.write(json.dumps(tokens))
        client.stdin.close()
        while client.poll() is None:
            arrivals.look()
            time.sleep(POLL_SECONDS)
        output.seek(0)
        found = json.load(output)
    expected = {what for _, _, status, what in found["signup"] if status == 200}
    give_up_at = time.monotonic() + LAST_SECONDS
    while not expected <= arrivals.at.keys() and time.monotonic() < give_up_at:
        arrivals.look()
        time.sleep(POLL_SECONDS)
    return found | {"foreign": moment.foreign_since()}


def tell(title: str, found: dict, arrivals: Arrivals, bulk_until: float) -> bool:
    """Print the figures of one run; whether nothing was lost."""
    print(f"  {title}   (others took {found['foreign']:.0%} of the machine)")
    for kind, words in (("signup", "sign-up POST"), ("oneclick", "one-click POST")):
        times = sorted(seconds for _, seconds, status, _ in found[kind] if status == 200)
        bad = [(status, what) for _, _, status, what in found[kind] if status != 200]
        print(
            f"    {words:<16} {len(times):6,} answered, p50 {_ms(times, 50)}, p99 {_ms(times, 99)}, longest {times[-1] * 1000:.0f} ms, {len(bad)} refused"
        )
        if bad:
            print(f"      such as {bad[:3]}")
    asked = {what: due + seconds for due, seconds, status, what in found["signup"] if status == 200}
    lost = asked.keys() - arrivals.at.keys()
    beside = {what: at for what, at in asked.items() if not bulk_until or at <= bulk_until}
    waits = sorted(arrivals.at[what] - at for what, at in beside.items() if what in arrivals.at)
    if waits:
        is_met = "met" if waits[int(len(waits) * 0.99)] <= GOAL_SECONDS else "MISSED"
        print(
            f"    confirmation mail handed over after its answer: p50 {_ms(waits, 50)}, p99 {_ms(waits, 99)} (goal 5 s: {is_met}), longest {waits[-1]:.2f} s, of {len(waits):,}"
        )
    print(f"    sign-ups without a mail: {len(lost)}, mails twice: {arrivals.twice}", flush=True)
    return not lost


def _ms(times: list[float], percent: int) -> str:
    return f"{times[min(len(times) - 1, int(len(times) * percent / 100))] * 1000:.0f} ms"


def measure(name: str, asked: argparse.Namespace, database_url: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="syndication-took-") as folder:
        took = Path(folder) / "addresses"
        with NullSink(addresses=took) as sink, installation(sink.port, database_url) as home:
            source = home.folder / "newsletter.md"
            source.write_text(newsletter.article(), encoding="utf-8")
            slug = json.loads(home.cli("article", "import", str(source), "--json"))["slug"]
            for one in ("news", "letters"):
                home.cli("list", "create", one)
            home.inside("load", str(asked.readers), "news")
            port = start(home, asked.bulk)
            arrivals = Arrivals(sink, took)
            quiet_seconds = min(10.0, asked.seconds)
            print(f"\n{name}: {asked.rate} requests/s, {asked.readers:,} readers, {asked.bulk} bulk worker")
            quiet = load(home, Load("quiet", port, asked.rate, quiet_seconds), arrivals)
            fine = tell(f"quiet, {quiet_seconds:.0f} s", quiet, arrivals, 0)
            campaign = json.loads(home.cli("campaign", "create", "--article", slug, "--list", "news", "--json"))["id"]
            home.cli("campaign", "start", str(campaign))
            began = time.monotonic()
            busy = load(home, Load("busy", port, asked.rate, asked.seconds, len(quiet["oneclick"])), arrivals)
            loaded_until = max(due + seconds for due, seconds, _, _ in busy["signup"])
            while json.loads(home.cli("campaign", "status", str(campaign), "--json"))["state"] != "finished":
                arrivals.look()
                time.sleep(0.2)
                if time.monotonic() > arrivals.bulk_last + LAST_SECONDS:
                    raise SystemExit(f"the campaign does not end\n{home.logs()}")
            home.cli("campaign", "verify", str(campaign))
            fine &= tell(f"beside the campaign, {asked.seconds:.0f} s", busy, arrivals, arrivals.bulk_last)
            span = arrivals.bulk_last - began
            print(
                f"    the campaign: {arrivals.bulk:,} mails in {span:.0f} s ({arrivals.bulk / span:,.0f} a second); it covered {min(1.0, (arrivals.bulk_last - began) / (loaded_until - began)):.0%} of the load"
            )
            state = json.loads(inside(home, "left"))
            clicks = sum(1 for found in (quiet, busy) for one in found["oneclick"] if one[2] == 200)
            print(
                f"    one-clicks answered {clicks:,}, readers who left {state['left']:,}, records {state['records']:,}, wishes not taken {state['waiting']}"
            )
            return fine and state["left"] >= clicks and state["waiting"] == 0


def main() -> None:
    if sys.argv[1:2] == ["--client"]:
        be_client(sys.argv[2:])
        return
    if sys.argv[1:2] == ["--inside"]:
        be_inside(sys.argv[2:])
        return
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--on", action="append", choices=["sqlite", "postgresql"])
    words.add_argument("--rate", type=int, default=300)
    words.add_argument("--seconds", type=float, default=30.0)
    words.add_argument("--readers", type=int, default=100_000)
    words.add_argument("--bulk", type=int, default=1)
    asked = words.parse_args()
    fine = True
    for name in asked.on or ["sqlite", "postgresql"]:
        with database(name) as (url, _):
            fine &= measure(name, asked, url)
    if not fine:
        raise SystemExit("something was lost")


if __name__ == "__main__":
    main()
