"""Counts sign-ups in Redis, shared by all processes; in memory while Redis is away. Nothing here is kept in SQL, and nothing in clear."""

import hmac
import json
import logging
import threading
import time
from dataclasses import replace
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from syndication.audience.keys import token_key
from syndication.audience.signup.limits import ATTACK_SECONDS, PROOF_SECONDS, Answer, Attempt, LocalCounters, Question

PREFIX = "syn:sign-up:"
PATIENCE_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 5.0
HASH_DIGITS = 24

log = logging.getLogger("syndication.sign-up")

# First looks whether anything is full, then whether an attack asks for a proof, and only then counts: who is refused counts nowhere, so
# that one stubborn network cannot use up what belongs to all.
_ASK = """
local asked = cjson.decode(ARGV[1])
local at = #asked.counters
for place, counter in ipairs(asked.counters) do
  if tonumber(redis.call('GET', KEYS[place]) or '0') >= counter[1] then
    return {place, redis.call('TTL', KEYS[place])}
  end
end
local attack = false
for place = 1, #asked.alarms do
  if redis.call('EXISTS', KEYS[at + 2 * place]) == 1 then attack = true end
end
if attack then
  if not asked.proof then return {-1, 0} end
  if not redis.call('SET', KEYS[#KEYS], '1', 'NX', 'EX', asked.proof_seconds) then return {-1, 0} end
end
local function count(key, seconds)
  local number = redis.call('INCR', key)
  if number == 1 then redis.call('EXPIRE', key, seconds) end
  return number
end
for place, counter in ipairs(asked.counters) do count(KEYS[place], counter[2]) end
for place, alarm in ipairs(asked.alarms) do
  if count(KEYS[at + 2 * place - 1], alarm[2]) > alarm[1] then
    redis.call('SET', KEYS[at + 2 * place], '1', 'EX', asked.attack_seconds)
  end
end
return {0, 0}
"""


class Counters:
    """The counters of one installation. May be used from any thread."""

    def __init__(self, client: redis.Redis) -> None:
        self._ask = client.register_script(_ASK)
        self._local, self._lock = LocalCounters(), threading.Lock()
        self._away_until = 0.0

    def ask(self, asked: Question) -> Answer:
        """Count one attempt, unless it is refused. Never raises for want of Redis."""
        if time.monotonic() >= self._away_until:
            try:
                return self._ask_redis(asked)
            except (redis.RedisError, OSError) as error:
                log.warning("sign-ups are counted by each process alone, with a fourth of the limits: %s", error)
                self._away_until = time.monotonic() + LOOK_AGAIN_SECONDS
        with self._lock:
            return self._local.ask(asked, time.monotonic())

    def _ask_redis(self, asked: Question) -> Answer:
        keys = [one.key for one in asked.counters]
        keys += [key for one in asked.alarms for key in (one.counter.key, one.alarm)]
        keys += [asked.proof] if asked.proof else []
        told = {
            "counters": [(one.most, one.seconds) for one in asked.counters],
            "alarms": [(one.counter.most, one.counter.seconds) for one in asked.alarms],
            "proof": bool(asked.proof),
            "proof_seconds": PROOF_SECONDS,
            "attack_seconds": ATTACK_SECONDS,
        }
        place, wait = self._ask(keys=[PREFIX + key for key in keys], args=[json.dumps(told)])
        if place > 0:
            return Answer(limited_by=asked.counters[place - 1].name, wait_seconds=max(1, wait))
        return Answer(needs_proof=place < 0)


@cache
def counters() -> Counters:
    """Those of the settings' Redis, on connections that give up at once instead of trying again."""
    once = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(settings.REDIS_URL, retry=once, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
    return Counters(client)


def hashed(attempt: Attempt) -> Attempt:
    """The attempt as it is counted: keyed hashes in place of address, domain and network."""
    return replace(
        attempt,
        address=_hash("address", attempt.address),
        domain=_hash("domain", attempt.domain),
        network=_hash("network", attempt.network) if attempt.network else "",
    )


def _hash(name: str, value: str) -> str:
    text = f"{name} {value}".encode("utf-8", "surrogatepass")
    return hmac.new(token_key("sign-up counters"), text, "sha256").hexdigest()[:HASH_DIGITS]
