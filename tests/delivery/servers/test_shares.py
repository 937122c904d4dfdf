"""How a batch is shared between servers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.servers.health import pause_seconds
from syndication.delivery.servers.shares import shares

WEIGHTS = st.dictionaries(st.integers(1, 50), st.integers(0, 1000), min_size=1, max_size=8)


@given(WEIGHTS, st.integers(0, 100_000), st.integers(-1000, 10**12))
def test_every_message_gets_a_server_and_each_server_its_share(weights, count, turn):
    given_out = shares(weights, count, turn)
    total = sum(weights.values())
    assert sum(given_out.values()) == count
    assert set(given_out) == set(weights)
    if total:
        assert all(abs(given_out[one] - count * weight / total) < 1 for one, weight in weights.items())


@given(
    st.dictionaries(st.integers(1, 9), st.integers(0, 12), min_size=1, max_size=5).filter(lambda one: any(one.values())), st.integers(0, 40)
)
def test_over_as_many_batches_as_the_weights_sum_each_server_gets_exactly_its_share(weights, count):
    total = sum(weights.values())
    rounds = [shares(weights, count, turn) for turn in range(total)]
    assert {one: sum(given_out[one] for given_out in rounds) for one in weights} == {one: count * weight for one, weight in weights.items()}


def test_single_messages_go_round():
    assert [max(shares({7: 1, 9: 1}, 1, turn).items(), key=lambda one: one[1])[0] for turn in range(4)] == [9, 7, 9, 7]


def test_a_server_of_weight_0_stands_by():
    assert shares({1: 3, 2: 0}, 100, 0) == {1: 100, 2: 0}
    assert shares({2: 0, 3: 0}, 100, 0) == {2: 50, 3: 50}


def test_without_a_server_nothing_can_be_shared():
    with pytest.raises(ValueError, match="no server"):
        shares({}, 1, 0)


def test_the_pause_doubles_from_five_seconds_to_a_minute():
    assert [pause_seconds(times) for times in (0, 1, 2, 3, 4, 5, 1000)] == [5, 10, 20, 40, 60, 60, 60]
