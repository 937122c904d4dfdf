"""Compares what the sink took with what an installation's ledger says, and names every broken promise.

    .venv/bin/python chaos/judge.py RECORD CAMPAIGN    (with the environment of the installation: SYNDICATION_HOME, DATABASE_URL …)

The record is a file of support/fault_sink.py. Exit code 0 only when all is as promised. `judge` itself is pure.
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]

from support.faults import Event, read_record

UNHEARD_SECONDS = 1.0  # a sender that was killed so soon after a refusal may not have noted it
GRACE_SECONDS = 5.0  # what is said (unsubscribed, cancelled, paused) is obeyed by every DATA that starts later than this
SHORTEST_RETRY_SECONDS = 59.0  # F19: no retry sooner than a minute, and a second for two clocks
FINAL = ("delivered", "bounced", "failed", "skipped", "held")
SHOWN = 5  # addresses named in one finding


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger says of one address."""

    address: str
    state: str
    attempts: int = 0
    code: int | None = None
    reply: str = ""


@dataclass(slots=True)
class Expect:
    """What a scenario did, so that the judge knows what is explained by it.

    readers       every address of the audience
    held_at_most  kills x connections, plus the faults that leave a message in doubt; None: not counted
    may_repeat    addresses whose second copy the policy on doubt explains
    suppressed    address -> when (time.monotonic()) the suppression was answered
    silences      (from, until): nothing may start in between, because of pause or cancel; counted from GRACE_SECONDS after `from`
    kills         moments (time.monotonic()) at which a sender was killed
    is_cancelled  the rest was skipped on purpose
    is_hurried    the scenario made waiting rows due by hand, so that the time between attempts says nothing
    """

    readers: frozenset[str]
    held_at_most: int | None = 0
    may_repeat: frozenset[str] = frozenset()
    suppressed: Mapping[str, float] = field(default_factory=dict)
    silences: list[tuple[float, float]] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    is_cancelled: bool = False
    is_hurried: bool = False


@dataclass(slots=True)
class Verdict:
    """The figures of a run and every promise that it broke."""

    audience: int
    taken: int = 0
    lost: int = 0
    duplicates: int = 0
    held: int = 0
    states: dict[str, int] = field(default_factory=dict)
    most_attempts: int = 0
    broken: list[str] = field(default_factory=list)

    def blame(self, what: str, addresses: Sequence[str]) -> None:
        """Note a broken promise when there is anybody whom it was broken to."""
        if addresses:
            more = f" and {len(addresses) - SHOWN} more" if len(addresses) > SHOWN else ""
            self.broken.append(f"{len(addresses)} {what}: {', '.join(sorted(addresses)[:SHOWN])}{more}")


def judge(events: Sequence[Event], rows: Sequence[Row], expect: Expect) -> Verdict:
    """Every promise of the ledger, asked of the sink's record and the ledger's rows."""
    taken, stories = Counter[str](), defaultdict[str, list[Event]](list)
    for event in events:
        stories[event.recipient].append(event)
        taken[event.recipient] += event.kind == "taken"
    states = {row.address: row.state for row in rows}
    verdict = Verdict(audience=len(expect.readers), taken=sum(taken.values()), states=dict(Counter(row.state for row in rows)))
    verdict.most_attempts = max(map(len, stories.values()), default=0)
    _judge_audience(verdict, rows, expect)
    _judge_losses(verdict, states, taken, expect)
    _judge_refusals(verdict, rows, stories)
    _judge_copies(verdict, states, taken, expect)
    _judge_doubt(verdict, rows, expect)
    _judge_stories(verdict, stories, expect)
    _judge_messages(verdict, events)
    _judge_obedience(verdict, events, expect)
    return verdict


def _judge_audience(verdict: Verdict, rows: Sequence[Row], expect: Expect) -> None:
    times = Counter(row.address for row in rows)
    verdict.blame("readers without a row", sorted(expect.readers - times.keys()))
    verdict.blame("rows of strangers", sorted(times.keys() - expect.readers))
    verdict.blame("readers with several rows", [address for address, count in times.items() if count > 1])
    verdict.blame("rows that never became final", [row.address for row in rows if row.state not in FINAL])


def _judge_losses(verdict: Verdict, states: Mapping[str, str], taken: Mapping[str, int], expect: Expect) -> None:
    """Lost: the ledger says delivered and nobody took it, or nothing final is said at all."""
    claimed = [address for address, state in states.items() if state == "delivered" and not taken[address]]
    verdict.lost = len(claimed) + sum(states.get(address) not in FINAL for address in expect.readers)
    verdict.blame("delivered in the ledger, never taken by the sink", claimed)
    without = expect.suppressed.keys() if not expect.is_cancelled else expect.readers
    unexplained = [address for address, state in states.items() if state == "skipped" and address not in without]
    verdict.blame("skipped without a reason of this scenario", unexplained)


def _judge_refusals(verdict: Verdict, rows: Sequence[Row], stories: Mapping[str, list[Event]]) -> None:
    """Failed and bounced need a 5xx that the sink remembers."""
    refused = {address for address, story in stories.items() if any(event.code >= 500 for event in story)}
    innocent = [f"{row.address} ({row.reply})" for row in rows if row.state in {"failed", "bounced"} and row.address not in refused]
    verdict.blame("failed or bounced though the sink never said 5xx", innocent)


def _judge_copies(verdict: Verdict, states: Mapping[str, str], taken: Mapping[str, int], expect: Expect) -> None:
    again = [address for address, times in taken.items() if times > 1]
    verdict.duplicates = sum(taken[address] - 1 for address in again)
    verdict.blame("taken twice without an explanation", [address for address in again if address not in expect.may_repeat])
    unknown = [address for address, times in taken.items() if times and states.get(address) not in {"delivered", "held"}]
    verdict.blame("taken by the sink, and the ledger says neither delivered nor held", unknown)


def _judge_doubt(verdict: Verdict, rows: Sequence[Row], expect: Expect) -> None:
    held = [row for row in rows if row.state == "held"]
    verdict.held = len(held)
    verdict.blame("held without a cause", [row.address for row in held if not row.reply])
    if expect.held_at_most is not None and len(held) > expect.held_at_most:
        verdict.broken.append(f"{len(held)} held, and the faults explain {expect.held_at_most} at most ({held[0].reply})")


def _judge_stories(verdict: Verdict, stories: Mapping[str, list[Event]], expect: Expect) -> None:
    """One reader's attempts in order: nothing after a 5xx, not too soon, always the same message."""
    after_5xx, too_soon, unlike = [], [], []
    for address, story in stories.items():
        heard = [(one, later) for one, later in pairwise(story) if one.code >= 400 and not _is_unheard(one, expect)]  # RFC 5321 4.2.1
        if any(one.code >= 500 for one, _ in heard):
            after_5xx.append(address)
        gaps = [later.at - one.at for one, later in heard if one.code < 500]
        if gaps and min(gaps) < SHORTEST_RETRY_SECONDS and not expect.is_hurried:
            too_soon.append(address)
        if len({(event.sha256, event.message_id, event.date) for event in story if event.sha256}) > 1:
            unlike.append(address)
    verdict.blame("tried again after a 5xx", after_5xx)
    verdict.blame(f"tried again within {SHORTEST_RETRY_SECONDS:.0f} s of a 4xx", too_soon)
    verdict.blame("whose attempts differ in bytes, Message-ID or Date", unlike)


def _is_unheard(refusal: Event, expect: Expect) -> bool:
    return any(refusal.at <= moment < refusal.at + UNHEARD_SECONDS for moment in expect.kills)


def _judge_messages(verdict: Verdict, events: Sequence[Event]) -> None:
    whole = [event for event in events if event.sha256]
    readers_of = defaultdict[str, set[str]](set)
    for event in whole:
        readers_of[event.message_id].add(event.recipient)
    verdict.blame("with a To of somebody else", [event.recipient for event in whole if event.to != event.recipient])
    verdict.blame("with words for somebody else", [event.recipient for event in whole if set(event.dear) - {_name_of(event.recipient)}])
    verdict.blame("without Message-ID or Date", [event.recipient for event in whole if not event.message_id or not event.date])
    verdict.blame("Message-IDs shared by several readers", [identity for identity, readers in readers_of.items() if len(readers) > 1])
    verdict.blame("malformed on the wire", [f"{event.recipient} ({', '.join(event.flaws)})" for event in whole if event.flaws])


def _name_of(address: str) -> str:
    """The readers of chaos are called Reader17 <r17@…>."""
    return f"Reader{address.partition('@')[0].removeprefix('r')}"


def _judge_obedience(verdict: Verdict, events: Sequence[Event], expect: Expect) -> None:
    late = [
        event.recipient
        for event in events
        if event.started and event.started > expect.suppressed.get(event.recipient, float("inf")) + GRACE_SECONDS
    ]
    verdict.blame(f"mailed more than {GRACE_SECONDS:.0f} s after they were suppressed", late)
    loud = [event.recipient for event in events if any(begin + GRACE_SECONDS < event.started < end for begin, end in expect.silences)]
    verdict.blame(f"begun more than {GRACE_SECONDS:.0f} s after pause or cancel", loud)


def table(verdict: Verdict) -> Iterator[str]:
    """The verdict in lines."""
    yield f"audience {verdict.audience}   taken {verdict.taken}   lost {verdict.lost}   duplicates {verdict.duplicates}   held {verdict.held}"
    yield "ledger   " + ", ".join(f"{count} {state}" for state, count in sorted(verdict.states.items()))
    yield from (f"BROKEN   {line}" for line in verdict.broken)


# ---------------------------------------------------------------------------- the installation's side
RUN_ALL = """
import json, sys
from syndication.cli.main import command_line
for words in json.load(sys.stdin):
    command_line.main([*words, "--json"], standalone_mode=False)
"""


def say(commands: Sequence[str], environ: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Run commands of the product, one after the other in one process; every JSON value that they print. Raises RuntimeError."""
    words = json.dumps([command.split() for command in commands])
    command = [sys.executable, "-c", RUN_ALL]
    done = subprocess.run(command, env=environ, cwd=REPOSITORY, input=words, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise RuntimeError(f"{'; '.join(commands)}: {done.stderr}")
    results, rest = [], done.stdout.strip()
    while rest:
        result, end = json.JSONDecoder().raw_decode(rest)
        results.append(result)
        rest = rest[end:].lstrip()
    return results


def hear(campaign: int, environ: Mapping[str, str] | None = None) -> tuple[list[Row], list[str]]:
    """The ledger's rows, and what `campaign verify` finds wrong."""
    *found, verified = say([f"campaign deliveries {campaign}", f"campaign verify {campaign}"], environ)
    rows = [Row(one["address"], one["state"], one["attempts"], one["code"], one["reply"]) for one in found]
    return rows, [] if verified["agrees"] else [f"campaign verify: {line}" for line in verified["checks"]]


def main(record: str, campaign: str) -> int:
    rows, complaints = hear(int(campaign))
    verdict = judge(read_record(Path(record)), rows, Expect(frozenset(row.address for row in rows), held_at_most=None))
    verdict.broken += complaints
    print("\n".join(table(verdict)))
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
