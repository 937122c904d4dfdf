"""Knows when text names a domain, its single spelling, and which domains it lies in."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import idna

from syndication.errors import BadInput

LONGEST_DOMAIN = 253  # characters (RFC 1035 2.3.4)


class NotADomain(BadInput):
    """Text that is not the name of a domain."""


@dataclass(frozen=True, slots=True)
class DomainRules:
    """What one publication wants of its readers' domains. Block wins; without any allowed domain all others are allowed."""

    blocked: AbstractSet[str] = frozenset()
    allowed: AbstractSet[str] = frozenset()
    has_allowed: bool = False
    """Whether the publication takes allowed domains alone; `allowed` may hold only those that were asked for."""

    def why_not(self, address: str) -> str:
        """Why a normalised address may not subscribe nor be mailed, as a sentence's end; "" when it may."""
        parents = enclosing(domain_of(address))
        found = next((domain for domain in parents if domain in self.blocked), "")
        if found:
            return f"the domain {found} is blocked"
        if self.has_allowed and not any(domain in self.allowed for domain in parents):
            return f"the domain {parents[0]} is not among those that are allowed"
        return ""


def domain_of(address: str) -> str:
    """What stands behind the @ of a normalised address."""
    return address.rpartition("@")[2]


def enclosing(domain: str) -> list[str]:
    """A domain and all that it lies in: mail.example.org, example.org, org."""
    labels = domain.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


def normalise_domain(text: str) -> str:
    """The one spelling of a domain: lower case, IDN as Unicode; "@example.org", "*.example.org" and "Example.org." are example.org.

    Raises NotADomain.
    """
    bare = text.strip().removeprefix("*").lstrip("@.").rstrip(".")
    if not bare or len(bare) > LONGEST_DOMAIN:
        raise NotADomain(f"{text.strip()[:80]!r} is not the name of a domain; write it as example.org.")
    try:
        return idna.decode(idna.encode(bare, uts46=True)).lower()
    except UnicodeError as error:  # idna's own errors are such
        raise NotADomain(f"{text.strip()[:80]!r} is not the name of a domain ({error}); write it as example.org.") from error
