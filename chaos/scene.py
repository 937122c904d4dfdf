"""One installation under attack: a home with its readers, its crew, a sink that fails as told, and what is expected of them."""

import csv
import io
import time
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from support.fault_sink import FaultSink
from support.faults import DOUBTFUL, Faults, fault_of
from support.homes import LiveHome, Template

from chaos.crew import Crew
from chaos.judge import Expect, Verdict, hear, judge, say

CONNECTIONS = 10  # of one sender process, unless a server's row says otherwise
WINDOW = 8  # messages at the wire of one connection where the server offers CHUNKING
LOOK_EVERY_SECONDS = 0.02
AT_THE_WIRE_SECONDS = 0.1
"""What a dead sender had handed to the network arrives at the sink so much later at most."""
SLOW_DOMAIN = "slow.example.net"
FINAL = ("finished", "cancelled")
ARTICLE = """---
title: A letter about rivers
---
Dear {{ subscriber.first_name | default("reader") }}, rivers are roads that move.

## Upstream

The [map](https://example.org/map) shows it, and the [tides](https://example.org/tides) do not care.
"""


def addresses(readers: int) -> list[str]:
    """r0@…, r1@…; every fiftieth lives at a domain of its own, which a scenario can make slow."""
    return [f"r{number}@{SLOW_DOMAIN if number % 50 == 7 else 'example.org'}" for number in range(readers)]


def prepare(home: LiveHome, readers: int) -> None:
    """A list of readers, an article and a campaign that nobody has started yet."""
    table = io.StringIO()
    csv.writer(table).writerows([("email", "name"), *((one, f"Reader{number} Surname") for number, one in enumerate(addresses(readers)))])
    people, article = home.path / "readers.csv", home.path / "rivers.md"
    people.write_text(table.getvalue())
    article.write_text(ARTICLE)
    commands = (
        "list create news",
        f"subscribers import {people} --list news --confirmed",
        f"article import {article} --publish",
        "campaign create --article a-letter-about-rivers --list news",
    )
    say(commands, home.environ)


def prepared(template: Template, folder: Path, readers: int) -> Template:
    """A template whose homes have everything of `prepare`, made once in `folder`."""
    first = template.new_home(folder)
    prepare(first, readers)
    ours = copy(template)
    ours.folder = folder
    if isinstance(first.database, str):
        ours.name = first.database.partition("?")[0].rpartition("/")[2]
    return ours


@dataclass
class Scene:
    """What a scenario plays with. `blows` are moments (time.monotonic()) after which the next mail is timed."""

    home: LiveHome
    sink: FaultSink
    readers: int
    faults: Faults
    blows: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Promises that a scenario itself saw broken."""

    def __post_init__(self) -> None:
        """A home sends to its sink; the doubtful faults are expected to end held."""
        self.move_to(self.home)
        self.addresses = addresses(self.readers)
        self.expect = Expect(frozenset(self.addresses), held_at_most=self._held_by_the_server())

    def _held_by_the_server(self) -> int:
        """How many the server's faults may leave in doubt: with CHUNKING whole windows, also where it hangs up before their turn."""
        if not self.faults.chunking:
            return len(self.meeting(*DOUBTFUL))
        limit = self.faults.messages_per_connection
        return WINDOW * (len(self.meeting(*DOUBTFUL, "drop_rcpt")) + (self.readers // limit if limit else 0))

    def meeting(self, *names: str) -> list[str]:
        """The addresses that meet one of these faults."""
        return [address for address in self.addresses if fault_of(self.faults, address) in names]

    def move_to(self, home: LiveHome) -> None:
        """From here on this is the installation; it sends to the same sink."""
        self.close()
        self.home, self.crew = home, Crew(home)
        home.environ["SYNDICATION_SMTP_URL"] = self.sink.url

    def close(self) -> None:
        """Stop all programs of the installation."""
        self.home.stop()

    # ------------------------------------------------------------------ the course of a campaign
    def open(self, **environ: str) -> None:
        """All programs run and are ready; nothing is started yet."""
        self.crew.start_queue()
        self.crew.start_workers(**environ)
        self.crew.wait_until_ready()

    def start(self) -> None:
        """The campaign is started and the first message has arrived."""
        self.cli("campaign", "start", "1")
        self.reach(0)

    def begin(self) -> None:
        """`open` and `start`."""
        self.open()
        self.start()

    def cli(self, *words: str) -> str:
        """Run a command of the product; what it prints."""
        done = self.home.run_cli(*words)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
        return str(done.stdout)

    def reach(self, share: float, *, seconds: float = 120) -> None:
        """Return when this share of the readers has the message (0: the first one has)."""
        count = max(1, int(share * self.readers))
        self.until(lambda: self.sink.taken() >= count, seconds=seconds, what=lambda: f"{count} messages; {self.sink.taken()} came")

    def go_on(self, more: int = 1, *, seconds: float = 120) -> None:
        """Return when so many messages more have arrived, or the campaign is over."""
        count = self.sink.taken() + more
        self.until(lambda: self.sink.taken() >= count or self.state() in FINAL, seconds=seconds, what=lambda: f"the {count}th message")

    def rest(self, seconds: float) -> None:
        """Let things be for a while."""
        until = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= until, seconds=seconds + 10, what="the clock")

    def finish(self, *, seconds: float = 240) -> None:
        """Return when the campaign says that it is over."""
        self.until(lambda: self.state() in FINAL, seconds=seconds, what=lambda: f"its end; it is {self.state()}, {self.sink.taken()} taken")

    def brake(self, factor: float = 8) -> None:
        """The sink answers so much slower, so that there is time for commands; `brake(1)` lets go."""
        self.sink.change(replace(self.faults, pace_per_second=self.faults.pace_per_second / factor))

    def until(self, condition: Callable[[], object], *, seconds: float, what: str | Callable[[], str]) -> None:
        """Return when `condition()`; the crew is kept alive meanwhile. Raises TimeoutError."""
        give_up_at = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"waited {seconds:.0f} s for {what() if callable(what) else what}")
            self.crew.tend()
            time.sleep(LOOK_EVERY_SECONDS)

    def state(self) -> str:
        """The campaign's state in its row; "away" while the database does not answer."""
        try:
            return str(self.home.sql("SELECT state FROM syndication_campaign")[0][0])
        except Exception:  # noqa: BLE001  # two databases, each with its own errors, and both are meant to fail here
            return "away"

    # ------------------------------------------------------------------ the nemesis
    def kill(self, *names: str) -> None:
        """SIGKILL; each sender among them may leave one message in doubt per connection."""
        moment = self.crew.kill(*names)
        self.blows.append(moment)
        self.expect.kills.append(moment)
        self.explain(CONNECTIONS * sum(name.startswith("bulk") for name in names))

    def explain(self, connections: int) -> None:
        """What was at the wire of so many connections may be held."""
        assert self.expect.held_at_most is not None
        self.expect.held_at_most += connections * (WINDOW if self.faults.chunking else 1)

    def hurry(self) -> None:
        """What waits for another try is due now: hours in a moment."""
        self.expect.is_hurried = True
        self.home.sql("UPDATE syndication_delivery SET due_at = 1 WHERE state = 3")
        self.home.sql("UPDATE syndication_batch SET due_at = 1 WHERE due_at IS NOT NULL")

    def lapse(self, *, seconds: int) -> None:
        """Every lease has run out so long ago."""
        self.home.sql("UPDATE syndication_lease SET until = %s", int(time.time()) - seconds)

    # ------------------------------------------------------------------ the end
    def judge(self) -> Verdict:
        """What came of it, with nobody left alive who could change it."""
        for running in self.home.running:
            running.kill()
        rows, complaints = hear(1, self.home.environ)
        verdict = judge(self.sink.events(), rows, self.expect)
        verdict.broken += [*self.broken, *complaints]
        if not isinstance(self.home.database, str) and (found := self.home.sql("PRAGMA integrity_check")) != [("ok",)]:  # F13
            verdict.broken.append(f"the database file is corrupt: {found}")
        return verdict

    def seconds_to_next_mail(self) -> list[float]:
        """For each blow: how long until a message that was begun after it, if there was one."""
        begun = sorted(event.started for event in self.sink.events() if event.started)
        return [found - moment for moment in self.blows if (found := first_after(begun, moment + AT_THE_WIRE_SECONDS))]


def first_after(moments: Iterable[float], moment: float) -> float | None:
    """The first of sorted moments that is later."""
    return next((one for one in moments if one > moment), None)
