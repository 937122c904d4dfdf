"""A mail server without a socket, an engine that only takes notes, and a wire between them that may break at any byte."""

import re
from collections import Counter, deque
from dataclasses import dataclass, field

from syndication.delivery.parcel import Parcel
from syndication.delivery.wire.conversation import Conversation
from syndication.delivery.wire.offers import Offers
from syndication.delivery.wire.window import Window
from syndication.environment import SmtpAddress

SERVER = SmtpAddress("mail.example.org", 25, window=3)
PIPELINING = Offers(pipelining=True)
LOCKSTEP = Offers()
CHUNKING = Offers(pipelining=True, chunking=True)


@dataclass(eq=False)
class Job:
    """One message, known by its number."""

    number: int
    parcel: Parcel

    def __repr__(self):
        return f"job {self.number}"


def job(number, body=b"hello"):
    message = (b"Subject: %d\r\n" % number, b"\r\n", body + b"\r\n")
    return Job(number, Parcel(f"from{number}@news.example.org", f"to{number}@example.org", message))


def number_of(path: bytes) -> int:
    return int(re.search(rb"<\D+(\d+)@", path)[1])


class Notes:
    """A mailroom that gives out its jobs in order and writes down what became of them."""

    def __init__(self, jobs, withdrawn=()):
        self.left = deque(jobs)
        self.withdrawn = set(withdrawn)
        self.ends = Counter()
        self.answers, self.losses, self.back, self.begun, self.aways = {}, {}, [], [], []
        self.flushes = 0

    def next_job(self, server):
        return self.left.popleft() if self.left else None

    def begin(self, one):
        if one.number in self.withdrawn:
            return False
        self.begun.append(one.number)
        return True

    def answered(self, one, answer):
        self.ends[one.number] += 1
        self.answers[one.number] = answer

    def lost(self, one, why, *, after_dot):
        self.ends[one.number] += 1
        self.losses[one.number] = (after_dot, why)

    def returned(self, one):
        self.ends[one.number] += 1
        self.back.append(one.number)

    def away(self, server, why):
        self.aways.append(why)

    def flush(self):
        self.flushes += 1

    @property
    def codes(self):
        return {number: answer.code for number, answer in self.answers.items()}


@dataclass
class Plan:
    """What the model answers about one recipient."""

    mail: int = 250
    rcpt: int = 250
    data: int = 354
    dot: int = 250


@dataclass
class Model:
    """Takes the client's bytes, gives its replies, and keeps what it accepted: number -> (envelope sender's number, content).

    takes_void    DATA gets 354 even when no recipient was taken, and the message without content gets `void_code`
    keeps_open    a refused chunk leaves the transaction open, so that another MAIL gets 503
    most          421 and the end at the MAIL after so many messages
    wordy         replies have several lines
    """

    plans: dict[int, Plan] = field(default_factory=dict)
    takes_void: bool = False
    void_code: int = 554
    keeps_open: bool = False
    most: int = 10**6
    wordy: bool = False
    accepted: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    garbage_at: int = -1

    def __post_init__(self):
        self.start()

    def start(self):
        """A new connection."""
        self.heard, self.sender, self.recipient = b"", None, None
        self.content, self.chunk_left, self.is_data, self.is_over = b"", None, False, False
        self.messages = self.replies = 0

    def plan(self, number):
        return self.plans.get(number, Plan())

    def feed(self, heard: bytes) -> bytes:
        self.heard += heard
        said = b""
        while not self.is_over and (reply := self.step()) is not None:
            self.replies += 1
            if self.replies == self.garbage_at:
                return said + b"\xff\x00?!\r\n"
            said += reply
        return said

    def reply(self, code, text="2.0.0 so"):
        self.is_over = self.is_over or code == 421
        return (f"{code}-{text}\r\n" if self.wordy else "").encode() + f"{code} {text}\r\n".encode()

    def step(self):
        if self.chunk_left is not None:
            return self.take_chunk()
        if self.is_data:
            return self.take_content()
        line, end, rest = self.heard.partition(b"\r\n")
        if not end:
            return None
        self.heard = rest
        return self.command(line)

    def command(self, line):
        verb = line[:4].upper()
        if verb == b"RSET":
            self.sender = self.recipient = None
            return self.reply(250)
        if verb == b"MAIL":
            return self.mail(number_of(line))
        if verb == b"RCPT":
            return self.rcpt(number_of(line))
        if verb == b"DATA":
            return self.data()
        if verb == b"BDAT":
            self.chunk_left = int(line.split()[1])
            return b""
        return self.reply(221) if verb == b"QUIT" else self.reply(500, "5.5.2 " + repr(line))

    def mail(self, number):
        if self.messages >= self.most:
            return self.reply(421, "4.7.0 enough")
        if self.sender is not None:
            return self.reply(503, "5.5.1 nested MAIL")
        code = self.plan(number).mail
        self.sender = number if code < 300 else None
        return self.reply(code, "2.1.0 sender")

    def rcpt(self, number):
        if self.sender is None:
            return self.reply(503, "5.5.1 MAIL first")
        code = self.plan(number).rcpt
        self.recipient = number if code < 300 else self.recipient
        return self.reply(code, "2.1.5 recipient")

    def data(self):
        if self.recipient is None:
            self.is_data = self.takes_void
            return self.reply(354) if self.takes_void else self.reply(503, "5.5.1 RCPT first")
        code = self.plan(self.recipient).data
        self.is_data = code == 354
        return self.reply(code, "go")

    def take_content(self):
        if self.heard.startswith(b".\r\n"):
            content, self.heard = b"", self.heard[3:]
        else:
            content, end, rest = self.heard.partition(b"\r\n.\r\n")
            if not end:
                return None
            content, self.heard = content + b"\r\n", rest
        self.is_data = False
        return self.finish(content)

    def take_chunk(self):
        if len(self.heard) < self.chunk_left:
            return None
        content, self.heard, self.chunk_left = self.heard[: self.chunk_left], self.heard[self.chunk_left :], None
        if self.recipient is None:
            if not self.keeps_open:
                self.sender = None
            return self.reply(503, "5.5.1 RCPT first")
        return self.finish(content)

    def finish(self, content):
        sender, number, self.sender, self.recipient = self.sender, self.recipient, None, None
        if number is None:
            return self.reply(self.void_code, "5.5.1 nothing")
        self.messages += 1
        code = self.plan(number).dot
        if code < 300:
            self.accepted[number] = (sender, content)
        return self.reply(code, "2.0.0 queued as A1" if code < 300 else "4.3.0 not now")


class Wire:
    """One connection's bytes: what the client gave out and the socket did not take, and what the server said and nobody has read."""

    def __init__(self, notes, offers, first=None, server=SERVER):
        kind = Window if offers.chunking else Conversation
        self.notes, self.talk = notes, kind(notes, server, offers, first)
        self.given = b""

    def ask(self):
        self.give(self.talk.ask())

    def give(self, pieces):
        self.given += b"".join(pieces)

    def write(self, model, count=None):
        """Move bytes to the server; what it says at once."""
        count = len(self.given) if count is None else count
        part, self.given = self.given[:count], self.given[count:]
        return model.feed(part)

    def read(self, said):
        self.give(self.talk.hear(said, len(self.given)))

    def break_off(self, why="broken"):
        self.talk.break_off(why, len(self.given))

    def take_again(self):
        again, self.talk.again = self.talk.again, None
        return again


def converse(wire, model, torn=10**6):
    """Exchange bytes until both are silent, replies in pieces of `torn` bytes."""
    wire.ask()
    while wire.given and not wire.talk.is_over:
        said = wire.write(model)
        while said and not wire.talk.is_over:
            wire.read(said[:torn])
            said = said[torn:]


def contents(jobs):
    """What the model must have accepted of these jobs."""
    return {one.number: (one.number, b"".join(one.parcel.message)) for one in jobs}
