"""Going slower when a provider complains of speed, and faster again when it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.limits.adaptive import Seen, Throttled, faster, first_pace, is_burst, is_stale, may_rise, slower

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COUNTS = st.integers(0, 100_000)


def throttled(per_minute, complained=None, since=NOW):
    return Throttled(per_minute, complained or per_minute * 2, since, since, since)


@pytest.mark.parametrize(
    ("accepted", "complaints", "expected"),
    [(1000, 2, False), (1000, 40, False), (1000, 60, True), (0, 2, False), (0, 3, True), (50, 3, True), (5000, 0, False)],
)
def test_a_few_complaints_are_left_to_the_retries_and_a_burst_is_not(accepted, complaints, expected):
    assert is_burst(Seen(accepted, complaints, 60), is_throttled=False) is expected


@pytest.mark.parametrize(("accepted", "complaints", "expected"), [(0, 1, True), (4, 1, True), (5, 1, False), (10, 0, False)])
def test_at_a_slow_pace_one_complaint_in_five_is_a_burst(accepted, complaints, expected):
    assert is_burst(Seen(accepted, complaints, 60), is_throttled=True) is expected


def test_the_first_throttle_is_half_of_what_was_taken():
    found = first_pace(Seen(accepted=1_000, complaints=200, seconds=30), NOW)
    assert (found.per_minute, found.complained_per_minute) == (1_000, 2_000)


def test_a_provider_that_took_nothing_is_offered_a_sixteenth():
    assert first_pace(Seen(0, 1_600, 60), NOW).per_minute == 100


def test_a_second_complaint_halves_again_and_one_that_settles_does_not():
    one = throttled(1_000)
    settling = slower(one, NOW + timedelta(seconds=5))
    assert (settling.per_minute, settling.refused_at) == (1_000, NOW + timedelta(seconds=5))
    assert slower(one, NOW + MINUTE).per_minute == 500


def test_after_a_clean_minute_the_pace_rises_by_a_quarter():
    one = throttled(100)
    assert not may_rise(one, NOW + MINUTE - timedelta(seconds=1))
    assert may_rise(one, NOW + MINUTE)
    risen = faster(one, NOW + MINUTE)
    assert risen.per_minute == 125
    assert not may_rise(risen, NOW + MINUTE + timedelta(seconds=59))


def test_the_slowest_pace_rises_by_one_message_a_minute():
    assert faster(throttled(1), NOW).per_minute == 2


def test_a_pace_well_above_the_one_that_was_refused_needs_no_throttle():
    assert faster(throttled(170, complained=100), NOW + MINUTE) is None


def test_a_throttle_that_nothing_happened_to_for_a_day_is_stale():
    assert is_stale(throttled(1), NOW + timedelta(hours=24))
    assert not is_stale(throttled(1), NOW + timedelta(hours=23))


@given(COUNTS, COUNTS, st.floats(1, 60))
def test_no_pace_is_ever_under_one_message_a_minute(accepted, complaints, seconds):
    one, now = first_pace(Seen(accepted, complaints, seconds), NOW), NOW
    for _ in range(40):
        assert one.per_minute >= 1
        now += MINUTE
        one = slower(one, now)


@given(st.floats(1, 1_000_000))
def test_from_the_slowest_pace_every_provider_is_mended_within_two_hours(complained):
    one, now = throttled(1, complained), NOW
    for _ in range(120):
        now += MINUTE
        one = faster(one, now)
        if one is None:
            return
    raise AssertionError("still slow after two hours without a complaint")


def run_against(takes_per_minute, offered_per_minute, minutes):
    """A provider that refuses whatever is above its own pace, minute by minute; (sent, refused) of each minute."""
    one, now, history = None, NOW, []
    for _ in range(minutes):
        now += MINUTE
        tried = offered_per_minute if one is None else min(offered_per_minute, int(one.per_minute))
        accepted = min(tried, takes_per_minute)
        refused = tried - accepted
        history.append((accepted, refused))
        if refused and is_burst(Seen(accepted, refused, 60), is_throttled=one is not None):
            one = slower(one, now) if one else first_pace(Seen(accepted, refused, 60), now)
        elif refused and one:
            one = replace(one, refused_at=now)
        elif one and accepted and may_rise(one, now):
            one = faster(one, now)
    return history


@given(st.integers(1, 5_000), st.integers(1, 50_000))
def test_a_provider_with_a_pace_of_its_own_is_served_near_it_with_few_refusals(takes, offered):
    history = run_against(takes, offered, minutes=180)
    settled = history[30:]
    accepted, refused = (sum(column) for column in zip(*settled, strict=True))
    possible = min(takes, offered) * len(settled)
    assert accepted >= 0.45 * possible
    assert refused <= 0.35 * (accepted + refused) + len(settled)


@given(st.integers(1, 50_000))
def test_a_provider_that_takes_everything_is_never_slowed(offered):
    assert run_against(10**9, offered, minutes=30) == [(offered, 0)] * 30
