"""Writes HTTP/1.1 requests and reads the heads of answers, which strangers write (RFC 9112)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from syndication.feeds.hub.callbacks import Callback

LARGEST_HEAD = 16 * 1024  # bytes
USER_AGENT = "Syndication/0.1 (WebSub hub)"
LONGEST_WAIT_SECONDS = 7 * 24 * 60 * 60
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_HAS_NO_BODY = frozenset((204, 304))


class BadAnswer(ValueError):
    """An answer that is not HTTP/1.x, or that says how long it is in a way that cannot be."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to send where.

    headers            without those that every request has
    most_answer_bytes  how much of the answer's body is wanted
    is_trusted         whether it may go to any address: an operator named it, not a stranger
    """

    method: str
    to: Callback
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    most_answer_bytes: int = 0
    is_trusted: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 when nothing of use did, and then `problem` says why.

    wait_seconds  from Retry-After
    is_refused    nothing was sent: the host has an address that is not public
    """

    status: int
    body: bytes = b""
    wait_seconds: int = 0
    problem: str = ""
    is_refused: bool = False

    @property
    def is_good(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004  # RFC 9110 15.3


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of an answer says; length None: until the connection ends, or in chunks."""

    status: int
    length: int | None
    is_chunked: bool
    keeps_open: bool
    wait_seconds: int


def head_of_request(request: Request) -> bytes:
    """The request up to its body."""
    lines = [f"{request.method} {request.to.target} HTTP/1.1", f"Host: {request.to.authority}", f"User-Agent: {USER_AGENT}"]
    lines += [f"{name}: {value}" for name, value in (*request.headers, ("Accept-Encoding", "identity"))]
    if request.method == "POST":
        lines.append(f"Content-Length: {len(request.body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def head_of_answer(head: bytes) -> Head:
    """What the bytes up to the empty line say. Raises BadAnswer."""
    status_line, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    found = _STATUS_LINE.fullmatch(status_line)
    if found is None:
        raise BadAnswer(f"it begins with {status_line[:40]!r}, which is not HTTP")
    fields = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    status, is_new = int(found[2]), found[1] == b"1"
    is_chunked = any(name == b"transfer-encoding" for name, _ in fields)
    words = b",".join(value.lower() for name, value in fields if name == b"connection")
    length = _length(value for name, value in fields if name == b"content-length")
    if is_chunked:
        length = None  # RFC 9112 6.3
    elif status in _HAS_NO_BODY:
        length = 0
    has_end = is_chunked or length is not None
    keeps_open = is_new and has_end and b"close" not in words
    return Head(status, length, is_chunked, keeps_open, _wait(value for name, value in fields if name == b"retry-after"))


def chunk_size(line: bytes) -> int:
    """The size that a chunk's first line gives (RFC 9112 7.1). Raises BadAnswer."""
    digits = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", digits):
        raise BadAnswer(f"a chunk begins with {line[:20]!r}")
    return int(digits, 16)


def _length(values: Iterable[bytes]) -> int | None:
    found = {value for joined in values for value in joined.split(b",")}
    if not found:
        return None
    one = found.pop().strip()
    if found or not re.fullmatch(rb"[0-9]{1,18}", one):
        raise BadAnswer("its Content-Length is no number")
    return int(one)


def _wait(values: Iterable[bytes]) -> int:
    """Seconds; a date is not read, and neither is nonsense."""
    for value in values:
        if re.fullmatch(rb"[0-9]{1,9}", value):
            return min(int(value), LONGEST_WAIT_SECONDS)
    return 0
