"""What a sender may send now, on a real Valkey and a real database."""

from datetime import UTC, datetime, timedelta

import pytest
import redis

from syndication.delivery.limits.budgets import Reported
from syndication.delivery.limits.limiter import Limiter
from syndication.delivery.limits.models import BucketPlace, ProviderDomain, SendingLimit, Throttle, WarmUp
from syndication.delivery.limits.redis_buckets import RedisBuckets

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NEWS = "news.example.org"


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def granted(limiter, wanted, seconds, sender=NEWS):
    return dict(limiter.grant(sender, wanted, later(seconds)).now)


class Unused(RedisBuckets):
    """Buckets that nobody may ask."""

    def __init__(self):
        """Need no server."""

    def take(self, request):
        raise AssertionError("Redis was asked though nothing is limited")

    put = take


@pytest.fixture
def cut_off(db):
    """A limiter whose Redis does not exist."""
    client = redis.Redis(unix_socket_path="/nowhere/valkey.sock", retry=None)
    yield Limiter(RedisBuckets(client))
    client.close()


def test_without_limits_everything_may_go_and_redis_is_not_asked():
    found = Limiter(Unused()).grant(NEWS, {"gmail.com": 900, "example.com": 1})
    assert (found.now, found.is_all) == ({"gmail.com": 900, "example.com": 1}, True)


def test_domains_without_a_limit_are_not_asked_about(limit):
    limit("gmail", "1/h")
    assert Limiter(Unused()).grant(NEWS, {"example.com": 5}).is_all


def test_a_limit_holds_for_all_domains_of_a_provider_and_for_nobody_else(limiter, limit):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    assert granted(limiter, {"gmail.com": 50, "googlemail.com": 4, "example.com": 900}, 1) == {
        "gmail.com": 6,
        "googlemail.com": 4,
        "example.com": 900,
    }


def test_the_rest_is_told_when_to_ask_again_and_why(limiter, limit):
    limit("gmail", "10/s")
    found = limiter.grant(NEWS, {"gmail.com": 50}, NOW)
    assert found.waits["gmail.com"].seconds == pytest.approx(0.5)
    assert found.waits["gmail.com"].because == "the limit of 10 a second for all mail to gmail"
    assert not found.is_all
    assert granted(limiter, {"gmail.com": 50}, 0.5) == {"gmail.com": 5}


def test_a_total_for_all_mail_is_shared_fairly(limiter, limit):
    limit("*", "100/s")
    granted(limiter, {"a.example": 1}, 0)
    assert granted(limiter, {"gmail.com": 900, "a.example": 1, "b.example": 30}, 1) == {"gmail.com": 69, "a.example": 1, "b.example": 30}


def test_each_sender_domain_has_its_own_budget_unless_the_limit_is_for_all(limiter, limit):
    limit("gmail", "10/s", sender=NEWS)
    granted(limiter, {"gmail.com": 1}, 0)
    assert granted(limiter, {"gmail.com": 50}, 1) == {"gmail.com": 10}
    assert granted(limiter, {"gmail.com": 50}, 1, sender="other.example.org") == {"gmail.com": 50}


def test_senders_share_a_limit_for_all_of_them(limiter, limit):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    assert granted(limiter, {"gmail.com": 7}, 1) == {"gmail.com": 7}
    assert granted(limiter, {"gmail.com": 7}, 1, sender="other.example.org") == {"gmail.com": 3}


def test_a_company_whose_mail_a_provider_takes_counts_there(limiter, limit):
    ProviderDomain.objects.create(domain="company.example", provider="gmail")
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    assert sum(granted(limiter, {"gmail.com": 50, "company.example": 50}, 1).values()) == 10


def test_what_was_not_sent_may_be_given_back(limiter, limit):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    granted(limiter, {"gmail.com": 10}, 1)
    limiter.give_back(NEWS, {"gmail.com": 4, "example.com": 9}, later(1))
    assert granted(limiter, {"gmail.com": 10}, 1) == {"gmail.com": 4}


def test_a_new_worker_knows_what_the_old_one_used(limiter, limit, valkey_socket):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    granted(limiter, {"gmail.com": 8}, 1)
    with redis.Redis(unix_socket_path=str(valkey_socket)) as client:
        assert granted(Limiter(RedisBuckets(client)), {"gmail.com": 50}, 1) == {"gmail.com": 2}


def test_redis_that_lost_everything_is_never_faster_than_the_limit(limiter, limit, valkey_socket):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    granted(limiter, {"gmail.com": 10}, 1)
    with redis.Redis(unix_socket_path=str(valkey_socket)) as client:
        client.flushall()
    assert granted(limiter, {"gmail.com": 50}, 1) == {"gmail.com": 0}
    assert granted(limiter, {"gmail.com": 50}, 1.5) == {"gmail.com": 5}


def test_wishes_for_nothing_are_harmless(limiter, limit):
    limit("*", "10/s")
    assert granted(limiter, {}, 0) == {}
    assert granted(limiter, {"gmail.com": 0}, 0) == {"gmail.com": 0}


# ---------------------------------------------------------------- Redis away


def test_without_redis_sending_goes_on_within_the_limit(cut_off, limit):
    limit("gmail", "10/s")
    assert granted(cut_off, {"gmail.com": 50, "example.com": 9}, 0) == {"gmail.com": 0, "example.com": 9}
    assert granted(cut_off, {"gmail.com": 50}, 3.5) == {"gmail.com": 5}
    assert granted(cut_off, {"gmail.com": 50}, 1000) == {"gmail.com": 10}


def test_senders_that_reach_redis_and_senders_that_do_not_share_one_limit(limiter, cut_off, limit):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    granted(cut_off, {"gmail.com": 1}, 0)
    limiter._rulebook.forget()  # two seconds later
    assert granted(limiter, {"gmail.com": 6}, 4) == {"gmail.com": 6}
    assert granted(cut_off, {"gmail.com": 6}, 4) == {"gmail.com": 4}


def test_when_redis_is_back_for_all_the_buckets_there_start_empty(limiter, cut_off, limit):
    limit("gmail", "10/s")
    granted(limiter, {"gmail.com": 1}, 0)
    granted(cut_off, {"gmail.com": 1}, 0)
    BucketPlace.objects.update(in_sql_until=NOW)  # nobody missed Redis lately
    limiter._rulebook.forget()
    assert granted(limiter, {"gmail.com": 50}, 100) == {"gmail.com": 0}
    assert granted(limiter, {"gmail.com": 50}, 103.5) == {"gmail.com": 5}


def test_unused_grants_find_their_way_back_into_sql_too(cut_off, limit):
    limit("gmail", "10/s")
    granted(cut_off, {"gmail.com": 1}, 0)
    granted(cut_off, {"gmail.com": 10}, 4)
    cut_off.give_back(NEWS, {"gmail.com": 3}, later(4))
    assert granted(cut_off, {"gmail.com": 10}, 4) == {"gmail.com": 3}


def test_giving_back_to_a_redis_that_just_went_away_is_no_error(cut_off, limit):
    limit("gmail", "10/s")
    cut_off.give_back(NEWS, {"gmail.com": 3}, NOW)


# ---------------------------------------------------------------- throttles


def pace(sender=NEWS, provider="gmail"):
    return Throttle.objects.get(sender_domain=sender, provider=provider).per_minute


SLOW_DOWN = "4.7.28 unusual rate of mail"


def test_a_burst_of_complaints_halves_what_the_provider_took(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(accepted=500)}, later(0))
    limiter.report(NEWS, {"gmail.com": Reported(accepted=400), "googlemail.com": Reported(0, 100, text=SLOW_DOWN)}, later(20))
    throttle = Throttle.objects.get()
    assert (throttle.sender_domain, throttle.provider, throttle.because) == (NEWS, "gmail", SLOW_DOWN)
    assert 300 <= throttle.per_minute <= 900 * 60 / 2


def test_a_throttle_holds_the_provider_and_nobody_else(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(100, 50, text=SLOW_DOWN)}, later(0))
    Throttle.objects.update(per_minute=60)
    limiter._rulebook.forget()
    found = limiter.grant(NEWS, {"googlemail.com": 50, "yahoo.com": 800}, later(1))
    assert found.now == {"googlemail.com": 0, "yahoo.com": 800}
    assert SLOW_DOWN in found.waits["googlemail.com"].because
    assert granted(limiter, {"googlemail.com": 50}, 3) == {"googlemail.com": 2}
    assert granted(limiter, {"gmail.com": 50}, 3, sender="other.example.org") == {"gmail.com": 50}


def test_more_complaints_halve_again_down_to_one_message_a_minute(limiter):
    for number in range(20):
        limiter.report(NEWS, {"gmail.com": Reported(0, 50, text=SLOW_DOWN)}, later(20 * number))
    assert pace() == 1


def test_complaints_that_come_at_once_from_several_senders_halve_once(limiter, valkey_socket):
    with redis.Redis(unix_socket_path=str(valkey_socket)) as client:
        other = Limiter(RedisBuckets(client))
        limiter.report(NEWS, {"gmail.com": Reported(0, 1600, text=SLOW_DOWN)}, later(0))
        before = pace()
        other.report(NEWS, {"gmail.com": Reported(0, 1600, text=SLOW_DOWN)}, later(1))
    assert pace() == before


def test_accepted_mail_lets_the_pace_rise_each_clean_minute_until_the_throttle_goes(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(0, 1600, text=SLOW_DOWN)}, later(0))
    first = pace()
    limiter.report(NEWS, {"gmail.com": Reported(10)}, later(30))
    assert pace() == first
    limiter.report(NEWS, {"gmail.com": Reported(10)}, later(61))
    assert pace() == pytest.approx(first * 1.25)
    for minute in range(2, 12):
        limiter.report(NEWS, {"gmail.com": Reported(10)}, later(61 * minute))
    assert not Throttle.objects.exists()


def test_a_single_complaint_keeps_the_pace_from_rising(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(0, 1600, text=SLOW_DOWN)}, later(0))
    first = pace()
    limiter.report(NEWS, {"gmail.com": Reported(50, 1, text=SLOW_DOWN)}, later(50))
    limiter.report(NEWS, {"gmail.com": Reported(50)}, later(70))
    assert pace() == first


def test_greylisting_and_full_mailboxes_slow_nobody(limiter):
    for number in range(5):
        limiter.report(NEWS, {"gmail.com": Reported(accepted=0, other_4xx=500)}, later(20 * number))
    assert not Throttle.objects.exists()


def test_a_few_complaints_slow_nobody(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(1000, 2, text=SLOW_DOWN)}, later(0))
    assert not Throttle.objects.exists()


def test_a_throttle_outlives_redis_and_the_worker(limiter, valkey_socket):
    limiter.report(NEWS, {"gmail.com": Reported(0, 16, text=SLOW_DOWN)}, later(0))
    with redis.Redis(unix_socket_path=str(valkey_socket)) as client:
        client.flushall()
        assert granted(Limiter(RedisBuckets(client)), {"gmail.com": 50}, 1) == {"gmail.com": 0}


def test_a_throttle_of_yesterday_is_forgotten(limiter):
    limiter.report(NEWS, {"gmail.com": Reported(0, 16, text=SLOW_DOWN)}, later(0))
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    Throttle.objects.update(slowed_at=yesterday, refused_at=yesterday, raised_at=yesterday)
    limiter._rulebook.forget()
    assert granted(limiter, {"gmail.com": 50}, 1) == {"gmail.com": 50}
    assert not Throttle.objects.exists()


# ---------------------------------------------------------------- warm-up


@pytest.fixture
def warming(db):
    WarmUp.objects.create(sender_domain=NEWS, started_on=NOW.date(), first_day=480, growth=1.5, ceiling=100_000, stops_at=0.003)


def test_a_warm_up_caps_all_mail_of_its_sender_domain(limiter, warming):
    found = limiter.grant(NEWS, {"gmail.com": 900, "example.com": 3}, NOW)
    assert found.now == {"gmail.com": 7, "example.com": 3}
    assert found.waits["gmail.com"].seconds == 600
    assert found.waits["gmail.com"].because == f"the warm-up of {NEWS} allows 480 messages today, spread over the day"
    assert "example.com" not in found.waits
    assert granted(limiter, {"gmail.com": 900}, 0, sender="old.example.org") == {"gmail.com": 900}


def test_what_other_limits_leave_of_the_allowance_may_be_taken_later(limiter, warming, limit):
    limit("gmail", "4/s")
    granted(limiter, {"gmail.com": 900}, 0)
    assert granted(limiter, {"gmail.com": 900}, 1) == {"gmail.com": 4}
    assert granted(limiter, {"example.com": 900}, 1) == {"example.com": 6}


def test_unused_allowance_may_be_given_back(limiter, warming):
    granted(limiter, {"example.com": 900}, 0)
    limiter.give_back(NEWS, {"example.com": 4}, NOW)
    assert granted(limiter, {"example.com": 900}, 0) == {"example.com": 4}


def test_limits_that_were_set_while_sending_count_within_two_seconds(limiter, limit):
    assert limiter.grant(NEWS, {"gmail.com": 50}).is_all
    limit("gmail", "1/h")
    limiter._rulebook.forget()  # what two seconds do
    assert not limiter.grant(NEWS, {"gmail.com": 50}).is_all
    SendingLimit.objects.all().delete()
    limiter._rulebook.forget()
    assert limiter.grant(NEWS, {"gmail.com": 50}).is_all
