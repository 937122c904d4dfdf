"""Turns what a batch wants into wishes for buckets, and what the buckets gave into grants."""

from collections.abc import Mapping
from typing import NamedTuple

from syndication.delivery.limits.buckets import Allotment, Bucket, Wish, allot, next_chunk, wait_seconds
from syndication.delivery.limits.budgets import Wait
from syndication.delivery.limits.matching import RulesOfSender


class Asked(NamedTuple):
    """The domains that some bucket limits, the smallest wish first, and the buckets that they need."""

    domains: list[str]
    wishes: list[Wish]
    buckets: list[Bucket]


def asked(rules: RulesOfSender, wanted: Mapping[str, int]) -> Asked:
    """What a batch must ask for; domains that nothing limits, and wishes for nothing, are left out."""
    limited = [(count, domain, found) for domain, count in wanted.items() if count > 0 and (found := rules.buckets(domain))]
    places: dict[Bucket, int] = {}
    domains, wishes = list[str](), list[Wish]()
    for count, domain, found in sorted(limited):
        domains.append(domain)
        wishes.append(Wish(count, tuple(places.setdefault(one, len(places)) for one in found)))
    return Asked(domains, wishes, list(places))


def waits(ask: Asked, given: Allotment) -> dict[str, Wait]:
    """For each domain that got less than it asked for: when to ask again, by the slowest of its buckets, and whose that is."""
    found = {}
    for domain, wish, granted in zip(ask.domains, ask.wishes, given.granted, strict=True):
        rest = wish.wanted - granted
        if rest > 0:
            slowest = max(wish.buckets, key=lambda place: wait_seconds(rest, given.levels[place], ask.buckets[place]))
            bucket = ask.buckets[slowest]
            seconds = wait_seconds(rest, given.levels[slowest], bucket)
            found[domain] = Wait(seconds, bucket.because, int(next_chunk(rest, bucket)), bucket.rate)
    return found


def amounts(ask: Asked) -> list[int]:
    """How many tokens of each bucket the wishes together are."""
    total = [0] * len(ask.buckets)
    for wish in ask.wishes:
        for place in wish.buckets:
            total[place] += wish.wanted
    return total


def fair_shares(wanted: Mapping[str, int], count: int) -> dict[str, int]:
    """Share `count` messages between recipient domains: equally, and what small ones do not need goes to the larger ones."""
    order = sorted(wanted, key=lambda domain: (wanted[domain], domain))
    return dict(zip(order, allot([count], [Wish(wanted[domain], (0,)) for domain in order]).granted, strict=True))
