"""Decides which encoding a reader is sent, and reads its other lists with weights (RFC 9110 12.4.2, 12.5.3)."""

import re
from collections.abc import Iterable
from functools import lru_cache

from syndication.feeds.encodings import BROTLI, GZIP, IDENTITY

LONGEST_HEADER = 1_000  # characters; a longer list is not read, and its sender gets the plain bytes
BEST_FIRST = (BROTLI, GZIP, IDENTITY)  # by size
_LAST = 1e-12
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_WEIGHT = re.compile(r"[qQ][ \t]*=[ \t]*([01](?:\.\d{0,9})?)")


def weights(header: str) -> dict[str, float]:
    """A list such as "gzip;q=0.8, br" as {"gzip": 0.8, "br": 1.0}, names in lower case, "x-gzip" as "gzip" (RFC 9110 8.4.1.3).

    A member that cannot be read is left out, so that nobody is sent what they did not ask for; of two the first counts.
    """
    found: dict[str, float] = {}
    for member in header.split(",") if len(header) <= LONGEST_HEADER else ():
        name, *parameters = (part.strip() for part in member.split(";"))
        weight = _weight(parameters)
        if weight is not None and _TOKEN.fullmatch(name):
            found.setdefault(name.lower().removeprefix("x-"), weight)
    return found


def _weight(parameters: list[str]) -> float | None:
    """1 when nothing is said; None when something else than a weight of 0 to 1 is."""
    if not parameters:
        return 1.0
    match = _WEIGHT.fullmatch(parameters[0])
    return float(match[1]) if match and len(parameters) == 1 and float(match[1]) <= 1 else None


@lru_cache(maxsize=512)
def _acceptable(accept_encoding: str) -> tuple[str, ...]:
    said = weights(accept_encoding)
    anything_else = said.get("*", 0.0)
    weighed = {name: said.get(name, anything_else) for name in BEST_FIRST}
    if IDENTITY not in said and "*" not in said:
        weighed[IDENTITY] = _LAST  # acceptable, after all that was named
    liked = [name for name in BEST_FIRST if weighed[name]]
    return tuple(sorted(liked, key=lambda name: -weighed[name]))


def acceptable(accept_encoding: str | None) -> tuple[str, ...]:
    """The encodings that a request takes, the one to send first: the heaviest, of equal ones the smallest; the plain bytes stand at the end.

    accept_encoding  the header's value, or None: whoever says nothing gets plain bytes, though RFC 9110 12.5.3 would allow any
    Empty when everything was excluded ("identity;q=0, *;q=0").
    """
    if not accept_encoding:
        return (IDENTITY,)
    return _acceptable(accept_encoding) if len(accept_encoding) <= LONGEST_HEADER else (IDENTITY,)


def chosen(takes: Iterable[str], offered: Iterable[str]) -> str:
    """The first of `takes` that is offered.

    When nothing fits the plain bytes are sent all the same: RFC 9110 12.4.1 lets a server disregard the header, and a reader that
    excludes everything by mistake is better off with a feed than with a 406.
    """
    there = set(offered)
    return next((name for name in takes if name in there), IDENTITY)


@lru_cache(maxsize=512)
def manipulations(a_im: str) -> frozenset[str]:
    """The instance manipulations that a request takes (RFC 3229 10.5.3): "feed", "gzip"."""
    return frozenset(name for name, weight in weights(a_im).items() if weight)
