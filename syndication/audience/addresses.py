"""Knows when an email address is one, and its single spelling."""

import hashlib
import hmac
import unicodedata

from email_validator import EmailNotValidError, validate_email

from syndication.errors import BadInput

LONGEST_ADDRESS = 320  # characters: 64 before the @, 255 after it (RFC 5321 4.5.3.1)


class NotAnAddress(BadInput):
    """Text that is not an email address; says which part is wrong."""


def normalise(address: str) -> str:
    """The one spelling under which an address is known: lower case, NFC, IDN domain in Unicode.

    Raises NotAnAddress with the reason: control and zero-width characters, quoted or too long local parts, IP literals and reserved
    domains are refused. `.test` (RFC 6761) is allowed, so that installations can be tried with it.
    """
    stripped = address.strip()
    if len(stripped) > LONGEST_ADDRESS:
        raise NotAnAddress(f"{stripped[:40]!r}… is not an email address: longer than {LONGEST_ADDRESS} characters.")
    try:
        found = validate_email(stripped, check_deliverability=False, strict=True, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        raise NotAnAddress(f"{stripped[:80]!r} is not an email address: {error}") from error
    return unicodedata.normalize("NFC", found.normalized.lower())


def on_the_wire(address: str) -> str:
    """The address as SMTP takes it: an IDN domain as A-labels when the local part is ASCII (RFC 5891), else unchanged (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    if not local.isascii() or domain.isascii():
        return address
    return validate_email(address, check_deliverability=False, strict=True, test_environment=True).ascii_email or address


def keyed_hash(address: str, key: bytes) -> str:
    """HMAC-SHA256 of a normalised address, 64 hex digits: meets suppressions without keeping the address."""
    return hmac.new(key, address.encode(), hashlib.sha256).hexdigest()


def hint(address: str) -> str:
    """Enough for the reader to know it, too little for others: "a…@example.org"."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}"
