"""Writes text in the letters that every mail server on the way can carry.

The quoted-printable encoding of RFC 2045 6.7 over UTF-8, built on binascii and mended where that is wrong: it can overrun
76 columns when a line ends in a blank.
"""

import binascii
import re
from collections.abc import Iterable
from functools import lru_cache

from markupsafe import escape

LONGEST_LINE = 76  # columns without CRLF, RFC 2045 6.7 (5)
SHORT = 200  # characters
_SOFT_BREAK = b"=\r\n"
_LONGEST_PLAIN = LONGEST_LINE - 1  # beside the soft break
_DOT = ord(".")
_PLAIN = bytes(set(range(ord("!"), ord("~") + 1)) - {ord("=")})  # nothing to encode
_PLAIN_MARKUP = _PLAIN.translate(None, b"&<>\"'")  # nor anything to escape in HTML
_PLAIN_LINE = re.compile("(?!From )[!-\\-/-<>-~](?:[ -<>-~]{0,73}[!-<>-~])?")  # words with blanks between them, such as a name
_PLAIN_WORDS = re.compile("(?!From )[A-Za-z0-9](?:[A-Za-z0-9 ,._-]{0,72}[A-Za-z0-9.])?").fullmatch  # such as a name
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def encode(text: str) -> bytes:
    """The text as quoted-printable UTF-8: pure ASCII, CRLF line ends, lines of at most 76 columns.

    Any of CR, LF and CRLF in the text becomes CRLF; a lone surrogate, which UTF-8 cannot say, becomes U+FFFD. Beyond
    that it decodes to exactly the text. No line ends in a blank, and none begins with a dot or with "From ", so neither
    SMTP's dot-stuffing (RFC 5321 4.5.2) nor a mailbox file changes a byte. Nothing is added at the end: a text without
    a last line break has none in the result.
    """
    octets = _with_crlf(_as_octets(text))
    encoded = binascii.b2a_qp(octets, istext=True)
    if b"\n" not in octets:
        encoded = encoded.replace(b"=\n", _SOFT_BREAK)
    encoded = _harmless_start(encoded).replace(b"\r\n.", b"\r\n=2E").replace(b"\r\nFrom ", b"\r\n=46rom ")
    lines = encoded.split(b"\r\n")
    if max(map(len, lines)) <= LONGEST_LINE:
        return encoded
    return b"\r\n".join([_mended(line) if len(line) > LONGEST_LINE else line for line in lines])


def piece(text: str) -> bytes:
    """encode() of a text that begins and ends at the first column, by a soft line break where it has no hard one."""
    if _PLAIN_LINE.fullmatch(text):
        return text.encode("ascii") + _SOFT_BREAK
    encoded = encode(text)
    start_of_last = encoded.rfind(b"\n") + 1
    if start_of_last == len(encoded):  # empty, or ends with a hard line break
        return encoded
    if len(encoded) - start_of_last < LONGEST_LINE:
        return encoded + _SOFT_BREAK
    return encoded[:start_of_last] + _mended(encoded[start_of_last:], longest=LONGEST_LINE - 1) + _SOFT_BREAK


def plain_piece(value: object) -> bytes | None:
    """piece() of a name of plain words, which is the same in text and escaped for HTML; None for every other value."""
    if type(value) is str and _PLAIN_WORDS(value):
        return value.encode("ascii") + _SOFT_BREAK
    return None


def plain_link_piece(text: str, plain: bytes = _PLAIN_MARKUP) -> bytes | None:
    """piece() of one word of these letters, as one line or as two: most links are a little longer than a line; None for others.

    By default of letters that are the same in text and escaped for HTML.
    """
    if 0 < len(text) <= 2 * _LONGEST_PLAIN and text[0] != "." and text.isascii():
        octets = text.encode("ascii")
        if not octets.translate(None, plain):
            if len(octets) <= _LONGEST_PLAIN:
                return octets + _SOFT_BREAK
            if octets[_LONGEST_PLAIN] != _DOT:
                return octets[:_LONGEST_PLAIN] + _SOFT_BREAK + octets[_LONGEST_PLAIN:] + _SOFT_BREAK
    return None


def piece_of_word(text: str) -> bytes:
    """piece() of a text that is mostly one word in ASCII, such as a link: quicker then."""
    return plain_link_piece(text, _PLAIN) or piece(text)


def piece_of_markup_word(text: str) -> bytes:
    """piece() of a text escaped for HTML, that is mostly one word in ASCII without anything to escape."""
    return plain_link_piece(text) or piece(str(escape(text)))


def without_last_break(piece: bytes) -> bytes:
    """The last piece of a text: it ends as the text ends."""
    return piece.removesuffix(_SOFT_BREAK)


def encode_pieces(pieces: Iterable[str]) -> bytes:
    """encode() of a text that comes in pieces, most of them the same at every call: those are encoded once and remembered.

    Each piece begins and ends at the first column, by a soft line break where it has no hard one, so that pieces fit together
    in any order: three bytes a piece. A piece must not end between CR and LF.
    """
    encoded = b"".join([short_piece(text) if len(text) <= SHORT else _long_piece(text) for text in pieces])
    return encoded.removesuffix(_SOFT_BREAK)


# What belongs to a reader is short and soon forgotten; what belongs to a mailing is long and stays. Both stay below some megabytes.
short_piece = lru_cache(maxsize=4096)(piece)
_long_piece = lru_cache(maxsize=256)(piece)


def _as_octets(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\ufffd", text).encode()


def _with_crlf(octets: bytes) -> bytes:
    if b"\r" in octets:
        octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return octets.replace(b"\n", b"\r\n")


def _mended(line: bytes, *, longest: int = LONGEST_LINE) -> bytes:
    """One encoded line with a harmless start, broken softly again where it is longer than so many columns."""
    pieces = []
    line = _harmless_start(line)
    while len(line) > longest:
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
