"""Knows the words beside a sign-up form, and by which digest one version of them is told from another."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

PROMISE = (
    "We send you one mail with a link that confirms it was you. Nothing else comes before you follow it, "
    "and every issue carries a link to leave."
)
MARK_BITS = 64  # of the digest, carried by a stamp


@dataclass(frozen=True, slots=True)
class Words:
    """What a person reads before saying yes.

    sender  who will write: the publication's name, and its postal address where it has one
    offers  each list that can be chosen: its name and what it says of itself
    """

    heading: str
    sender: str
    offers: tuple[tuple[str, str], ...]
    promise: str = PROMISE

    @property
    def text(self) -> str:
        """All of it, a line each, as the consent record keeps it."""
        lists = [f"- {name}: {description}" if description else f"- {name}" for name, description in self.offers]
        return "\n".join([self.heading, self.sender, *lists, self.promise])

    @property
    def digest(self) -> str:
        """SHA-256 of the text, 64 hex digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def mark(self) -> int:
        """The first MARK_BITS of the digest."""
        return int(self.digest[: MARK_BITS // 4], 16)


def words(publication_name: str, postal_address: str, offers: Sequence[tuple[str, str]]) -> Words:
    """The words for a publication that offers some lists, each with its name and description; white space is folded."""
    sender = " · ".join(line for line in map(_folded, [publication_name, *postal_address.splitlines()]) if line)
    folded = tuple((_folded(name), _folded(description)) for name, description in offers)
    return Words(f"Subscribe to {_folded(publication_name)}", f"You will hear from {sender}.", folded)


def digest_start(mark: int) -> str:
    """The hex digits with which the digest of a stamp's words begins."""
    return f"{mark:0{MARK_BITS // 4}x}"


def _folded(text: str) -> str:
    return " ".join(text.split())
