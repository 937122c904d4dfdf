import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.outcome import (
    GIVE_UP_SECONDS,
    GRID_SECONDS,
    LONGEST_WAIT_SECONDS,
    Answer,
    Stage,
    Tries,
    doubt,
    lost_before_dot,
    next_try_at,
    outcome_of,
    receipt,
)
from syndication.delivery.states import Doubt, State

NOW = 1_800_000_000


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


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2.0.0 Ok: queued as 4FzX2k1bQz", "4FzX2k1bQz"),
        ("OK id=1pXyZa-0003Kf-2B", "1pXyZa-0003Kf-2B"),
        ("2.0.0 Ok 0100018c-aaaa-bbbb-000000", "0100018c-aaaa-bbbb-000000"),
        ("2.0.0 taken", "2.0.0 taken"),
        ("", ""),
    ],
)
def test_of_a_positive_reply_the_number_is_kept_that_stands_in_the_servers_log(text, kept):
    assert outcome_of(Answer(Stage.DOT, 250, text), tries()).reply == kept


@given(st.text(max_size=2000))
def test_a_receipt_is_short_whatever_a_server_says(text):
    assert len(receipt(text)) <= 64


def test_greylisting_is_waited_for_five_minutes_and_other_refusals_for_one():
    answer = Answer(Stage.RCPT, 451, "4.7.1 Greylisted, come back")
    assert outcome_of(answer, tries(), is_greylisted=True).due_at - NOW == 300
    assert outcome_of(answer, tries()).due_at - NOW == 60


def test_waits_double_up_to_six_hours():
    waits = [next_try_at(tries(attempts=n)) - NOW for n in range(1, 12)]
    assert waits[:4] == [60, 120, 240, 480]
    assert waits[-1] == LONGEST_WAIT_SECONDS


def test_after_three_days_a_delivery_is_given_up_with_the_last_reply():
    outcome = outcome_of(Answer(Stage.RCPT, 452, "full"), tries(attempts=20, since=NOW - GIVE_UP_SECONDS))
    assert outcome.state == State.FAILED
    assert outcome.reply == "given up after 72 hours: RCPT: full"


def test_a_connection_lost_before_the_dot_is_tried_again():
    assert lost_before_dot("reset", tries()).state == State.DEFERRED


def test_doubt_is_held_or_tried_once_more_by_policy_and_never_twice_more():
    assert doubt("reset", tries(), Doubt.HOLD).state == State.HELD
    assert doubt("reset", tries(), Doubt.RETRY).state == State.DEFERRED
    assert doubt("reset", tries(attempts=2), Doubt.RETRY).state == State.HELD


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_the_next_try_is_never_sooner_than_a_minute_nor_later_than_six_hours_and_a_tenth(attempts, jitter):
    wait = next_try_at(tries(attempts=attempts, jitter=jitter)) - NOW
    assert 60 <= wait <= LONGEST_WAIT_SECONDS * 1.1 + GRID_SECONDS


@given(st.integers(NOW, NOW + 1000), st.floats(0, 0.999))
def test_the_retries_of_a_batch_come_together(now, jitter):
    assert next_try_at(Tries(1, NOW, now, jitter)) % GRID_SECONDS == 0
