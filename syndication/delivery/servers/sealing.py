"""Locks a short secret with a key, so that it can stand in a table: AES-256-GCM (NIST SP 800-38D)."""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12  # SP 800-38D 8.2.1


def seal(secret: str, key: bytes, nonce: bytes) -> str:
    """The secret as ASCII text that only `key` (32 bytes) opens; `nonce` is NONCE_BYTES random bytes, never the same twice."""
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, secret.encode(), None)).decode("ascii")


def unseal(sealed: str, key: bytes) -> str | None:
    """The secret; None when the text was changed, cut, or sealed with another key."""
    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None).decode()
    except (InvalidTag, binascii.Error, ValueError):  # ValueError: a nonce that is too short, text that is not UTF-8
        return None
