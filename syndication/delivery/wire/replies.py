"""Puts what a server says together into replies, however it is torn, and stops at what is no SMTP reply."""

import re
from typing import NamedTuple

from syndication.delivery.outcome import LONGEST_REPLY

MOST_LINES = 200  # of one reply; the longest honest ones, to EHLO, have about 30
LONGEST_LINE = 4096  # bytes; RFC 5321 4.5.3.1.5 allows 512

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL).fullmatch  # RFC 5321 4.2.1
_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= |$)").match  # RFC 3463 2


class Garbage(Exception):
    """The server said something that is no SMTP reply, or no reply to what was asked."""


class Reply(NamedTuple):
    """One complete reply: its code 200..599 and its lines without the code."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def text(self) -> str:
        """All of it as one clean line of at most LONGEST_REPLY characters; an enhanced code repeated in each line is kept once."""
        shown = [clean(line) for line in self.lines[:20]]
        status = _STATUS(shown[0])
        if status:
            shown[1:] = [line.removeprefix(status[0]) for line in shown[1:]]
        return " ".join(" ".join(shown).split())[:LONGEST_REPLY]


class Replies:
    """The replies of one connection; memory stays under LONGEST_LINE x MOST_LINES whatever comes."""

    __slots__ = ("_lines", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []

    @property
    def is_between(self) -> bool:
        """Whether nothing is half heard."""
        return not self._rest and not self._lines

    def push(self, heard: bytes) -> None:
        """Take what was read, at most some tens of kilobytes at once."""
        self._rest += heard

    def drop(self) -> None:
        """Forget all that was heard: what came in clear before TLS is not the server's word (RFC 3207 4.2)."""
        self._rest = b""
        self._lines.clear()

    def next(self) -> Reply | None:
        """The next complete reply; None: not yet. Raises Garbage."""
        while (end := self._rest.find(b"\n")) >= 0:
            line, self._rest = self._rest[:end].rstrip(b"\r"), self._rest[end + 1 :]
            self._lines.append(line)
            if self._is_last(line):
                return self._together()
        if len(self._rest) > LONGEST_LINE:
            raise Garbage(f"a reply line of more than {LONGEST_LINE} bytes, starting {_shown(self._rest)}")
        return None

    def _is_last(self, line: bytes) -> bool:
        parts = _LINE(line) if len(line) <= LONGEST_LINE else None
        if parts is None:
            raise Garbage(f"something that is no SMTP reply: {_shown(line)}")
        if len(self._lines) > MOST_LINES:
            raise Garbage(f"a reply of more than {MOST_LINES} lines, starting {_shown(self._lines[0])}")
        return parts[2] != b"-"

    def _together(self) -> Reply:
        lines, self._lines = self._lines, []
        if any(line[:1] != lines[-1][:1] for line in lines):  # RFC 5321 4.2.1 wants one code; some servers vary its last digits
            raise Garbage(f"a reply that contradicts itself: {_shown(lines[0])}, then {_shown(lines[-1])}")
        return Reply(int(lines[-1][:3]), tuple([line[4:] for line in lines]))


def clean(raw: bytes) -> str:
    """Text that can be stored and shown: no control, direction or undecodable characters, single blanks."""
    text = raw[: 4 * LONGEST_REPLY].decode("utf-8", "replace")
    return " ".join("".join([character if character.isprintable() else " " for character in text]).split())


def _shown(raw: bytes) -> str:
    return repr(clean(raw[:80]))
