"""Limits for the tests of speed."""

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def limit(db):
    """Sets a limit, as in `limit("gmail", "20/s")`."""
    from syndication.delivery.limits.models import SendingLimit
    from syndication.delivery.limits.rates import parse_rate

    def set_limit(target, rate, sender="*", burst=None):
        parsed = parse_rate(rate)
        SendingLimit.objects.create(sender_domain=sender, target=target, rate=parsed.messages, per_seconds=parsed.per_seconds, burst=burst)

    return set_limit


@pytest.fixture
def limiter(db, valkey_socket):
    """A limiter on the tests' Valkey, with an empty memory."""
    import redis

    from syndication.delivery.limits.limiter import Limiter
    from syndication.delivery.limits.redis_buckets import RedisBuckets

    client = redis.Redis(unix_socket_path=str(valkey_socket))
    yield Limiter(RedisBuckets(client))
    client.close()
