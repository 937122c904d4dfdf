"""Knows the TXT record that publishes a key (RFC 6376 3.6.1): how to write it, and whether what DNS answers is ours."""

import re
from binascii import b2a_base64
from collections.abc import Sequence
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from syndication.errors import BadInput
from syndication.rendering.header_words import BadAddress, ascii_domain

LONGEST_STRING = 255  # octets of one string inside a TXT record, RFC 1035 3.3.14
LONGEST_NAME = 253  # letters and dots of a domain name, RFC 1035 2.3.4
_LONGEST_LABEL = 63  # letters, RFC 1035 2.3.4
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_SHOWN = 80  # characters of a strange record


class BadDomain(BadInput):
    """A domain or selector that DNS cannot hold."""


def signing_domain(text: str) -> str:
    """A domain as keys are kept under it: A-labels, lower case, without a last dot. Raises BadDomain."""
    stripped = text.strip().removesuffix(".")
    try:
        domain = ascii_domain(stripped)
    except BadAddress as error:
        raise BadDomain(f"{text!r} is not a domain. Give the part after the @ of the sender's address, like news.example.org.") from error
    if "." not in domain or _is_address(domain) or not _fits(domain):
        raise BadDomain(f"{text!r} is not a domain that can sign mail. Give one with a dot, like news.example.org.")
    return domain


def checked_selector(text: str, domain: str) -> str:
    """A selector in lower case (RFC 6376 3.1). Raises BadDomain when it, or the name made with it, is none."""
    selector = text.strip().lower()
    if not _SELECTOR.fullmatch(selector) or not _fits(record_name(selector, domain)):
        raise BadDomain(f"{text!r} cannot be a selector: use letters, digits and hyphens, at most {_LONGEST_LABEL} of them.")
    return selector


def possible_domains(sender_domain: str) -> list[str]:
    """The domains whose signature is aligned with a sender (DMARC, relaxed): its own, then its parents, never a bare top level."""
    labels = sender_domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels) - 1)]


def public_half(private: RSAPrivateKey | Ed25519PrivateKey) -> str:
    """The p= tag: for RSA its SubjectPublicKeyInfo, for Ed25519 the bare 32 octets (RFC 8463 4), in base64."""
    if isinstance(private, RSAPrivateKey):
        raw = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return b2a_base64(raw, newline=False).decode("ascii")


def record_name(selector: str, domain: str) -> str:
    """Where the record stands (RFC 6376 3.6.2.1)."""
    return f"{selector}._domainkey.{domain}"


def record_text(algorithm: str, public: str) -> str:
    """The record in one line; `algorithm` is "rsa" or "ed25519"."""
    return f"v=DKIM1; k={algorithm}; p={public}"


def record_strings(text: str) -> list[str]:
    """The record cut into the strings that a TXT record is made of; receivers join them without a blank."""
    return [text[at : at + LONGEST_STRING] for at in range(0, len(text), LONGEST_STRING)]


def zone_line(name: str, text: str) -> str:
    """The record as a line of a zone file."""
    strings = " ".join(f'"{string}"' for string in record_strings(text))
    return f"{name}. 3600 IN TXT ( {strings} )"


def what_is_wrong(found: Sequence[str], algorithm: str, public: str) -> str:
    """Why receivers could not verify our signatures with the TXT records found at our name; empty when they can.

    found  each record's strings, joined; at least one record
    """
    if len(found) > 1:
        return f"{len(found)} TXT records stand there, and receivers may take any (RFC 6376 3.6.2.2); keep only ours"
    tags = _tags(found[0])
    if "p" not in tags:
        return f"what stands there is no DKIM key: {_short(found[0])}"
    if tags.get("v", "DKIM1") != "DKIM1":
        return f"it says v={_short(tags['v'])}; it must begin with v=DKIM1"
    if tags.get("k", "rsa") != algorithm:
        return f"it says k={_short(tags.get('k', 'rsa'))}, but this key is k={algorithm}"
    return _what_is_wrong_with_key(tags["p"], public) or _what_is_wrong_with_use(tags)


def _what_is_wrong_with_key(found: str, public: str) -> str:
    if found == public:
        return ""
    if not found:
        return "its p= is empty, which means that the key was revoked (RFC 6376 3.6.1)"
    if public.startswith(found):
        return f"its key is cut after {len(found)} of {len(public)} letters; enter it as several strings of at most {LONGEST_STRING}"
    return "it holds another key than ours; replace its p= by ours"


def _what_is_wrong_with_use(tags: dict[str, str]) -> str:
    if "sha256" not in tags.get("h", "sha256").split(":"):
        return f"its h={_short(tags['h'])} forbids sha256, which every signature here uses; leave h= out"
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return f"its s={_short(tags['s'])} forbids email; leave s= out"
    if "y" in tags.get("t", "").split(":"):
        return "its t=y says that the domain only tests, so receivers treat the mail as unsigned; leave t= out"
    return ""


def _tags(record: str) -> dict[str, str]:
    """tag=value; … (RFC 6376 3.2), without any white space; what is no tag is left out."""
    pairs = (part.partition("=") for part in "".join(record.split()).split(";"))
    return {name: value for name, equals, value in pairs if equals}


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _fits(name: str) -> bool:
    return len(name) <= LONGEST_NAME and all(len(label) <= _LONGEST_LABEL for label in name.split("."))


def _is_address(domain: str) -> bool:
    try:
        ip_address(domain)
    except ValueError:
        return False
    return True
