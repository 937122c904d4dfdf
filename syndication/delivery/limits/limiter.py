"""Says how fast mail may go, once for a batch, and learns from what became of it (an edge: Redis and SQL)."""

import logging
import time
from collections.abc import Mapping
from datetime import datetime

from syndication.delivery.limits import place, sql_buckets, throttles, warmup
from syndication.delivery.limits.adaptive import may_rise
from syndication.delivery.limits.asking import Asked, amounts, asked, fair_shares
from syndication.delivery.limits.asking import waits as waits_of
from syndication.delivery.limits.buckets import Allotment
from syndication.delivery.limits.budgets import Grants, Reported
from syndication.delivery.limits.clock import database_now
from syndication.delivery.limits.matching import Pace, RulesOfSender
from syndication.delivery.limits.place import PROBE_SECONDS, Place
from syndication.delivery.limits.providers import provider_of
from syndication.delivery.limits.recent import RecentAnswers
from syndication.delivery.limits.redis_buckets import AWAY, RedisBuckets, redis_buckets
from syndication.delivery.limits.request import Request
from syndication.delivery.limits.rulebook import Rulebook

NOTEWORTHY = 10
"""Accepted messages of one domain in one settlement group from which on its speed is remembered."""

log = logging.getLogger("syndication.limits")


class Limiter:
    """One for a sender process, kept as long as it lives. A sender without limits, throttles and warm-up asks nothing of Redis."""

    def __init__(self, buckets: RedisBuckets | None = None) -> None:
        """Use the Redis of the settings unless told otherwise."""
        self._redis = buckets or redis_buckets()
        self._rulebook = Rulebook()
        self._recent = RecentAnswers(time.time())
        self._probed_at = 0.0

    def grant(self, sender_domain: str, wanted: Mapping[str, int], now: datetime | None = None) -> Grants:
        """How many messages for each recipient domain may go now; what is granted counts as sent until it is given back.

        sender_domain  of the publication: its mail_domain
        wanted         recipient domain (lower case, as addresses are kept) -> messages >= 1 of one batch
        now            only for tests; else the clock counts that all senders share
        While Redis is away the buckets stand in SQL. Raises only what the database raises.
        """
        reading = self._rulebook.current()
        rules = reading.rules.of(sender_domain)
        if sender_domain in reading.warming:
            return self._grant_warming(sender_domain, wanted, now)
        if rules.is_empty:
            return Grants(wanted)
        return self._grant(rules, wanted, now)

    def give_back(self, sender_domain: str, unused: Mapping[str, int], now: datetime | None = None) -> None:
        """Return what was granted and not sent: recipient domain -> messages. While Redis is away it may be lost: slower, never faster."""
        reading = self._rulebook.current()
        if sender_domain in reading.warming:
            warmup.give_back(sender_domain, sum(unused.values()), now or database_now())
        ask = asked(reading.rules.of(sender_domain), unused)
        if not ask.domains:
            return
        request = _request(ask, reading.place, now)
        if reading.is_in_sql:
            sql_buckets.put(request, amounts(ask))
            return
        try:
            self._redis.put(request, amounts(ask))
        except AWAY as error:
            log.info("unused grants are lost, Redis is away: %s", error)

    def report(self, sender_domain: str, counts: Mapping[str, Reported], now: datetime | None = None) -> None:
        """Tell what recipient domains answered, once for a settlement group and after its commit.

        A provider that complains of speed is slowed down; what was accepted counts for the sender domain's day and its warm-up.
        """
        reading = self._rulebook.current()
        moment = now.timestamp() if now else time.time()
        slowed = {provider for sender, provider in reading.throttled if sender == sender_domain}
        providers: dict[str, Reported] = {}
        for domain, one in counts.items():
            if one.rate_refusals or slowed or one.accepted >= NOTEWORTHY:
                provider = provider_of(domain, reading.rules.additions)
                before = providers.get(provider, Reported())
                text = before.text or one.text
                providers[provider] = Reported(before.accepted + one.accepted, before.rate_refusals + one.rate_refusals, 0, text)
        changed = [self._learn((sender_domain, provider), one, moment, now) for provider, one in providers.items()]
        if any(changed):
            self._rulebook.forget()
        accepted = sum(one.accepted for one in counts.values())
        if accepted:
            warmup.note_sent(sender_domain, accepted, now or database_now())

    # ------------------------------------------------------------------ inside
    def _grant_warming(self, sender_domain: str, wanted: Mapping[str, int], now: datetime | None) -> Grants:
        """As grant, within what the warm-up plan allows; what the other limits leave of that goes back."""
        allowed = warmup.take(sender_domain, sum(wanted.values()), now or database_now())
        capped = fair_shares(wanted, allowed.granted)
        waits = {domain: allowed.wait for domain in wanted if allowed.wait and capped[domain] < wanted[domain]}
        found = self._grant(self._rulebook.current().rules.of(sender_domain), capped, now)
        unused = allowed.granted - sum(found.now.values())
        if unused:
            warmup.give_back(sender_domain, unused, now or database_now())
        return Grants(found.now, {**found.waits, **waits})

    def _grant(self, rules: RulesOfSender, wanted: Mapping[str, int], now: datetime | None) -> Grants:
        ask = asked(rules, wanted)
        if not ask.domains:
            return Grants(wanted)
        given = self._take(ask, now)
        return Grants({**wanted, **dict(zip(ask.domains, given.granted, strict=True))}, waits_of(ask, given))

    def _take(self, ask: Asked, now: datetime | None) -> Allotment:
        """From Redis; from SQL while this sender, or another one, cannot reach it."""
        reading = self._rulebook.current()
        try:
            if not reading.is_in_sql:
                return self._redis.take(_request(ask, reading.place, now))
            self._probe()
        except AWAY as error:
            if not reading.is_in_sql:
                log.warning("Redis is away, limits are kept in the database meanwhile: %s", error)
            place.move_into_sql()
            self._rulebook.forget()
        return sql_buckets.take(_request(ask, self._rulebook.current().place, now))

    def _probe(self) -> None:
        """See now and then whether Redis is back for this sender; the buckets move back when it is for all. Raises one of AWAY."""
        if time.monotonic() - self._probed_at >= PROBE_SECONDS:
            self._probed_at = time.monotonic()
            self._redis.ping()

    def _learn(self, key: tuple[str, str], one: Reported, moment: float, now: datetime | None) -> bool:
        """Slow a provider down or let it rise, by what one settlement group saw of it. Whether its pace changed."""
        if one.rate_refusals or one.accepted >= NOTEWORTHY:
            seen = self._recent.note(key, one.accepted, one.rate_refusals, moment)
        if one.rate_refusals:
            is_slower = throttles.complained(Pace(*key, 0, one.text), seen, now or database_now())
            if is_slower:
                self._recent.forget(key)
                log.warning("%s asks %s to go slower: %s", key[1], key[0], one.text)
            return is_slower
        known = self._rulebook.current().throttled.get(key)
        moment_in_sql = now or database_now() if known and one.accepted else None
        return bool(known and moment_in_sql and may_rise(known, moment_in_sql) and throttles.took_mail(*key, moment_in_sql))


def _request(ask: Asked, where: Place, now: datetime | None) -> Request:
    return Request(ask.buckets, ask.wishes, where.generation, where.owed_seconds, now.timestamp() if now else None)
