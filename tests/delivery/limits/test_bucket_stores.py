"""Both stores of the buckets do what the idea says, and lose nothing of a limit when they lose their rows."""

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syndication.delivery.limits import models, sql_buckets
from syndication.delivery.limits.buckets import Bucket, Wish, allot, refilled
from syndication.delivery.limits.redis_buckets import RedisBuckets
from syndication.delivery.limits.request import Request

pytestmark = [pytest.mark.django_db, pytest.mark.database]
START = 1_700_000_000.0


class InSql:
    """The store that stands in while Redis is away."""

    take = staticmethod(sql_buckets.take)
    put = staticmethod(sql_buckets.put)

    @staticmethod
    def lose_everything():
        models.Bucket.objects.all().delete()


class InRedis(RedisBuckets):
    """The usual store."""

    def __init__(self, client):
        super().__init__(client)
        self.lose_everything = client.flushall


@pytest.fixture(params=["redis", "sql"])
def store(request, valkey_socket):
    if request.param == "sql":
        yield InSql()
        return
    client = redis.Redis(unix_socket_path=str(valkey_socket))
    yield InRedis(client)
    client.close()


def bucket(key="a", rate=10.0, burst=20.0):
    return Bucket(key, rate, burst, "")


def take(store, *wishes, buckets=None, at=0.0, **more):
    return store.take(Request(buckets or [bucket()], [Wish(*one) for one in wishes], now=START + at, **more))


def test_a_new_bucket_is_empty(store):
    assert take(store, (5, (0,))).granted == [0]


def test_a_bucket_fills_by_its_rate_up_to_its_burst(store):
    take(store, (1, (0,)))
    assert take(store, (5, (0,)), at=0.3).granted == [3]
    assert take(store, (100, (0,)), at=1000).granted == [20]


def test_a_bucket_that_was_lost_is_empty_again(store):
    take(store, (1, (0,)))
    store.lose_everything()
    assert take(store, (100, (0,)), at=1000).granted == [0]


def test_a_new_bucket_of_a_new_place_owes_what_the_old_one_may_have_let_through(store):
    assert take(store, (5, (0,)), owed_seconds=3).levels == [-30]
    assert take(store, (5, (0,)), at=3).granted == [0]
    assert take(store, (5, (0,)), at=3.1).granted == [1]


def test_each_generation_has_buckets_of_its_own(store):
    take(store, (1, (0,)))
    assert take(store, (5, (0,)), at=1).granted == [5]
    assert take(store, (5, (0,)), at=1, generation=1).granted == [0]


def test_what_is_put_back_may_be_taken_again_and_never_overfills(store):
    take(store, (1, (0,)))
    take(store, (20, (0,)), at=10)
    store.put(Request([bucket()], [], now=START + 10), [15])
    assert take(store, (20, (0,)), at=10).granted == [15]
    store.put(Request([bucket()], [], now=START + 10), [500])
    assert take(store, (100, (0,)), at=10).granted == [20]


def test_a_wish_takes_from_all_its_buckets_or_from_none(store):
    both = [bucket("a", 10, 20), bucket("b", 1, 2)]
    take(store, (1, (0, 1)), buckets=both)
    assert take(store, (50, (0, 1)), buckets=both, at=100).granted == [2]
    assert take(store, (50, (0,)), buckets=both[:1], at=100).granted == [18]


def test_a_clock_that_goes_back_grants_nothing_twice(store):
    take(store, (1, (0,)))
    assert take(store, (20, (0,)), at=100).granted == [20]
    assert take(store, (20, (0,)), at=-5000).granted == [0]
    assert take(store, (20, (0,)), at=-4999).granted == [10]


def test_without_a_given_time_the_stores_own_clock_counts(store):
    fast = bucket("fast", rate=1e6, burst=1e6)
    request = Request([fast], [Wish(1, (0,))])
    store.take(request)
    assert any(store.take(request).granted == [1] for _ in range(1000))


def test_a_burst_that_was_lowered_counts_at_once(store):
    take(store, (1, (0,)))
    assert take(store, (100, (0,)), buckets=[bucket(burst=5)], at=1000).granted == [5]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 30 * 64).map(lambda ticks: ticks / 64),  # what a clock of microseconds says exactly
        st.lists(st.tuples(st.integers(1, 60), st.sets(st.integers(0, 2), min_size=1).map(sorted).map(tuple)), min_size=1, max_size=6).map(
            sorted
        ),
    ),
    min_size=1,
    max_size=5,
)
KINDS = [bucket("a", 10, 20), bucket("b", 0.5, 3), bucket("c", 200, 200)]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(STEPS)
def test_both_stores_grant_what_the_idea_grants(store, steps):
    store.lose_everything()
    at, levels = 0.0, [0.0] * len(KINDS)
    take(store, (1, (0, 1, 2)), buckets=KINDS)
    for pause, wishes in steps:
        at += pause
        found = take(store, *wishes, buckets=KINDS, at=at)
        expected = allot([refilled(level, pause, one) for level, one in zip(levels, KINDS, strict=True)], [Wish(*one) for one in wishes])
        assert found.granted == expected.granted
        assert found.levels == pytest.approx(expected.levels, abs=1e-3)
        levels = found.levels
