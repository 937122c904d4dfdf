"""A warm-up plan, kept by all senders together and stopped by complaints."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.delivery.limits import warmup
from syndication.delivery.limits.budgets import Reported
from syndication.delivery.limits.models import SendingDay, WarmUp

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NEWS = "news.example.org"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def plan():
    return WarmUp.objects.create(sender_domain=NEWS, started_on=NOW.date(), first_day=480, growth=1.5, ceiling=1_000, stops_at=0.003)


def today(now=NOW):
    return SendingDay.objects.get(sender_domain=NEWS, day=now.date())


def test_a_domain_without_a_plan_is_free():
    assert warmup.allowance(NEWS, NOW) is None
    assert warmup.take(NEWS, 10_000, NOW).granted == 10_000


def test_the_allowance_is_released_over_eight_hours_from_the_days_first_message(plan):
    assert warmup.allowance(NEWS, NOW) == 10
    assert warmup.take(NEWS, 900, NOW).granted == 10
    assert warmup.allowance(NEWS, NOW) == 0
    assert warmup.allowance(NEWS, NOW + HOUR) == 60
    assert warmup.take(NEWS, 900, NOW + 8 * HOUR).granted == 470
    assert warmup.take(NEWS, 900, NOW + 9 * HOUR).granted == 0


def test_nobody_is_told_to_wait_longer_than_an_hour(plan):
    warmup.take(NEWS, 900, NOW)
    assert warmup.take(NEWS, 900, NOW + timedelta(minutes=1)).wait.seconds == 540
    warmup.take(NEWS, 900, NOW + 8 * HOUR)
    assert warmup.take(NEWS, 900, NOW + 9 * HOUR).wait.seconds == 3600


def test_a_used_day_lets_the_next_one_grow(plan):
    warmup.note_sent(NEWS, 480, NOW)
    warmup.take(NEWS, 1, NOW + DAY)
    assert warmup.take(NEWS, 10_000, NOW + DAY + 8 * HOUR).granted == 719


def test_an_unused_day_does_not(plan):
    warmup.take(NEWS, 1, NOW + DAY)
    assert warmup.take(NEWS, 10_000, NOW + DAY + 8 * HOUR).granted == 479


def test_a_plan_that_reached_its_ceiling_limits_no_more(plan):
    for day, sent in enumerate((480, 720, 1_000)):
        warmup.note_sent(NEWS, sent, NOW + day * DAY)
    assert warmup.allowance(NEWS, NOW + 3 * DAY) is None
    assert warmup.take(NEWS, 50_000, NOW + 3 * DAY).granted == 50_000


def test_counts_of_a_day_add_up(plan):
    warmup.note_sent(NEWS, 300, NOW)
    warmup.note_sent(NEWS, 200, NOW)
    warmup.note_bounces(NEWS, 7, NOW)
    warmup.note_complaint(NEWS, NOW)
    assert (today().sent, today().bounces, today().complaints, today().granted) == (500, 7, 1, 0)


def test_what_was_not_sent_goes_back(plan):
    warmup.take(NEWS, 10, NOW)
    warmup.give_back(NEWS, 4, NOW)
    assert warmup.take(NEWS, 10, NOW).granted == 4
    warmup.give_back(NEWS, 5_000, NOW)
    assert today().granted == 10


def test_too_many_complaints_stop_the_plan_and_say_why(plan):
    warmup.note_sent(NEWS, 1_000, NOW)
    for _ in range(4):
        warmup.note_complaint(NEWS, NOW + HOUR)
    plan.refresh_from_db()
    assert plan.stopped_because == "4 complaints about 1,000 messages in 7 days are 0.40%, more than 0.30%"
    assert plan.stopped_at == NOW + HOUR
    found = warmup.take(NEWS, 10, NOW + HOUR)
    assert (found.granted, warmup.allowance(NEWS, NOW + HOUR)) == (0, 0)
    assert "4 complaints" in found.wait.because


def test_one_complaint_is_no_reason(plan):
    warmup.note_sent(NEWS, 150, NOW)
    warmup.note_complaint(NEWS, NOW)
    assert warmup.take(NEWS, 1, NOW).granted == 1


def test_complaints_about_few_messages_stop_the_plan_as_soon_as_they_prove_something(plan):
    warmup.note_sent(NEWS, 50, NOW)
    warmup.note_complaint(NEWS, NOW)
    warmup.note_complaint(NEWS, NOW)
    assert warmup.take(NEWS, 1, NOW).granted == 1
    warmup.note_sent(NEWS, 50, NOW + HOUR)
    assert warmup.take(NEWS, 1, NOW + HOUR).granted == 0


def test_a_complaint_about_a_domain_without_a_plan_is_only_counted():
    warmup.note_complaint(NEWS, NOW)
    assert today().complaints == 1


def test_what_senders_report_counts_for_the_day(limiter, plan):
    limiter.report(NEWS, {"gmail.com": Reported(3), "example.com": Reported(2, 0, 9)}, NOW)
    limiter.report(NEWS, {"example.com": Reported(0, 0, 9)}, NOW)
    assert today().sent == 5
