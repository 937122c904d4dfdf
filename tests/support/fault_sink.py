"""An SMTP sink of ours that fails as it is told and writes down what it took before it says so: the witness of every chaos run.

`FaultSink` runs this module as a process: it prints its status as JSON at the start and after each command (a JSON line on standard
input), and ends with its standard input.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from support.faults import CLEAR_ALWAYS, Event, Faults, about, draw, fault_of, read_record
from support.waiting import wait_until

BACKLOG = 128
FOLDER = Path(__file__).parents[1]


class FaultSink:
    """The sink in a process of its own; it ends with us."""

    def __init__(self, record: Path, faults: Faults | None = None) -> None:
        """Start it: what it sees is appended to the file `record`."""
        self.record = record
        command = [sys.executable, "-m", "support.fault_sink", str(record), json.dumps(asdict(faults or Faults()))]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(FOLDER)}, text=True, **pipes)
        self.port = int(self._status()["port"])

    @property
    def url(self) -> str:
        """Its SYNDICATION_SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def taken(self) -> int:
        """Messages accepted so far."""
        return int(self._ask("status")["taken"])

    def wait_for(self, count: int, *, seconds: float = 30) -> None:
        """Return when so many messages are taken; fails the test after `seconds`."""
        wait_until(lambda: self.taken() >= count, seconds=seconds, what=lambda: f"{count} messages; {self.taken()} came")

    def connections(self) -> int:
        """How many are open now."""
        return int(self._ask("status")["connections"])

    def peak(self) -> int:
        """The most that were ever open at once."""
        return int(self._ask("status")["peak"])

    def change(self, faults: Faults) -> None:
        """Other faults from now on; what was seen of each recipient is kept."""
        self._ask("faults", faults=asdict(faults))

    def shut(self) -> None:
        """Refuse new connections and cut the open ones."""
        self._ask("shut")

    def open(self) -> None:
        """Listen again."""
        self._ask("open")

    def events(self) -> list[Event]:
        return read_record(self.record)

    def stop(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()

    def _ask(self, what: str, **more: object) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": what} | more) + "\n")
        self.process.stdin.flush()
        return self._status()

    def _status(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the sink ended"
        found: dict[str, Any] = json.loads(line)
        return found


# ---------------------------------------------------------------------------- the process
class World:
    """What all connections share."""

    def __init__(self, record: str, faults: Faults) -> None:
        self.faults = faults
        self.file = os.open(record, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.counts: Counter[str] = Counter()
        self.open: set[Conversation] = set()
        self.peak = 0
        self.first_seen: dict[str, float] = {}
        self.shown: set[str] = set()
        self.next_answer_at = 0.0

    def write(self, event: dict[str, Any]) -> None:
        """Append to the record; after this the event is safe from the death of this process."""
        self.counts[event["kind"]] += 1
        os.write(self.file, json.dumps(event).encode() + b"\n")

    def meets(self, recipient: str, *names: str) -> str:
        """Which of these faults the recipient meets now; one that happens once is used up by this."""
        fault = fault_of(self.faults, recipient) if self.faults.shares else ""
        if fault not in names or recipient in self.shown:
            return ""
        if fault not in CLEAR_ALWAYS:
            self.shown.add(recipient)
        return fault

    def is_greylisted(self, recipient: str) -> bool:
        if not self.faults.greylist_seconds:
            return False
        now = time.monotonic()
        first = self.first_seen.setdefault(recipient, now)
        return now - first < self.faults.greylist_seconds

    def wait_for_turn(self) -> float:
        """Seconds until the next answer to a dot is due at the wanted pace."""
        if not self.faults.pace_per_second:
            return 0.0
        now = time.monotonic()
        self.next_answer_at = max(now, self.next_answer_at) + 1 / self.faults.pace_per_second
        return self.next_answer_at - now


class Conversation(asyncio.Protocol):
    """One connection. Commands are answered in order; a delayed answer holds up what comes after it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.buffer = bytearray()
        self.searched = 0
        self.is_data = False
        self.is_blocked = False
        self.bdat: list[bytes] = []
        self.sender, self.recipient = "", ""
        self.started, self.taken = 0.0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = int(transport.get_extra_info("peername")[1])
        world = self.world
        world.open.add(self)
        world.peak = max(world.peak, len(world.open))
        world.counts["connections"] += 1
        if draw(f"{world.faults.seed} connection {world.counts['connections']}") < world.faults.greeting_421:
            self.say(b"421 4.3.2 not now")
            transport.close()
            return
        self.say(b"220 sink.example.org ready")

    def connection_lost(self, exc: Exception | None) -> None:
        self.world.open.discard(self)
        self.is_blocked = True

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self.work()

    def work(self) -> None:
        """Answer all that is complete, until an answer has to wait."""
        while not self.is_blocked and not self.transport.is_closing():
            if self.is_data:
                step = self._message()
            else:
                at = self.buffer.find(b"\r\n")
                step = at >= 0 and self._command(bytes(self.buffer[:at]), at + 2)
            if not step:
                return

    def say(self, line: bytes, *, after_seconds: float = 0.0) -> None:
        """Answer, perhaps later; nothing else is read until then."""
        faults = self.world.faults
        wait = after_seconds + faults.reply_seconds + faults.tarpit.get(self.recipient.rpartition("@")[2], 0.0)
        if not wait:
            self.transport.write(line + b"\r\n")
            return
        self.is_blocked = True
        asyncio.get_running_loop().call_later(wait, self._say_now, line)

    def _say_now(self, line: bytes) -> None:
        if not self.transport.is_closing():
            self.is_blocked = False
            self.transport.write(line + b"\r\n")
            self.work()

    # ------------------------------------------------------------------ commands
    def _command(self, line: bytes, end: int) -> bool:
        verb = line[:4].upper()
        if verb == b"BDAT":
            return self._chunk(line, end)
        del self.buffer[:end]
        answer: Callable[[bytes], None] | None = self._COMMANDS.get(verb, Conversation._unknown).__get__(self)
        assert answer
        answer(line)
        return True

    def _hello(self, _line: bytes) -> None:
        faults = self.world.faults
        words = ["sink.example.org", "8BITMIME", "SMTPUTF8", "SIZE 50000000", "ENHANCEDSTATUSCODES"]
        words += ["PIPELINING"] * faults.pipelining + ["CHUNKING"] * faults.chunking
        words += ["STARTTLS"] * bool(faults.starttls) + ["AUTH PLAIN LOGIN"] * bool(faults.auth)
        self.say("\r\n".join(f"250{'-' if word is not words[-1] else ' '}{word}" for word in words).encode())

    def _starttls(self, _line: bytes) -> None:
        self.say(b"454 4.7.0 TLS not available now" if self.world.faults.starttls else b"502 5.5.1 no such command")

    def _auth(self, _line: bytes) -> None:
        self.say(b"535 5.7.8 wrong name or password" if self.world.faults.auth else b"502 5.5.1 no such command")

    def _mail(self, line: bytes) -> None:
        faults = self.world.faults
        self.recipient = ""
        self.bdat = []
        self.sender = _path(line)
        if faults.messages_per_connection and self.taken >= faults.messages_per_connection:
            self.transport.write(b"421 4.7.0 enough on this connection\r\n")
            self.transport.close()
            return
        if self.buffer[:8].upper() == b"RCPT TO:":  # only a pipelining client tells in time whom it is about
            ahead = _path(bytes(self.buffer[: self.buffer.find(b"\r\n")]))
            if self.world.meets(ahead, "mail4"):
                self.sender = ""
                self._refuse(ahead, "MAIL", b"451 4.3.0 try again later")
                return
        self.say(b"250 2.1.0 ok")

    def _rcpt(self, line: bytes) -> None:
        recipient = _path(line)
        if not self.sender:
            self.say(b"503 5.5.1 MAIL first")
            return
        if self.recipient:
            self.say(b"452 4.5.3 one recipient at a time")
            return
        if self.world.meets(recipient, "drop_rcpt"):
            self._break(recipient, "RCPT")
            return
        if self.world.is_greylisted(recipient):
            self._refuse(recipient, "RCPT", b"451 4.7.1 greylisted, come back later")
            return
        fault = self.world.meets(recipient, "rcpt4", "rcpt5")
        if fault:
            self._refuse(recipient, "RCPT", b"450 4.2.0 busy" if fault == "rcpt4" else b"550 5.1.1 no such mailbox")
            return
        self.recipient = recipient
        self.say(b"250 2.1.5 ok")

    def _data(self, _line: bytes) -> None:
        if not self.recipient:
            self.say(b"503 5.5.1 no valid recipients")
            return
        fault = self.world.meets(self.recipient, "data4", "data5")
        if fault:
            self._refuse(self.recipient, "DATA", b"451 4.3.1 no room now" if fault == "data4" else b"554 5.7.1 not wanted")
            self.recipient = ""
            return
        self.started, self.is_data, self.searched = time.monotonic(), True, 0
        self.say(b"354 go on")

    def _reset(self, _line: bytes) -> None:
        self.sender = self.recipient = ""
        self.bdat = []
        self.say(b"250 2.0.0 ok")

    def _quit(self, _line: bytes) -> None:
        self.transport.write(b"221 2.0.0 bye\r\n")
        self.transport.close()

    def _unknown(self, _line: bytes) -> None:
        self.say(b"500 5.5.2 unknown command")

    _COMMANDS: Mapping[bytes, Callable[..., None]] = {
        b"EHLO": _hello,
        b"HELO": _hello,
        b"STAR": _starttls,
        b"AUTH": _auth,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"RSET": _reset,
        b"NOOP": lambda self, _line: self.say(b"250 2.0.0 ok"),
        b"QUIT": _quit,
    }

    # ------------------------------------------------------------------ messages
    def _chunk(self, line: bytes, end: int) -> bool:
        """RFC 3030 2: BDAT size [LAST], then so many bytes, whatever was refused before."""
        words = line.split()
        size = int(words[1])
        if len(self.buffer) < end + size:
            return False
        if not self.bdat:
            self.started = time.monotonic()
        self.bdat.append(bytes(self.buffer[end : end + size]))
        del self.buffer[: end + size]
        if not self.recipient:
            self.say(b"503 5.5.1 no valid recipients")
        elif words[-1].upper() == b"LAST":
            self._complete(b"".join(self.bdat))
        else:
            self.say(b"250 2.0.0 chunk taken")
        return True

    def _message(self) -> bool:
        if self.buffer and self.world.meets(self.recipient, "drop_body"):
            self._break(self.recipient, "DATA")
            return False
        if self.buffer[:3] == b".\r\n":
            end, length = 3, 0
        else:
            at = self.buffer.find(b"\r\n.\r\n", self.searched)
            if at < 0:
                self.searched = max(0, len(self.buffer) - 4)
                return False
            end, length = at + 5, at + 2
        content = bytes(self.buffer[:length])
        del self.buffer[:end]
        self.is_data = False
        self._complete(content.replace(b"\r\n..", b"\r\n."))  # RFC 5321 4.5.2
        return True

    def _complete(self, content: bytes) -> None:
        """The whole message is here: what becomes of it is written down before anything is answered."""
        world, recipient = self.world, self.recipient
        kept = {"sender": self.sender, "started": self.started, **about(content)}
        fault = world.meets(recipient, "dot4", "dot5", "amb_taken", "amb_drop", "silent_taken", "silent_drop", "garbage_dot")
        if fault in {"dot4", "dot5"}:
            self._refuse(recipient, "dot", b"451 4.3.0 try later" if fault == "dot4" else b"554 5.7.1 refused for its content", **kept)
        elif fault in {"amb_drop", "silent_drop"}:
            world.write(self._event("broken", recipient, "dot") | {"fault": fault} | kept)
            self._fall_silent(fault)
        else:
            world.write(self._event("taken", recipient, "dot") | {"fault": fault, "code": 250, "answered": not fault} | kept)
            self.taken += 1
            if fault in {"amb_taken", "silent_taken"}:
                self._fall_silent(fault)
            elif fault == "garbage_dot":
                self.transport.write(b"\x00\xff what is this\r\nno reply at all\r\n")
                self.transport.close()
            else:
                self.say(b"250 2.0.0 taken", after_seconds=world.wait_for_turn())
        self.recipient = self.sender = ""
        self.bdat = []

    def _fall_silent(self, fault: str) -> None:
        if fault.startswith("amb"):
            self.transport.abort()
            return
        self.is_blocked = True
        asyncio.get_running_loop().call_later(self.world.faults.silent_seconds, self.transport.abort)

    def _refuse(self, recipient: str, stage: str, line: bytes, **kept: object) -> None:
        self.world.write(self._event("refused", recipient, stage) | {"code": int(line[:3])} | kept)
        self.say(line)

    def _break(self, recipient: str, stage: str) -> None:
        self.world.write(self._event("broken", recipient, stage))
        self.transport.abort()

    def _event(self, kind: str, recipient: str, stage: str) -> dict[str, Any]:
        fault = fault_of(self.world.faults, recipient)
        return {"kind": kind, "recipient": recipient, "stage": stage, "at": time.monotonic(), "peer": self.peer, "fault": fault}


def _path(line: bytes) -> str:
    """The address of MAIL FROM:<…> or RCPT TO:<…>."""
    return line[line.find(b"<") + 1 : line.find(b">")].decode("utf-8", "replace")


async def _serve(record: str, faults: Faults) -> None:
    loop = asyncio.get_running_loop()
    world = World(record, faults)

    async def listen(port: int) -> asyncio.Server:
        return await loop.create_server(lambda: Conversation(world), "127.0.0.1", port, backlog=BACKLOG, reuse_address=True)

    server = await listen(0)
    port = int(server.sockets[0].getsockname()[1])
    while True:
        counts = {"taken": world.counts["taken"], "connections": len(world.open), "peak": world.peak, "port": port}
        sys.stdout.write(json.dumps(counts) + "\n")
        sys.stdout.flush()
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        command = json.loads(line)
        if command["do"] == "faults":
            world.faults = replace(Faults(), **command["faults"])
        elif command["do"] == "shut":
            server.close()
            for one in list(world.open):
                one.transport.abort()
        elif command["do"] == "open":
            server = await listen(port)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Faults(**json.loads(sys.argv[2]))))
