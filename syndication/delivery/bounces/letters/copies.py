"""Finds out which copy of which mailing a mail is about: only by a token of ours, wherever its sender left one."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from syndication.audience import tokens
from syndication.delivery.bounces.letters.letter import Letter
from syndication.delivery.bounces.letters.mime import every

MOST_TOKENS = 40  # of a mail; each costs one HMAC

_BOUNCE = re.compile(r"(?<![\w+.-])b\+([0-9a-f]{36,120})@", re.IGNORECASE)
_LEAVE = re.compile(r"(?<![\w+.-])u\+([0-9a-z]{20,120})@", re.IGNORECASE)
_LINK = re.compile(r"/u/([0-9a-f]{36,120})(?![0-9a-z])", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"(?<![\w+.-])([0-9a-f]{36,120})@", re.IGNORECASE)
LOOKS_LIKE_OURS = re.compile(r"[bu]\+([^@\s]{1,300})@", re.IGNORECASE)
_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "cc")


class Copy(NamedTuple):
    """One copy of a mailing: to whom, as a member of which list."""

    mailing: int
    subscriber: int
    list: int


def copy_of(letter: Letter, key: bytes) -> Copy | None:
    """The copy that a mail is about, by the first token that is really ours; `key` is keys.copy_key().

    Looked for where the letter was sent to, then in what its reports and the returned original say of the original. Addresses prove
    nothing: anybody can write one.
    """
    for number, (purpose, token) in enumerate(_candidates(letter)):
        if number >= MOST_TOKENS:
            return None
        if found := tokens.read_copy(token.lower(), purpose, key):
            return Copy(*found)
    return None


def leave_token(letter: Letter) -> str:
    """The token of the address that unsubscribes, "" when there is none; the envelope decides where it is known."""
    values = [letter.recipient] if letter.recipient else letter.every(*_ENVELOPE)
    return next((found[1].lower() for value in values if (found := _LEAVE.search(value))), "")


def claims_a_token(letter: Letter) -> bool:
    """Whether it was sent to an address that only we could have made, or somebody who pretends."""
    return bool(LOOKS_LIKE_OURS.match(letter.recipient))


def copy_in(text: str, key: bytes) -> Copy | None:
    """The copy that a Message-ID of ours, or its token alone, names."""
    token = text.strip().strip("<>").partition("@")[0].lower()
    found = tokens.read_copy(token, tokens.MESSAGE_ID, key)
    return Copy(*found) if found else None


def _candidates(letter: Letter) -> Iterator[tuple[str, str]]:
    yield from _in([letter.recipient], _BOUNCE, tokens.BOUNCE)
    yield from _in(letter.every(*_ENVELOPE), _BOUNCE, tokens.BOUNCE)
    for block in (*letter.feedback, *letter.status):
        yield from _in([value for _, value in block], _BOUNCE, tokens.BOUNCE)
    original = letter.original
    yield from _in(every(original, "return-path", "x-envelope-from", "sender"), _BOUNCE, tokens.BOUNCE)
    yield from _in(every(original, "message-id", "x-message-id"), _MESSAGE_ID, tokens.MESSAGE_ID)
    yield from _in(every(original, "list-unsubscribe"), _LEAVE, tokens.UNSUBSCRIBE)
    yield from _in(every(original, "list-unsubscribe"), _LINK, tokens.UNSUBSCRIBE)
    for block in letter.status:
        yield from _in([value for _, value in block], _MESSAGE_ID, tokens.MESSAGE_ID)
    yield from _in(letter.every("in-reply-to", "references"), _MESSAGE_ID, tokens.MESSAGE_ID)
    yield from _in([letter.text], _BOUNCE, tokens.BOUNCE)  # a copy of the headers below a text
    yield from _in([letter.text], _MESSAGE_ID, tokens.MESSAGE_ID)


def _in(values: list[str], pattern: re.Pattern[str], purpose: str) -> Iterator[tuple[str, str]]:
    for value in values:
        for found in pattern.finditer(value):
            yield purpose, found[1]
