from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.outcome import (
    GIVE_UP_AFTER,
    LONGEST_WAIT,
    Answer,
    Stage,
    Tries,
    after_doubt,
    lost_after_dot,
    lost_before_dot,
    next_try_at,
    outcome_of,
)
from syndication.delivery.states import State

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def tries(attempts=1, since=NOW, now=NOW, jitter=0.0):
    return Tries(attempts, since, now, jitter)


@pytest.mark.parametrize(
    ("stage", "code", "state"),
    [
        (Stage.DOT, 250, State.DELIVERED),
        (Stage.RCPT, 550, State.BOUNCED),
        (Stage.DATA, 554, State.BOUNCED),
        (Stage.DOT, 554, State.BOUNCED),
        (Stage.MAIL, 550, State.FAILED),
        (Stage.MAIL, 451, State.DEFERRED),
        (Stage.RCPT, 450, State.DEFERRED),
        (Stage.DOT, 452, State.DEFERRED),
        (Stage.DOT, 421, State.DEFERRED),
    ],
)
def test_each_answer_has_its_state(stage, code, state):
    assert outcome_of(Answer(stage, code, "why"), tries()).state == state


def test_a_refusal_keeps_the_code_the_command_and_the_text():
    outcome = outcome_of(Answer(Stage.RCPT, 550, "5.1.1 No such user"), tries())
    assert (outcome.code, outcome.reply) == (550, "RCPT: 5.1.1 No such user")


def test_greylisting_is_waited_for_five_minutes_and_other_refusals_for_one():
    grey = outcome_of(Answer(Stage.RCPT, 451, "4.7.1 Greylisted, come back"), tries())
    other = outcome_of(Answer(Stage.RCPT, 451, "4.3.0 Later"), tries())
    assert (grey.due_at - NOW, other.due_at - NOW) == (timedelta(minutes=5), timedelta(minutes=1))


def test_waits_double_up_to_six_hours():
    waits = [next_try_at(tries(attempts=n)) - NOW for n in range(1, 12)]
    assert waits[:4] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=8)]
    assert waits[-1] == LONGEST_WAIT


def test_after_three_days_a_delivery_is_given_up_with_the_last_reply():
    outcome = outcome_of(Answer(Stage.RCPT, 452, "full"), tries(attempts=20, since=NOW - GIVE_UP_AFTER))
    assert outcome.state == State.FAILED
    assert outcome.reply == "given up after 3 days: RCPT: full"


def test_a_connection_lost_before_the_dot_is_tried_again_and_after_it_is_doubt():
    assert lost_before_dot("reset", tries()).state == State.DEFERRED
    assert lost_after_dot("reset").state == State.IN_DOUBT


def test_doubt_holds_a_campaign_and_gives_a_confirmation_one_more_try():
    assert after_doubt("campaign", 1) == State.HELD
    assert after_doubt("confirmation", 1) == State.DEFERRED
    assert after_doubt("confirmation", 2) == State.HELD


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_the_next_try_is_never_sooner_than_a_minute_nor_later_than_six_hours_and_a_tenth(attempts, jitter):
    wait = next_try_at(tries(attempts=attempts, jitter=jitter)) - NOW
    assert timedelta(minutes=1) <= wait <= LONGEST_WAIT * 1.1
