"""Writes text in the letters that every mail server on the way can carry.

The quoted-printable encoding of RFC 2045 6.7 over UTF-8, built on binascii and mended where that is wrong: it can overrun
76 columns when a line ends in a blank.
"""

import binascii
import re
from functools import lru_cache

LONGEST_LINE = 76  # columns without CRLF, RFC 2045 6.7 (5)
REMEMBERED_LINES = 4096
LONGEST_REMEMBERED = 2000  # characters: the memory stays below some megabytes
_SOFT_BREAK = b"=\r\n"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(text: str) -> bytes:
    """The text as quoted-printable UTF-8: pure ASCII, CRLF line ends, lines of at most 76 columns.

    Any of CR, LF and CRLF in the text becomes CRLF; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD. Beyond
    that it decodes to exactly the text. No line ends in a blank, and none begins with a dot or with "From ", so neither
    SMTP's dot-stuffing (RFC 5321 4.5.2) nor a mailbox file changes a byte. Nothing is added at the end: a text without
    a last line break has none in the result.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return b"\r\n".join([_remembered(line) if len(line) <= LONGEST_REMEMBERED else _encoded_line(line) for line in lines])


def _encoded_line(line: str) -> bytes:
    """One line without its end; each stands for itself in quoted-printable."""
    encoded = binascii.b2a_qp(_as_octets(line), istext=True).replace(b"=\n", _SOFT_BREAK)
    encoded = _harmless_start(encoded).replace(b"\r\n.", b"\r\n=2E").replace(b"\r\nFrom ", b"\r\n=46rom ")
    pieces = encoded.split(b"\r\n")
    if max(map(len, pieces)) <= LONGEST_LINE:
        return encoded
    return b"\r\n".join([_mended(piece) if len(piece) > LONGEST_LINE else piece for piece in pieces])


# all but a few lines of a mailing are the same for every reader
_remembered = lru_cache(maxsize=REMEMBERED_LINES)(_encoded_line)


def _as_octets(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def _mended(line: bytes) -> bytes:
    """One encoded line with a harmless start, broken softly again where it is longer than 76 columns."""
    pieces = []
    line = _harmless_start(line)
    while len(line) > LONGEST_LINE:
        cut = LONGEST_LINE - 1
        while b"=" in line[cut - 2 : cut]:  # never inside "=C3"
            cut -= 1
        pieces.append(line[:cut])
        line = _harmless_start(line[cut:])
    return _SOFT_BREAK.join([*pieces, line])


def _harmless_start(line: bytes) -> bytes:
    if line[:1] == b".":
        return b"=2E" + line[1:]
    if line[:5] == b"From ":
        return b"=46rom " + line[5:]
    return line
