"""Takes a message apart without trusting it: no recursion, and bounds on depth, parts, headers and the work that all of it may cost."""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from email.header import decode_header, make_header
from itertools import pairwise

DEEPEST = 20
MOST_PARTS = 200
MOST_DELIMITERS = 1000  # of a whole message: what a boundary of one dash finds in a body of dashes
MOST_SCANNED = 160 * 1024 * 1024  # bytes looked through for boundaries
HEADER_BYTES = 64 * 1024  # of a part; what follows is not looked at
MOST_FIELDS = 300
LOOKED_AT = 48 * 1024  # bytes of a part's body
LONGEST_VALUE = 4096  # characters of a field

_NO_HEADER = re.compile(rb"\r?\n")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r";\s*([\w.*-]{1,40})\s*=\s*(?:\"((?:[^\"\\]|\\.){0,400})\"?|([^\s;]{1,400}))")


@dataclass(frozen=True, slots=True)
class Part:
    """A part that is no multipart: where it lies in the message, and what its own headers say.

    kind    "text/plain", "message/delivery-status"…; lower case
    fields  name (lower case) and value, in order, unfolded
    start, end  of its body in the message's bytes
    """

    depth: int
    kind: str
    parameters: dict[str, str]
    fields: tuple[tuple[str, str], ...]
    start: int
    end: int

    def field(self, name: str) -> str:
        """The first value of a field, "" when there is none."""
        return first(self.fields, name)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message taken apart."""

    fields: tuple[tuple[str, str], ...]
    kind: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]
    is_whole: bool
    """False when a bound was met: there was more than we look at."""


@dataclass(slots=True)
class _Work:
    delimiters: int = MOST_DELIMITERS
    scanned: int = MOST_SCANNED


def first(fields: tuple[tuple[str, str], ...], name: str) -> str:
    """The first value of a field; `name` in lower case."""
    return next((value for key, value in fields if key == name), "")


def every(fields: tuple[tuple[str, str], ...], *names: str) -> list[str]:
    """All values of some fields, in the order of the names."""
    return [value for name in names for key, value in fields if key == name]


def take_apart(raw: bytes) -> Taken:
    """The parts of a message, the outermost first; never raises, whatever the bytes are."""
    work, found, is_whole = _Work(), list[Part](), True
    top = _part(raw, 0, len(raw), 0)
    waiting = [top]
    while waiting:
        part = waiting.pop()
        boundary = part.parameters.get("boundary", "") if part.kind.startswith("multipart/") else ""
        if not boundary or part.depth >= DEEPEST or len(found) + len(waiting) >= MOST_PARTS:
            is_whole = is_whole and not boundary
            found.append(part)
            continue
        pieces = _pieces(raw, part, boundary.encode("utf-8", "surrogateescape"), work)
        is_whole = is_whole and len(pieces) <= MOST_PARTS and work.delimiters > 0 and work.scanned > 0
        waiting.extend(_part(raw, start, end, part.depth + 1) for start, end in reversed(pieces[:MOST_PARTS]))
        if not pieces:
            found.append(part)
    return Taken(top.fields, top.kind, top.parameters, tuple(found), is_whole)


def body_of(raw: bytes, part: Part) -> bytes:
    """The beginning of a part's body, decoded from base64 or quoted-printable."""
    encoding = part.field("content-transfer-encoding").strip().lower()
    piece = raw[part.start : min(part.end, part.start + 2 * LOOKED_AT)]
    try:
        if encoding == "base64":
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", piece)
            piece = base64.b64decode(letters[: len(letters) // 4 * 4])
        elif encoding == "quoted-printable":
            piece = quopri.decodestring(piece)
    except (binascii.Error, ValueError):
        pass  # as it stands, then
    return piece[:LOOKED_AT]


def text_of(raw: bytes, part: Part) -> str:
    """The beginning of a part's text, in whatever letters it claims; a wrong claim costs a few letters, nothing else."""
    body, charset = body_of(raw, part), part.parameters.get("charset", "utf-8")
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError, UnicodeError):
        return body.decode("utf-8", "replace") if charset.lower() != "utf-8" else body.decode("latin-1")


def fields_of(block: bytes) -> tuple[tuple[str, str], ...]:
    """The fields of a header block, unfolded; lines that are none are left out."""
    found: list[list[bytes]] = []
    for line in block[:HEADER_BYTES].splitlines():
        if line[:1] in {b" ", b"\t"} and found:
            found[-1].append(line)
        elif len(found) < MOST_FIELDS:
            found.append([line])
        else:
            break
    fields = []
    for lines in found:
        match = _FIELD.fullmatch(b" ".join(piece.strip() for piece in lines))
        if match:
            value = match[2].strip()[:LONGEST_VALUE].decode("utf-8", "replace").replace("\0", "")
            fields.append((match[1].decode("ascii").lower(), value))
    return tuple(fields)


def header_block(piece: bytes) -> bytes:
    """The header block at the beginning of a piece; all of it when it has no body."""
    end = _HEADER_END.search(piece)
    return piece[: end.start()] if end else piece


def readable(value: str) -> str:
    """A field's value with its encoded words decoded (RFC 2047), on one line; as it stands when they are broken."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value[:1000])))
    except (LookupError, ValueError, UnicodeError, AssertionError):
        return value


def media_type(value: str) -> tuple[str, dict[str, str]]:
    """Type and parameters of a Content-Type field (RFC 2045 5.1); text/plain for what is none."""
    head = value.partition(";")[0].strip().lower()
    parameters: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(value):
        parameters.setdefault(name.lower().rstrip("*"), re.sub(r"\\(.)", r"\1", quoted) or plain)
    return (head if re.fullmatch(r"[\w.+-]{1,80}/[\w.+-]{1,80}", head) else "text/plain"), parameters


def _part(raw: bytes, start: int, end: int, depth: int) -> Part:
    lead = _NO_HEADER.match(raw, start, end)
    if lead:  # no headers at all
        fields: tuple[tuple[str, str], ...] = ()
        body = lead.end()
    else:
        block_end, body = _end_of_header(raw, start, end)
        fields = fields_of(raw[start : min(block_end, start + HEADER_BYTES)])
    kind, parameters = media_type(first(fields, "content-type"))
    return Part(depth, kind, parameters, fields, body, end)


def _end_of_header(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the header block ends and where the body begins."""
    places = [(raw.find(mark, start, end), len(mark)) for mark in (b"\n\n", b"\n\r\n")]
    found = min((place for place in places if place[0] >= 0), default=None)
    return (found[0], found[0] + found[1]) if found else (end, end)


def _pieces(raw: bytes, part: Part, boundary: bytes, work: _Work) -> list[tuple[int, int]]:
    """Where the parts of a multipart lie (RFC 2046 5.1.1); a missing last delimiter is forgiven."""
    mark, at, starts = b"--" + boundary, part.start, list[tuple[int, int]]()
    work.scanned -= part.end - part.start
    while work.delimiters > 0 and work.scanned > 0 and len(starts) <= MOST_PARTS + 1:
        found = raw.find(mark, at, part.end)
        if found < 0:
            break
        work.delimiters -= 1
        at = found + len(mark)
        is_line = found == part.start or raw[found - 1 : found] == b"\n"
        line_end = raw.find(b"\n", at, min(part.end, at + 1000))
        rest = raw[at : line_end if line_end >= 0 else min(part.end, at + 1000)].strip()
        if not is_line or rest not in {b"", b"--"}:
            continue
        starts.append((found, line_end + 1 if line_end >= 0 else part.end))
        if rest == b"--":
            return [(after, before) for (_, after), (before, _) in pairwise(starts)]
    last = [(part.end, part.end)] if starts else []
    return [(after, max(after, before)) for (_, after), (before, _) in pairwise(starts + last)]
