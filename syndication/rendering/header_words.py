"""Writes subjects, names and addresses so that a mail header can carry them and nothing can slip in beside them.

An own encoder of RFC 2047 words: the standard library of Python 3.11 loses the blank between an encoded and a plain
word (cpython #92081). Here a text is either plain ASCII or wholly encoded, so that every blank lives inside a word.
"""

import binascii
import re
from collections.abc import Callable
from functools import lru_cache

import idna

from syndication.errors import BadInput

LONGEST_WORD = 75  # RFC 2047 2
LONGEST_ENCODED_LINE = 76  # RFC 2047 2, for a line that holds an encoded word
LONGEST_PLAIN_NAME = 40  # characters; all names outside ASCII that are longer go the long way
LONGEST_LINE = 78  # RFC 5322 2.1.1, where it can be
_WORD_FRAME = len("=?utf-8?q??=")
_FOLD = "\r\n "

_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN_NAME = re.compile(r"[\w'-]++(?: [\w'-]++)*+")
_BIDI_CONTROL = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[ -~]*")
_LONGEST_PLAIN_RUN = re.compile(r"[!-~]{60}")
_ATOM_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_UTF8_ATOM = r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]|[^\x00-\xa0])+"  # RFC 6532 3.2
_UTF8_DOT_ATOM = re.compile(rf"{_UTF8_ATOM}(?:\.{_UTF8_ATOM})*")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_PLAIN_DOMAIN = r"[a-z0-9]++(?:-++[a-z0-9]++)*+(?:\.[a-z0-9]++(?:-++[a-z0-9]++)*+)*+"
_PLAIN_ADDRESS = rf"[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+@{_PLAIN_DOMAIN}"
_PLAIN_BARE_MAILBOX = re.compile(_PLAIN_ADDRESS)
_PLAIN_MAILBOX = re.compile(rf"[A-Za-z0-9'-]++(?: [A-Za-z0-9'-]++)*+ <{_PLAIN_ADDRESS}>")
_Q_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")  # RFC 2047 5 (3), right everywhere


class BadAddress(BadInput):
    """An email address that cannot stand in a header."""


def one_line(value: str) -> str:
    """The value as one line for people: control characters and line breaks are blanks, bidi controls gone, ends trimmed.

    A lone surrogate becomes U+FFFD. What is clean already comes back as it is, runs of blanks included.
    """
    if value.isprintable():  # all that is harmful is not
        return value.strip()
    value = _BIDI_CONTROL.sub("", _HARMFUL.sub(" ", value))
    return _SURROGATE.sub("\ufffd", value).strip()


def encode_text(value: str, *, column: int) -> str:
    """Free text (a subject) as the body of a header field, folded by CRLF SP.

    value   any text; it passes through one_line() first, so that it cannot end the field
    column  where the body starts: len("Subject: ")
    Plain ASCII stays readable; all other text becomes encoded words of whole characters (RFC 2047 5 (3)).
    """
    value = one_line(value)
    if _PLAIN.fullmatch(value) and "=?" not in value and not _LONGEST_PLAIN_RUN.search(value):
        return _fold_plain(value, column)
    return _FOLD.join(_encoded_words(value, column))


def encode_name(name: str, *, column: int) -> str:
    """A display name: as it is, quoted, or in encoded words, never two of these (RFC 5322 3.4, RFC 2047 5 (3)).

    Runs of blanks become one, as readers of a phrase see it anyway.
    """
    name = " ".join(one_line(name).split())
    fits = column + len(name) + 2 <= LONGEST_LINE
    if fits and _PLAIN.fullmatch(name) and "=?" not in name:
        if _ATOM_PHRASE.fullmatch(name):
            return name
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        if column + len(escaped) + 2 <= LONGEST_LINE:
            return f'"{escaped}"'
    return _FOLD.join(_encoded_words(name, column))


def plain_mailbox(name: str, address: str, *, column: int) -> str:
    """What mailbox() gives where that is short and plain, as nearly always; else nothing."""
    if name.isascii():
        plain, form = (f"{name} <{address}>", _PLAIN_MAILBOX) if name else (address, _PLAIN_BARE_MAILBOX)
        return plain if column + len(plain) <= LONGEST_LINE and form.fullmatch(plain) else ""
    if len(name) <= LONGEST_PLAIN_NAME and _PLAIN_NAME.fullmatch(name) and _PLAIN_BARE_MAILBOX.fullmatch(address):
        return with_bracketed(_FOLD.join(_encoded_words(name, column)), f"<{address}>", column=column)
    return ""


def mailbox(name: str, address: str, *, column: int, written: Callable[[str], str] | None = None) -> str:
    """`Name <local@domain>`, or the bare address when the name is empty; folded before the address where needed.

    written  how the address is written: by ascii_address, unless told otherwise. Raises BadAddress, as that does.
    """
    address = (written or ascii_address)(address)
    name = one_line(name)
    if not name:
        return address
    return with_bracketed(encode_name(name, column=column), f"<{address}>", column=column)


def with_bracketed(phrase: str, bracketed: str, *, column: int) -> str:
    """A phrase and what stands in angle brackets after it, on the same line when that stays within 78 columns."""
    *earlier, last = phrase.split("\r\n") if "\r" in phrase else (phrase,)
    start = 0 if earlier else column
    gap = " " if start + len(last) + 1 + len(bracketed) <= LONGEST_LINE else _FOLD
    return f"{phrase}{gap}{bracketed}"


@lru_cache(maxsize=256)
def ascii_domain(domain: str) -> str:
    """A domain in the letters of DNS: "bücher.example" -> "xn--bcher-kva.example" (RFC 5891). Raises BadAddress."""
    if domain.isascii() and _DOMAIN.fullmatch(domain):
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        raise BadAddress(f"{domain!r} is not a domain name ({error}). Correct the address.") from error


def ascii_address(address: str) -> str:
    """An address as a header may carry it: domain in A-labels, a strange local part quoted.

    Raises BadAddress for control characters, a missing part, and a local part outside ASCII; see international_address().
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise BadAddress(f"{address!r} is not an email address: it needs a name, an @ and a domain.")
    if not (local.isascii() and local.isprintable()):
        raise BadAddress(f"{address!r} has a character before the @ that mail servers do not take. Ask for another address.")
    if not _DOT_ATOM.fullmatch(local) and not _is_quoted(local):
        escaped = local.replace("\\", "\\\\").replace('"', '\\"')
        local = f'"{escaped}"'
    return f"{local}@{ascii_domain(domain)}"


def international_address(address: str) -> str:
    """An address as the header of a message may carry it that only goes to servers with SMTPUTF8 (RFC 6532 3.2): its own letters.

    One whose local part is ASCII is written as always. Raises BadAddress for what no header may carry.
    """
    local, _, domain = address.rpartition("@")
    if local.isascii():
        return ascii_address(address)
    if not (address.isprintable() and _UTF8_DOT_ATOM.fullmatch(local)):
        raise BadAddress(f"{address!r} has a character before the @ that mail servers do not take. Ask for another address.")
    ascii_domain(domain)  # raises for what is no domain
    return address


def _is_quoted(local: str) -> bool:
    return re.fullmatch(r'"(?:[^"\\]|\\.)*"', local) is not None


def _fold_plain(value: str, column: int) -> str:
    """Plain ASCII broken before blanks, so that unfolding gives it back and no line is blank."""
    lines: list[str] = []
    room = LONGEST_LINE - column
    while len(value) > room:
        at = value.rfind(" ", 1, room + 1)
        while at > 0 and value[at - 1] == " ":  # break before the first blank of a run
            at -= 1
        if at <= 0:
            at = value.find(" ", room + 1)
        if at <= 0:
            break
        lines.append(value[:at])
        value = value[at:]
        room = LONGEST_LINE
    return "\r\n".join([*lines, value])


def _encoded_words(value: str, column: int) -> list[str]:
    """The value as encoded words, by base64 or by "Q", whichever is shorter."""
    octets = len(value.encode())
    words = value.translate(_Q)
    if len(words) <= octets * 4 // 3 + 4:
        if len(words) <= _room(column, octets_per_4=4):
            return [f"=?utf-8?q?{words}?="]
        pieces = _split(value, [len(_Q[ord(character)]) for character in value], column, octets_per_4=4)
        return [f"=?utf-8?q?{piece.translate(_Q)}?=" for piece in pieces]
    pieces = _split(value, [len(character.encode()) for character in value], column, octets_per_4=3)
    return [f"=?utf-8?b?{binascii.b2a_base64(piece.encode(), newline=False).decode('ascii')}?=" for piece in pieces]


def _split(value: str, costs: list[int], column: int, *, octets_per_4: int) -> list[str]:
    """Cut the value into pieces that fit into one word each; a character is never divided (RFC 2047 5).

    octets_per_4  how many octets four columns carry: 4 in "Q" (its costs are columns), 3 in base64
    """
    room = _room(column, octets_per_4=octets_per_4)
    later_room = (LONGEST_WORD - _WORD_FRAME) // 4 * octets_per_4
    pieces, start, used = [], 0, 0
    for position, cost in enumerate(costs):
        if used + cost > room:
            pieces.append(value[start:position])
            start, used, room = position, 0, later_room
        used += cost
    return [*pieces, value[start:]]


def _room(column: int, *, octets_per_4: int) -> int:
    """What fits into the first word of a field whose body starts at this column."""
    return max(min(LONGEST_WORD, LONGEST_ENCODED_LINE - column) - _WORD_FRAME, 12) // 4 * octets_per_4


def _q_encoded(character: str) -> str:
    if character == " ":
        return "_"
    return character if character in _Q_SAFE else "".join(f"={octet:02X}" for octet in character.encode())


class _QLetters(dict[int, str]):
    """Each character by its number in "Q"; those of the Latin alphabets are kept."""

    def __missing__(self, number: int) -> str:
        return _q_encoded(chr(number))


_Q = _QLetters({number: _q_encoded(chr(number)) for number in range(0x250)})
