"""Points for mailboxes that refuse mail for now: they add up slowly and decay."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.bounces.score import STALE_AFTER, USUAL_THRESHOLD, Score, after_soft_bounce, is_enough, points_now

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def bounces(score, gap, count, *, arrived=0):
    moment = score.bounced_at or NOON - gap
    for _ in range(count):
        moment += gap
        score = after_soft_bounce(score, moment, arrived=arrived)
    return score


def test_the_first_bounce_is_half_a_point():
    assert after_soft_bounce(Score(), NOON, arrived=0) == Score(0.5, NOON)


def test_a_second_one_on_the_same_day_is_none():
    score = after_soft_bounce(Score(), NOON, arrived=0)
    assert after_soft_bounce(score, NOON + timedelta(hours=23), arrived=0) == score


def test_ten_bad_days_are_enough():
    assert not is_enough(bounces(Score(), DAY, 9), USUAL_THRESHOLD)
    assert is_enough(bounces(Score(), DAY, 10), USUAL_THRESHOLD)


def test_a_weekly_letter_to_a_full_mailbox_ends_too():
    assert is_enough(bounces(Score(), timedelta(days=7), 10), USUAL_THRESHOLD)


def test_mail_that_arrives_takes_points_off():
    score = bounces(Score(), DAY, 6)
    assert points_now(score, score.bounced_at + DAY, arrived=2) == 2.0


def test_a_mailbox_that_takes_every_other_mail_never_ends():
    assert not is_enough(bounces(Score(), 2 * DAY, 100, arrived=1), USUAL_THRESHOLD)


def test_a_week_in_which_mail_arrived_forgets_all():
    score = bounces(Score(), DAY, 9)
    assert points_now(score, score.bounced_at + STALE_AFTER, arrived=1) == 0


def test_half_a_year_of_silence_forgets_all():
    score = bounces(Score(), DAY, 9)
    assert points_now(score, score.bounced_at + timedelta(days=180), arrived=0) == 0


@given(
    st.floats(0, 100),
    st.timedeltas(timedelta(0), timedelta(days=400)),
    st.integers(0, 50),
)
def test_a_bounce_never_costs_more_than_half_a_point_and_points_are_never_owed(points, gap, arrived):
    after = after_soft_bounce(Score(points, NOON), NOON + gap, arrived=arrived)
    assert 0 <= after.points <= points + 0.5
