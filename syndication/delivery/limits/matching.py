"""Knows which limits and throttles a message meets: all that match, so that a total and a provider's own limit both hold."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from syndication.delivery.limits.buckets import BURST_SECONDS, Bucket, bucket_of
from syndication.delivery.limits.providers import provider_of
from syndication.delivery.limits.rates import Rate

ALL, EACH = "*", "each"
MOST_REMEMBERED = 50_000  # recipient domains
MINUTE_SECONDS = 60


class Limit(NamedTuple):
    """What a person set: see models.SendingLimit."""

    sender_domain: str
    target: str
    rate: Rate
    burst: int | None = None


class Pace(NamedTuple):
    """What a provider asked for: see models.Throttle."""

    sender_domain: str
    provider: str
    per_minute: float
    because: str = ""


def bucket_of_pace(pace: Pace) -> Bucket:
    """The bucket that keeps a throttle; at its slowest it lets one message through at a time."""
    rate = pace.per_minute / MINUTE_SECONDS
    why = f"{pace.provider} asked {pace.sender_domain} to go slower, now {pace.per_minute:.3g} a minute: {pace.because}"
    return Bucket(f"throttle|{pace.sender_domain}|{pace.provider}", rate, max(1.0, rate * BURST_SECONDS), why)


class RulesOfSender:
    """All that one sender domain must keep, made once and asked for each batch."""

    def __init__(self, sender_domain: str, limits: Iterable[Limit], paces: Iterable[Pace], additions: Mapping[str, str]) -> None:
        """Take what concerns this sender: its own rows and those of "*" (one budget for all senders)."""
        own = [one for one in limits if one.sender_domain in {ALL, sender_domain}]
        self._named: dict[str, list[Bucket]] = {}
        for one in own:
            if one.target not in {ALL, EACH}:
                self._named.setdefault(one.target, []).append(_bucket(one, one.target))
        self._limited = frozenset(self._named)
        for pace in paces:
            if pace.sender_domain == sender_domain:
                self._named.setdefault(pace.provider, []).append(bucket_of_pace(pace))
        self._all = [_bucket(one, ALL) for one in own if one.target == ALL]
        self._each = [one for one in own if one.target == EACH]
        self._additions = additions
        self._remembered: dict[str, tuple[Bucket, ...]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is limited for this sender."""
        return not (self._named or self._all or self._each)

    def buckets(self, domain: str) -> tuple[Bucket, ...]:
        """The buckets of which a message to this recipient domain needs a token; empty: it may go."""
        found = self._remembered.get(domain)
        if found is None:
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            found = self._remembered[domain] = tuple(self._look_up(domain))
        return found

    def _look_up(self, domain: str) -> list[Bucket]:
        provider = provider_of(domain, self._additions)
        names = (provider,) if provider == domain else (provider, domain)
        found = self._all + [bucket for name in names for bucket in self._named.get(name, ())]
        if not self._limited.intersection(names):
            found += [_bucket(one, provider) for one in self._each]
        return found


def _bucket(limit: Limit, to: str) -> Bucket:
    whose = "all mail" if limit.sender_domain == ALL else limit.sender_domain
    what = "" if limit.target == ALL else f" to {to}"
    key = f"limit|{limit.sender_domain}|{limit.target}|{to}"
    return bucket_of(key, limit.rate, limit.burst, f"the limit of {limit.rate} for {whose}{what}")


class Rules:
    """All limits and throttles at one moment; two that are equal behave the same."""

    def __init__(self, limits: Sequence[Limit], paces: Sequence[Pace], additions: Mapping[str, str]) -> None:
        """Keep what was read; the senders' own rules are made when they are asked for."""
        self.limits, self.paces, self.additions = limits, paces, additions
        self._of: dict[str, RulesOfSender] = {}

    def of(self, sender_domain: str) -> RulesOfSender:
        """What one sender domain must keep."""
        found = self._of.get(sender_domain)
        if found is None:
            found = self._of[sender_domain] = RulesOfSender(sender_domain, self.limits, self.paces, self.additions)
        return found

    def says_the_same(self, other: "Rules") -> bool:
        """Whether the two were read from the same rows."""
        return (self.limits, self.paces, self.additions) == (other.limits, other.paces, other.additions)
