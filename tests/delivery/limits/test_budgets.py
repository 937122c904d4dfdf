"""When each of the messages that wait is asked for again."""

from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.limits.asking import asked, fair_shares, waits
from syndication.delivery.limits.buckets import allot
from syndication.delivery.limits.budgets import Grants, Wait
from syndication.delivery.limits.matching import Limit, Rules
from syndication.delivery.limits.rates import MINUTE, SECOND, Rate


def test_the_messages_that_wait_come_back_one_chunk_after_the_other():
    wait = Wait(2.0, "", chunk=10, rate=5.0)
    assert [wait.seconds_of(position) for position in (0, 9, 10, 25)] == [2.0, 2.0, 4.0, 6.0]


def test_nobody_sleeps_past_the_horizon():
    assert Wait(2.0, "", chunk=1, rate=1 / 60).seconds_of(500) == 600
    assert Wait(900.0, "").seconds_of(500) == 900


@given(st.floats(0.1, 5_000), st.integers(1, 500), st.floats(0.01, 1_000), st.integers(0, 10_000))
def test_a_later_message_never_comes_back_earlier(seconds, chunk, rate, position):
    wait = Wait(seconds, "", chunk, rate)
    assert seconds <= wait.seconds_of(position) <= wait.seconds_of(position + 1)


def wait_for(rate, wanted=1_000):
    """What a batch of that many messages is told by an empty bucket."""
    ask = asked(Rules([Limit("*", "gmail", rate)], [], {}).of("a.example"), {"gmail.com": wanted})
    return waits(ask, allot([0.0], ask.wishes))["gmail.com"]


def test_a_fast_limit_is_asked_again_within_a_second_so_that_messages_stay_at_hand():
    assert all(wait_for(Rate(messages, SECOND)).seconds < 1 for messages in (2, 20, 1_000))
    assert all(wait_for(Rate(messages, MINUTE)).seconds < 1 for messages in (120, 500, 60_000))


def test_a_slow_limit_spreads_the_messages_at_its_own_pace():
    wait = wait_for(Rate(10, MINUTE))
    assert (round(wait.seconds), wait.chunk) == (6, 1)
    assert round(wait.seconds_of(50)) == 6 + 50 * 6


def test_the_slowest_of_several_limits_sets_the_wait():
    rules = Rules([Limit("*", "gmail", Rate(10, MINUTE)), Limit("*", "*", Rate(100, SECOND))], [], {}).of("a.example")
    ask = asked(rules, {"gmail.com": 5, "example.com": 5})
    found = waits(ask, allot([0.0] * len(ask.buckets), ask.wishes))
    assert "to gmail" in found["gmail.com"].because
    assert "to" not in found["example.com"].because


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.integers(1, 500), min_size=1, max_size=12), st.integers(0, 3_000))
def test_an_allowance_is_shared_whole_and_fairly(wanted, count):
    shared = fair_shares(wanted, count)
    assert sum(shared.values()) == min(count, sum(wanted.values()))
    modest = [shared[domain] for domain in wanted if shared[domain] < wanted[domain]]
    assert not modest or max(shared.values()) <= max(modest) + len(wanted)


def test_grants_without_waits_are_all():
    assert Grants({"gmail.com": 3}).is_all
    assert not Grants({"gmail.com": 3}, {"gmail.com": Wait(1.0, "")}).is_all
