"""How a warm-up grows, spreads over the day, and stops."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.limits.ramp import RELEASE, SLICE, Day, Plan, allowed_after, complaint, next_release_seconds, released, step_of

START = date(2026, 11, 1)
PLAN = Plan(START, first_day=50, growth=1.5, ceiling=1_000)
PLANS = st.builds(Plan, st.just(START), st.integers(1, 10_000), st.floats(1, 5), st.integers(1, 1_000_000))


def days(*sent, start=START):
    return [Day(start + timedelta(days=number), count) for number, count in enumerate(sent)]


def test_each_used_day_allows_half_as_much_again():
    assert [allowed_after(PLAN, used) for used in range(9)] == [50, 75, 112, 168, 253, 379, 569, 854, 1_000]


def test_a_day_that_was_hardly_used_is_no_step():
    assert step_of(PLAN, days(50, 0, 0, 0, 0, 0, 0)).allowed == 75
    assert step_of(PLAN, days(50, 75)).allowed == 112
    assert step_of(PLAN, days(24)).allowed == 50
    assert step_of(PLAN, days(25)).allowed == 75


def test_days_before_the_start_do_not_count():
    assert step_of(PLAN, days(5_000, 5_000, start=START - timedelta(days=2))).used_days == 0


def test_the_plan_is_done_when_a_day_at_the_ceiling_was_used():
    used = [allowed_after(PLAN, number) for number in range(9)]
    assert not step_of(PLAN, days(*used[:8])).is_done
    assert step_of(PLAN, days(*used)).is_done


@given(PLANS, st.integers(0, 10_000))
def test_no_day_allows_nothing_or_more_than_the_ceiling(plan, used):
    assert 1 <= allowed_after(plan, used) <= plan.ceiling
    assert allowed_after(plan, used) <= allowed_after(plan, used + 1)


@given(PLANS, st.lists(st.integers(0, 100_000), max_size=40))
def test_a_plan_never_runs_ahead_of_the_calendar(plan, sent):
    assert step_of(plan, days(*sent)).used_days <= len(sent)
    assert step_of(plan, days(*sent)) == step_of(plan, reversed(days(*sent)))


@given(st.integers(1, 1_000_000), st.timedeltas(timedelta(), timedelta(hours=24)))
def test_a_day_is_released_evenly_and_whole_after_eight_hours(allowed, since):
    free = released(allowed, since)
    slices = min(48, 1 + since // SLICE)
    assert allowed * slices / 48 <= free < allowed * slices / 48 + 1
    assert (free == allowed) or since < RELEASE
    assert released(allowed, timedelta()) >= 1


def test_more_is_free_at_the_next_slice_and_after_the_last_at_midnight():
    first = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    assert next_release_seconds(first + timedelta(minutes=3), first, granted=5, allowed=100) == 7 * 60
    assert next_release_seconds(first, first, granted=5, allowed=100) == 600
    assert next_release_seconds(first + timedelta(hours=9), first, granted=100, allowed=100) == 6 * 3600
    assert next_release_seconds(first, first, granted=100, allowed=100) == 15 * 3600


@pytest.mark.parametrize(
    ("sent", "complaints", "stops"), [(1_000, 3, False), (1_000, 4, True), (99, 50, False), (100, 1, False), (100, 2, True)]
)
def test_complaints_stop_it_when_they_are_too_many_for_what_was_sent(sent, complaints, stops):
    assert bool(complaint([Day(START, sent, complaints)], stops_at=0.003)) is stops


def test_the_reason_counts_for_staff():
    assert (
        complaint([Day(START, 800, 3), Day(START, 12, 1)], 0.003) == "4 complaints about 812 messages in 7 days are 0.49%, more than 0.30%"
    )
