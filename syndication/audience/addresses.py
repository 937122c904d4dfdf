"""Knows when an email address is one, and its single spelling."""

import hashlib
import hmac
import re
import unicodedata

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from syndication.errors import BadInput

LONGEST_ADDRESS = 320  # bytes: 64 before the @, 255 after it (RFC 5321 4.5.3.1)
AROUND = " \t\r\n\u00a0"  # what copying from a page leaves around an address; other control characters are refused, not cut off
_INVISIBLE = re.compile(r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""Letters of Unicode that nobody sees (Default_Ignorable_Code_Point), which email-validator takes for letters."""

_ATOM = r"[A-Za-z0-9_!#$%&'*+\-/=?^`{|}~]+"
_PLAIN = re.compile(
    rf"(?=.{{1,254}}\Z)(?=[^@]{{1,64}}@.{{1,253}}\Z){_ATOM}(?:\.{_ATOM})*@(?!.*--)"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
).fullmatch
"""Addresses of plain letters, as nearly all are: what it takes email-validator takes too, in a fortieth of the time (a property test)."""
_SPECIAL = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)


class NotAnAddress(BadInput):
    """Text that is not an email address; says which part is wrong. `why`: the reason alone, a sentence."""

    def __init__(self, shown: str, why: str) -> None:
        self.why = why
        super().__init__(f"{shown!r} is not an email address: {why}")


def normalise(address: str) -> str:
    """The one spelling under which an address is known: lower case, NFC, IDN domain in Unicode.

    Raises NotAnAddress with the reason: control and zero-width characters, quoted or too long local parts, IP literals and reserved
    domains are refused. `.test` (RFC 6761) is allowed, so that installations can be tried with it.
    """
    stripped = address.strip(AROUND)
    if _PLAIN(stripped):
        lowered = stripped.lower()
        if not lowered.endswith(_SPECIAL):
            return lowered
    if len(stripped.encode("utf-8", "surrogatepass")) > LONGEST_ADDRESS:
        raise NotAnAddress(f"{stripped[:40]}…", f"It is longer than {LONGEST_ADDRESS} bytes.")
    if "\ufffd" in stripped:
        raise NotAnAddress(stripped[:80], "A part of it was lost on the way here (U+FFFD): it was not sent as UTF-8.")
    invisible = _INVISIBLE.search(stripped)
    if invisible:
        raise NotAnAddress(stripped[:80], f"It holds a character that nobody sees (U+{ord(invisible[0]):04X}).")
    try:
        found = validate_email(stripped, check_deliverability=False, strict=True, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        raise NotAnAddress(stripped[:80], str(error)) from error
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
