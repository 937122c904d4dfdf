"""Reads the rules of speed from SQL and keeps them for two seconds (an edge)."""

import time
from dataclasses import dataclass

from syndication.delivery.limits import place, throttles, warmup
from syndication.delivery.limits.adaptive import Throttled
from syndication.delivery.limits.clock import database_now
from syndication.delivery.limits.matching import Limit, Rules
from syndication.delivery.limits.models import ProviderDomain, SendingLimit
from syndication.delivery.limits.place import LEARNT_SECONDS, Place
from syndication.delivery.limits.rates import Rate


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tables said at one moment."""

    rules: Rules
    throttled: dict[tuple[str, str], Throttled]
    warming: frozenset[str]
    place: Place
    read_at: float

    @property
    def is_in_sql(self) -> bool:
        """Whether the buckets are in SQL now."""
        return self.place.in_sql_seconds > time.monotonic() - self.read_at


class Rulebook:
    """The rules as this process knows them, never older than LEARNT_SECONDS."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._known: Reading | None = None

    def current(self) -> Reading:
        """The rules; read again when they are old, or when the buckets should come back from SQL, since another sender may keep them there."""
        known = self._known
        if known is None or time.monotonic() - known.read_at >= LEARNT_SECONDS or (known.place.in_sql_seconds and not known.is_in_sql):
            known = self._known = self._read()
        return known

    def forget(self) -> None:
        """Read again at the next question: this process has just changed something."""
        self._known = None

    def _read(self) -> Reading:
        read_at = time.monotonic()
        limits = [_limit(row) for row in SendingLimit.objects.order_by("pk")]
        slowed = throttles.read(database_now())
        additions = dict(ProviderDomain.objects.order_by("pk").values_list("domain", "provider"))
        rules = Rules(limits, [throttles.pace_of(row) for row in slowed], additions)
        if self._known is not None and rules.says_the_same(self._known.rules):
            rules = self._known.rules  # what it remembers of domains stays good
        by_provider = {(row.sender_domain, row.provider): throttles.throttled(row) for row in slowed}
        return Reading(rules, by_provider, warmup.domains(), place.read(), read_at)


def _limit(row: SendingLimit) -> Limit:
    return Limit(row.sender_domain, row.target, Rate(row.rate, row.per_seconds), row.burst)
