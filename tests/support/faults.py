"""What can go wrong at an SMTP server, whom it meets, and how the sink writes down what it saw."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CLEAR_ONCE = ("mail4", "rcpt4", "data4", "dot4", "drop_rcpt")  # the first attempt surely fails, the next one is taken
CLEAR_ALWAYS = ("rcpt5", "data5", "dot5")
DOUBTFUL = ("amb_taken", "amb_drop", "silent_taken", "silent_drop", "drop_body", "garbage_dot")
"""The first attempt ends after the client may have sent its final dot, and without an answer that means something."""
FAULTS = (*CLEAR_ONCE, *CLEAR_ALWAYS, *DOUBTFUL)


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong.

    shares                   fault name -> share of the recipients that meet it (0..1, together at most 1)
    greylist_seconds         each recipient gets 451 until this long after the first attempt
    greeting_421             share of the connections that are greeted with 421
    messages_per_connection  421 at the next MAIL after so many; 0: no limit
    pace_per_second          answers to the final dot, all connections together; 0: at once
    reply_seconds            before each answer
    tarpit                   domain -> seconds before each answer that is about it
    silent_seconds           how long a silent fault stays silent before it hangs up
    starttls, auth           "454" and "535": offered and refused; empty: not offered
    """

    seed: int = 1
    shares: Mapping[str, float] = field(default_factory=dict)
    greylist_seconds: float = 0
    greeting_421: float = 0
    messages_per_connection: int = 0
    pace_per_second: float = 0
    reply_seconds: float = 0
    tarpit: Mapping[str, float] = field(default_factory=dict)
    silent_seconds: float = 600
    pipelining: bool = True
    chunking: bool = False
    starttls: str = ""
    auth: str = ""


def fault_of(faults: Faults, address: str) -> str:
    """The fault that this recipient meets; empty for none. Raises KeyError for a share of an unknown fault."""
    drawn, reached = draw(f"{faults.seed} {address}"), 0.0
    for name, share in faults.shares.items():
        reached += share
        if drawn < reached:
            return FAULTS[FAULTS.index(name)]
    return ""


def draw(what: str) -> float:
    """A number in [0, 1) that only depends on `what`."""
    return int.from_bytes(hashlib.blake2s(what.encode(), digest_size=8).digest(), "big") / 2**64


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the record. `at` and `started` are time.monotonic(), which all processes of a machine share.

    kind       "taken"; "refused" (a clear 4xx or 5xx); "broken" (no answer, not taken)
    stage      MAIL, RCPT, DATA or dot
    started    when DATA or BDAT came
    answered   whether a taken message gets its 250
    to, dear   the address of the To header, and every word after "Dear " in the message
    """

    kind: str
    recipient: str
    stage: str
    at: float
    peer: int
    code: int = 0
    fault: str = ""
    started: float = 0.0
    answered: bool = True
    sender: str = ""
    to: str = ""
    message_id: str = ""
    date: str = ""
    dear: tuple[str, ...] = ()
    sha256: str = ""
    size_bytes: int = 0
    flaws: tuple[str, ...] = ()


def read_record(path: Path) -> list[Event]:
    """Every event so far, in order; a last line that is not written to its end is left out."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    tuples = ("dear", "flaws")
    return [Event(**{key: tuple(value) if key in tuples else value for key, value in json.loads(line).items()}) for line in lines]


_HEADER = re.compile(rb"(?im)^(To|Message-ID|Date):[ \t]*((?:[^\r\n]|\r\n[ \t])*)\r\n")
_DEAR = re.compile(rb"Dear (\w+)")
_ADDRESS = re.compile(r"<([^<>]*)>\s*$")
_LONGEST_LINE = 998  # RFC 5321 4.5.3.1.6, without CRLF


def about(content: bytes) -> dict[str, Any]:
    """What the record keeps of a message."""
    head = content[: content.find(b"\r\n\r\n") + 2]
    found = {name.lower(): b"".join(value.split(b"\r\n")).decode("utf-8", "replace").strip() for name, value in _HEADER.findall(head)}
    to = found.get(b"to", "")
    pointed = _ADDRESS.search(to)
    return {
        "to": pointed[1] if pointed else to,
        "message_id": found.get(b"message-id", ""),
        "date": found.get(b"date", ""),
        "dear": sorted({word.decode("utf-8", "replace") for word in _DEAR.findall(content)}),
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "flaws": list(_flaws(content)),
    }


def _flaws(content: bytes) -> Iterator[str]:
    lines = content.split(b"\n")
    if not content.count(b"\r\n") == content.count(b"\r") == len(lines) - 1:
        yield "a bare CR or LF"
    if not content.isascii():
        yield "bytes above 127"
    if max(map(len, lines)) > _LONGEST_LINE + len("\r"):
        yield f"a line above {_LONGEST_LINE}"
