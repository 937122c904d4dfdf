"""How sender processes share a server's connections."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.servers import lines
from syndication.delivery.servers.fair_lines import Holder, lines_for
from syndication.delivery.servers.models import ServerLines
from syndication.delivery.servers.routing import Server


@given(st.integers(1, 50), st.lists(st.integers(1, 30), min_size=1, max_size=8), st.lists(st.integers(0, 7), max_size=60))
def test_senders_that_ask_in_any_order_never_hold_too_many(most, wishes, asking):
    held = [0] * len(wishes)
    for one in asking:
        me = one % len(wishes)
        held[me] = lines_for(most, [Holder(*pair) for pair in zip(wishes, held, strict=True)], me)
        assert sum(held) <= most
        assert held[me] <= wishes[me]


@given(st.integers(1, 50), st.lists(st.integers(1, 30), min_size=1, max_size=8))
def test_after_two_rounds_nothing_is_left_over_and_nobody_has_far_more_than_the_others(most, wishes):
    held = [0] * len(wishes)
    for me in [*range(len(wishes)), *range(len(wishes))]:
        held[me] = lines_for(most, [Holder(*pair) for pair in zip(wishes, held, strict=True)], me)
    assert sum(held) == min(most, sum(wishes))
    modest = [got for got, wish in zip(held, wishes, strict=True) if got < wish]
    assert not modest or max(held) <= min(modest) + 1


def server(most, server_id=7):
    return Server(server_id, "relay", settings.SMTP, 1, most, 0)


@pytest.mark.django_db
@pytest.mark.database
class TestInSql:
    """The rows that senders share."""

    def test_one_sender_may_open_all_it_wants(self):
        assert lines.lease(server(10), "a", 6) == 6
        assert lines.lease(server(10), "a", 12) == 10

    def test_a_newcomer_gets_its_share_as_soon_as_the_first_one_asks_again(self):
        assert lines.lease(server(10), "a", 10) == 10
        assert lines.lease(server(10), "b", 10) == 0
        assert lines.lease(server(10), "a", 10) == 5
        assert lines.lease(server(10), "b", 10) == 5

    def test_each_server_is_shared_for_itself(self):
        assert lines.lease(server(3, server_id=0), "a", 3) == 3
        assert lines.lease(server(3, server_id=8), "a", 3) == 3

    def test_what_is_given_back_is_free(self):
        lines.lease(server(4), "a", 4)
        lines.give_back("a")
        assert lines.lease(server(4), "b", 4) == 4

    def test_what_a_dead_sender_held_is_free_after_a_minute(self):
        lines.lease(server(4), "a", 4)
        ServerLines.objects.update(until=datetime.now(UTC) - timedelta(seconds=1))
        assert lines.lease(server(4), "b", 4) == 4
