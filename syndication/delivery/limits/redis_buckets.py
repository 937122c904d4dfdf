"""Keeps the token buckets in Redis, shared by all senders: one script call for a whole batch."""

from collections.abc import Sequence
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from syndication.delivery.limits.buckets import Allotment
from syndication.delivery.limits.request import Request

PATIENCE_SECONDS = 0.5
AWAY = (redis.RedisError, OSError)
"""What is raised when Redis cannot be used: away, full, read-only, still loading."""

# Both scripts use the server's clock, which all senders share, unless a test gives a time. A bucket that is missing starts empty and owes
# what it may have let through elsewhere: never faster than the limit, whatever Redis lost.
_OPEN = """
local request = cjson.decode(ARGV[1])
local now = request.now
if not now then
  local clock = redis.call('TIME')
  now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
end
local function load(place)
  local spec = request.buckets[place]
  local kept = redis.call('HMGET', KEYS[place], 'level', 'at')
  local level, at = tonumber(kept[1]), tonumber(kept[2])
  if not level or not at then return -spec[1] * request.owed end
  return math.min(spec[2], level + math.max(now - at, 0) * spec[1])
end
local function save(place, level)
  local spec = request.buckets[place]
  redis.call('HSET', KEYS[place], 'level', string.format('%.9f', level), 'at', string.format('%.6f', now))
  redis.call('EXPIRE', KEYS[place], math.ceil((spec[2] - level) / spec[1]) + request.kept)
end
"""
_TAKE = (
    _OPEN
    + """
local left, granted, sharers = {}, {}, {}
for place = 1, #KEYS do
  left[place] = load(place)
  sharers[place] = 0
end
for _, wish in ipairs(request.wishes) do
  for _, one in ipairs(wish[2]) do sharers[one + 1] = sharers[one + 1] + 1 end
end
local function take(place, wish, room)
  local taken = math.max(0, math.min(wish[1] - granted[place], math.floor(room + 1e-6)))
  granted[place] = granted[place] + taken
  for _, one in ipairs(wish[2]) do left[one + 1] = left[one + 1] - taken end
end
for place, wish in ipairs(request.wishes) do
  local share = math.huge
  for _, one in ipairs(wish[2]) do share = math.min(share, left[one + 1] / sharers[one + 1]) end
  granted[place] = 0
  take(place, wish, share)
  for _, one in ipairs(wish[2]) do sharers[one + 1] = sharers[one + 1] - 1 end
end
for place, wish in ipairs(request.wishes) do
  local room = math.huge
  for _, one in ipairs(wish[2]) do room = math.min(room, left[one + 1]) end
  take(place, wish, room)
end
local answer = {}
for place = 1, #KEYS do
  save(place, left[place])
  answer[place] = string.format('%.9f', left[place])
end
return {granted, answer}
"""
)
_PUT = (
    _OPEN
    + """
for place = 1, #KEYS do
  save(place, math.min(request.buckets[place][2], load(place) + request.amounts[place]))
end
return 1
"""
)


class RedisBuckets:
    """The buckets of one generation; see place.py. Every method raises one of AWAY when Redis cannot be used."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._take = client.register_script(_TAKE)
        self._put = client.register_script(_PUT)

    def take(self, request: Request) -> Allotment:
        """Fill the buckets up to now, share them by buckets.allot, and keep what is left, all in one step."""
        granted, levels = self._take(keys=request.keys(), args=[request.as_json(wishes=request.wishes)])
        return Allotment([int(one) for one in granted], [float(one) for one in levels])

    def put(self, request: Request, amounts: Sequence[int]) -> None:
        """Return so many messages to each bucket, at most up to its burst."""
        self._put(keys=request.keys(), args=[request.as_json(amounts=amounts)])

    def ping(self) -> None:
        """Nothing, when Redis answers."""
        self._client.ping()


@cache
def redis_buckets() -> RedisBuckets:
    """The buckets in the Redis of the settings, on one connection of this process that gives up at once instead of trying again."""
    once = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(settings.REDIS_URL, retry=once, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
    return RedisBuckets(client)
