"""When a process stands still, by looks at made-up times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.standstill import FREEZE_SECONDS, Judge, Seen

STALL = 45
IDLE = Seen(0, {}, 0)
WAITING = Seen(0, {}, 3)


def verdicts(*looks: Seen) -> list[str]:
    """What a judge says of looks that are 5 s apart."""
    judge = Judge(STALL, 0)
    return [judge.judge(seen, 5.0 * number) for number, seen in enumerate(looks, 1)]


def test_an_idle_process_is_fine():
    assert not any(verdicts(*[IDLE] * 100))


def test_messages_that_wait_while_nothing_moves_are_a_standstill_after_its_time_and_not_before():
    said = verdicts(*[WAITING] * 10)
    assert said[:9] == [""] * 9
    assert said[9] == "3 messages wait and nothing has moved for 50 s"


def test_a_message_that_has_just_come_to_a_long_idle_process_is_no_standstill():
    assert not any(verdicts(*[IDLE] * 100, WAITING, *[IDLE] * 100, WAITING))


def test_messages_that_wait_behind_work_that_moves_are_no_standstill():
    assert not any(verdicts(*[Seen(number, {}, 1000) for number in range(100)]))


def test_a_task_that_begins_and_ends_nothing_is_a_standstill_though_others_move():
    said = verdicts(*[Seen(number, {"send 1": 0, f"tick {number}": 0}, 0) for number in range(11)])
    assert said[-1] == "the task send 1 has not moved for 50 s"
    assert not any(said[:9])


def test_a_long_task_that_says_that_it_moves_is_fine():
    assert not any(verdicts(*[Seen(number, {"send 1": number}, 5) for number in range(100)]))


def test_a_queue_server_that_is_away_is_no_standstill_and_the_clock_starts_again_when_it_is_back():
    stuck = Seen(0, {"send 1": 0}, 3)
    said = verdicts(*[stuck] * 8, Seen(0, {"send 1": 0}, None), *[stuck] * 9)
    assert not any(said[:-1])
    assert said[-1]


def test_a_process_that_was_frozen_itself_is_given_its_time_again():
    judge = Judge(STALL, 0)
    judge.judge(WAITING, 5)
    assert judge.judge(WAITING, 5 + FREEZE_SECONDS + STALL) == ""
    assert judge.judge(WAITING, 10 + FREEZE_SECONDS + STALL) == ""


LOOKS = st.builds(
    Seen, st.integers(0, 3), st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=3), st.none() | st.integers(0, 2)
)


@given(st.lists(LOOKS, max_size=40), st.floats(0.1, FREEZE_SECONDS - 0.1))
def test_nothing_is_judged_within_its_time(looks, apart):
    judge = Judge(STALL, 0)
    for number, seen in enumerate(looks, 1):
        verdict = judge.judge(seen, apart * number)
        assert not verdict or apart * number >= STALL


@pytest.mark.parametrize("waiting", [1, 10_000])
@given(before=st.lists(LOOKS, max_size=20))
def test_whatever_was_before_a_standstill_is_noticed(waiting, before):
    judge = Judge(STALL, 0)
    looks = [*before, *[Seen(9, {}, waiting)] * 12]
    assert [judge.judge(seen, 5.0 * number) for number, seen in enumerate(looks, 1)][-1]
