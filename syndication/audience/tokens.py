"""Makes and reads the signed tokens in links and envelope senders: bound to one purpose, without an address inside.

A token is, in hexadecimal digits (they survive programs that change case), the numbers, each as one length byte and its big-endian
bytes, then 16 bytes of HMAC over purpose and numbers. Older ones, written in base32, are read as well: links in mails live for years.

One copy of a mailing carries several tokens over the same numbers. They are the four quarters of one HMAC-SHA512, one quarter for each
purpose: as long as the key is secret nobody can tell one quarter from another (RFC 2104), and a million messages need a million HMACs less.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

MAC_BYTES = 16
LONGEST_TOKEN = 120  # characters; anything longer is not ours and is not decoded

UNSUBSCRIBE, CONFIRM, BOUNCE, MESSAGE_ID, PREFERENCES = "unsubscribe", "confirm", "bounce", "message-id", "preferences"
PRIVATE_FEED = "private-feed"

_BLOCK_BYTES = 64  # of SHA-256
_LONG_BLOCK_BYTES = 128  # of SHA-512


def derive(secret: str, purpose: str) -> bytes:
    """A key of its own for each purpose, from the installation's secret."""
    return hmac.new(secret.encode(), b"syndication token " + purpose.encode(), hashlib.sha256).digest()


class Maker:
    """Makes the tokens of one key, which comes from `derive`; may be used from any thread.

    It is HMAC (RFC 2104) with the two halves of the key hashed once, not again for each of a million messages.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def token(self, body: bytes) -> str:
        """The token of numbers that `packed` has written one after the other."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(body)
        outer.update(inner.digest())
        return (body + outer.digest()[:MAC_BYTES]).hex()


class CopyTokens(NamedTuple):
    """The tokens of one copy of a mailing, in the order of their quarters; each carries mailing, subscriber and list."""

    unsubscribe: str
    bounce: str
    message_id: str
    preferences: str


_QUARTERS = {purpose: number for number, purpose in enumerate((UNSUBSCRIBE, BOUNCE, MESSAGE_ID, PREFERENCES))}


class CopyMaker:
    """Makes the tokens of copies with one key, see keys.copy_key(); may be used from any thread."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_LONG_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha512(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha512(bytes(octet ^ 0x5C for octet in block))

    def tokens(self, body: bytes) -> tuple[str, str, str, str]:
        """CopyTokens as a bare tuple, which is quicker; `body` is what `packed` has written for mailing, subscriber and list."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(body)
        outer.update(inner.digest())
        numbers, mac = body.hex(), outer.hexdigest()
        return numbers + mac[:32], numbers + mac[32:64], numbers + mac[64:96], numbers + mac[96:]


_maker = lru_cache(maxsize=64)(Maker)
_copy_maker = lru_cache(maxsize=8)(CopyMaker)


def of_copy(mailing_id: int, subscriber_id: int, list_id: int, key: bytes) -> CopyTokens:
    """The tokens of one copy; `key` is keys.copy_key()."""
    return CopyTokens(*_copy_maker(key).tokens(packed(mailing_id) + packed(subscriber_id) + packed(list_id)))


def read_copy(token: str, purpose: str, key: bytes) -> tuple[int, int, int] | None:
    """Mailing, subscriber and list of a copy's token, or None: cut, changed, made for another purpose or with another key."""
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return None
    ours = _copy_maker(key).tokens(raw[:-MAC_BYTES])[_QUARTERS[purpose]]
    if not hmac.compare_digest(ours, token.lower()):  # also refuses blanks, which fromhex() takes
        return None
    numbers = _unpacked(raw[:-MAC_BYTES])
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None  # noqa: PLR2004


def make(numbers: tuple[int, ...], key: bytes) -> str:
    """A token for numbers >= 0 (row ids, days); `key` comes from `derive`."""
    return _maker(key).token(b"".join(map(packed, numbers)))


def read(token: str, key: bytes, *, count: int) -> tuple[int, ...] | None:
    """The numbers of a token of ours, or None: cut, changed, made for another purpose, or with another count of numbers."""
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    for raw in _raw(token.lower()):
        body = raw[:-MAC_BYTES]
        if hmac.compare_digest(raw.hex(), _maker(key).token(body)):
            numbers = _unpacked(body)
            return numbers if len(numbers) == count else None
    return None


def packed(number: int) -> bytes:
    """A number >= 0 as a token carries it."""
    size = (number.bit_length() + 7) // 8 or 1
    return size.to_bytes(1) + number.to_bytes(size)


def _raw(token: str) -> Iterator[bytes]:
    """The bytes that a token may stand for, where it is written exactly as we write them."""
    try:
        raw = bytes.fromhex(token)
        if raw.hex() == token:
            yield raw
    except ValueError:
        pass
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
        if base64.b32encode(raw).decode("ascii").rstrip("=").lower() == token:  # also the spare bits of the last letter
            yield raw
    except (binascii.Error, ValueError):
        pass


def _unpacked(body: bytes) -> tuple[int, ...]:
    numbers, at = [], 0
    while at < len(body):
        size = body[at]
        numbers.append(int.from_bytes(body[at + 1 : at + 1 + size], "big"))
        at += 1 + size
    return tuple(numbers)
