"""Token buckets: the limit holds in every window, nobody starves, the wait is right."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.limits.buckets import Bucket, Wish, allot, bucket_of, refilled, usual_burst, wait_seconds
from syndication.delivery.limits.rates import DAY, HOUR, MINUTE, SECOND, Rate

RATES = st.builds(Rate, st.integers(1, 20_000), st.sampled_from([SECOND, MINUTE, HOUR, DAY]))
BURSTS = st.none() | st.integers(1, 5_000)
MOMENTS = st.lists(st.tuples(st.floats(0, 200), st.integers(1, 3_000)), min_size=1, max_size=60)


def history(bucket, steps, level=0.0):
    """(moment, messages granted) of a bucket that is asked for `wanted` messages after each pause."""
    moment, granted = 0.0, []
    for pause, wanted in steps:
        moment += pause
        found = allot([refilled(level, pause, bucket)], [Wish(wanted, (0,))])
        level = found.levels[0]
        granted.append((moment, found.granted[0]))
    return granted


def busiest(granted, window):
    """The most messages in any window of that many seconds, both ends counted."""
    return max(sum(count for at, count in granted if start <= at <= start + window) for start, _ in granted)


@given(RATES, BURSTS, MOMENTS)
def test_a_limit_by_minute_hour_or_day_holds_in_every_window_of_that_length(rate, burst, steps):
    bucket = bucket_of("k", rate, burst, "")
    allowed = rate.messages + (bucket.burst if rate.per_seconds == SECOND else 0)
    assert busiest(history(bucket, steps), rate.per_seconds) <= allowed


@given(RATES, BURSTS, MOMENTS, st.floats(0.1, 5_000))
def test_no_window_of_any_length_sees_more_than_its_rate_and_one_burst(rate, burst, steps, window):
    bucket = bucket_of("k", rate, burst, "")
    assert busiest(history(bucket, steps), window) <= bucket.rate * window + bucket.burst + 1e-6


@given(RATES, BURSTS)
def test_a_day_of_asking_as_told_uses_nearly_all_of_a_limit(rate, burst):
    bucket = bucket_of("k", rate, burst, "")
    level, moment, sent, asked = 0.0, 0.0, 0, 0
    while asked < 300:
        asked += 1
        pause = wait_seconds(10**9, level, bucket)
        moment += pause
        found = allot([refilled(level, pause, bucket)], [Wish(10**9, (0,))])
        level, sent = found.levels[0], sent + found.granted[0]
    assert sent >= 0.95 * bucket.rate * moment - bucket.burst


@given(RATES)
def test_the_usual_burst_costs_little_of_the_limit(rate):
    bucket = bucket_of("k", rate, None, "")
    assert bucket.burst == usual_burst(rate) or rate.per_seconds != SECOND
    assert bucket.rate * rate.per_seconds >= 0.95 * rate.messages


def test_one_message_a_minute_is_one_message_a_minute():
    granted = history(bucket_of("k", Rate(1, MINUTE), None, ""), [(1.0, 5)] * 300)
    moments = [at for at, count in granted if count]
    assert all(count <= 1 for _, count in granted)
    assert {round(later - earlier) for earlier, later in pairwise(moments)} <= {60, 61}


WISHES = st.lists(st.tuples(st.integers(1, 500), st.sets(st.integers(0, 3), min_size=1).map(sorted).map(tuple)), min_size=1, max_size=30)
LEVELS = st.lists(st.floats(-50, 600), min_size=4, max_size=4)


@given(LEVELS, WISHES)
def test_what_is_granted_was_wanted_and_was_there(levels, wishes):
    asked = [Wish(*one) for one in sorted(wishes)]
    found = allot(levels, asked)
    assert all(0 <= granted <= wish.wanted for granted, wish in zip(found.granted, asked, strict=True))
    for place, (before, after) in enumerate(zip(levels, found.levels, strict=True)):
        used = sum(granted for granted, wish in zip(found.granted, asked, strict=True) if place in wish.buckets)
        assert abs(before - used - after) < 1e-6
        assert after >= min(before, 0) - 1e-6


@given(LEVELS, WISHES)
def test_no_wish_could_get_one_message_more(levels, wishes):
    asked = [Wish(*one) for one in sorted(wishes)]
    found = allot(levels, asked)
    for granted, wish in zip(found.granted, asked, strict=True):
        assert granted == wish.wanted or min(found.levels[place] for place in wish.buckets) < 1


@given(st.floats(1, 1_000), st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_a_small_domain_is_served_before_a_large_one_takes_all(level, sizes):
    asked = [Wish(size, (0,)) for size in sorted(sizes)]
    fair = int(level / len(asked))
    assert all(granted >= min(wish.wanted, fair) for granted, wish in zip(allot([level], asked).granted, asked, strict=True))


@given(st.floats(0.01, 5_000), st.floats(1, 5_000), st.floats(-100, 5_000), st.integers(1, 10_000))
def test_whoever_waits_as_long_as_told_gets_something(rate, burst, level, rest):
    bucket = Bucket("k", rate, burst, "")
    later = refilled(level, wait_seconds(rest, level, bucket), bucket)
    assert allot([later], [Wish(rest, (0,))]).granted[0] >= 1


def test_a_clock_that_goes_back_fills_and_empties_nothing():
    bucket = Bucket("k", 10, 100, "")
    assert refilled(40, -3600, bucket) == 40


def test_a_wish_that_needs_no_bucket_is_granted_whole():
    assert allot([], [Wish(7, ())]).granted == [7]
