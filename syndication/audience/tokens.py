"""Makes and reads the signed tokens in links and envelope senders: bound to one purpose, without an address inside.

A token is lower-case base32 (it survives programs that change case) of: the numbers, each as one length byte and its big-endian bytes,
then the first 16 bytes of HMAC-SHA256 over purpose and numbers.
"""

import base64
import binascii
import hashlib
import hmac

MAC_BYTES = 16
LONGEST_TOKEN = 120  # characters; anything longer is not ours and is not decoded

UNSUBSCRIBE, CONFIRM, BOUNCE = "unsubscribe", "confirm", "bounce"


def derive(secret: str, purpose: str) -> bytes:
    """A key of its own for each purpose, from the installation's secret."""
    return hmac.new(secret.encode(), b"syndication token " + purpose.encode(), hashlib.sha256).digest()


def make(numbers: tuple[int, ...], key: bytes) -> str:
    """A token for numbers >= 0 (row ids, days); `key` comes from `derive`."""
    body = b"".join(_packed(number) for number in numbers)
    return _written(body + _mac(body, key))


def read(token: str, key: bytes, *, count: int) -> tuple[int, ...] | None:
    """The numbers of a token of ours, or None: cut, changed, made for another purpose, or with another count of numbers."""
    if not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    try:
        raw = base64.b32decode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(body, key)) or _written(raw) != token.lower():  # spare bits of the last letter must be ours too
        return None
    numbers = _unpacked(body)
    return numbers if len(numbers) == count else None


def _written(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=").lower()


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, body, hashlib.sha256).digest()[:MAC_BYTES]


def _packed(number: int) -> bytes:
    raw = number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
    return bytes([len(raw)]) + raw


def _unpacked(body: bytes) -> tuple[int, ...]:
    numbers, at = [], 0
    while at < len(body):
        size = body[at]
        numbers.append(int.from_bytes(body[at + 1 : at + 1 + size], "big"))
        at += 1 + size
    return tuple(numbers)
