"""Knows what makes two tags or two names of authors the same, and what they are called in an address."""

import re
import unicodedata
from collections.abc import Container, Iterable
from hashlib import blake2s
from itertools import count

LONGEST_NAME = 200  # characters, the width of Topic.name
LONGEST_SLUG = 100  # characters; leaves room in the column for a number
LONGEST_SLUG_BYTES = 200  # a folder on disk is called so, and file systems end at 255
_NOT_IN_SLUGS = re.compile(r"[\W_]+")


def topic_name(text: str) -> str:
    """A tag or an author as shown: one line, no spaces around, at most LONGEST_NAME characters; may be empty."""
    return " ".join(unicodedata.normalize("NFC", text).split())[:LONGEST_NAME].strip()


def topic_key(name: str) -> str:
    """The same for names that mean the same: whatever their case and width."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def topic_names(texts: Iterable[object]) -> list[str]:
    """The names among what an article says, each once, in their order; the first spelling counts."""
    found: dict[str, str] = {}
    for name in filter(None, (topic_name(str(text)) for text in texts)):
        found.setdefault(topic_key(name), name)
    return list(found.values())


def topic_slug(name: str) -> str:
    """The name in an address: small letters and digits of any script, with hyphens between; never empty.

    A name without letters and digits is called by a short hash of itself.
    """
    letters = unicodedata.normalize("NFKC", name).lower()
    letters = "".join(one for one in unicodedata.normalize("NFC", letters) if not unicodedata.category(one).startswith("M"))
    slug = _NOT_IN_SLUGS.sub("-", letters.replace("'", "").replace("’", "")).strip("-")[:LONGEST_SLUG]
    slug = slug.encode("utf-8", "ignore")[:LONGEST_SLUG_BYTES].decode("utf-8", "ignore").strip("-")
    return slug or f"topic-{blake2s(name.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"


def free_topic_slug(name: str, taken: Container[str]) -> str:
    """The slug of `name`, or with the next number when another topic has it: C++ after C is c-2."""
    slug = topic_slug(name)
    if slug not in taken:
        return slug
    return next(numbered for number in count(2) if (numbered := f"{slug}-{number}") not in taken)
