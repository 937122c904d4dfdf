"""Counting sign-ups: the script in Redis and the rule in memory agree, refusals count nowhere, a proof works once, Redis may be away."""

import pytest
import redis
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from syndication.audience.signup.counters import PREFIX, Counters, hashed
from syndication.audience.signup.limits import Answer, Attempt, Limits, LocalCounters, question

NOBODY = Attempt(form=1, address="a", domain="d", network="n")
LIMITS = Limits(address=2, network=4, domain=6, form=8, everything=10, proof=3, proof_all=5)


@pytest.fixture
def client(valkey_socket):
    client = redis.Redis(unix_socket_path=str(valkey_socket))
    yield client
    client.close()


@pytest.fixture
def counters(client):
    return Counters(client)


attempts = st.builds(
    lambda form, address, domain, network, proof: (Attempt(form, address, domain, network), proof),
    st.integers(1, 2),
    st.sampled_from("abcd"),
    st.sampled_from("xy"),
    st.sampled_from(["", "m", "n"]),
    st.sampled_from(["", "p", "q", "r"]),
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.lists(attempts, max_size=25))
def test_the_script_and_the_rule_in_memory_give_the_same_answers(client, counters, made):
    client.flushall()
    local = LocalCounters(share=1)
    for attempt, proof in made:
        asked = question(LIMITS, attempt, proof=proof, is_slow=proof == "r")
        there, here = counters.ask(asked), local.ask(asked, now=0.0)
        assert (there.limited_by, there.needs_proof) == (here.limited_by, here.needs_proof)


def test_who_is_refused_counts_nowhere(client, counters):
    asked = question(Limits(address=1, everything=3, proof=0, proof_all=0), NOBODY)
    assert [counters.ask(asked).is_welcome for _ in range(9)] == [True, *[False] * 8]
    others = [question(Limits(address=1, everything=3), Attempt(1, f"b{n}", "d")) for n in range(3)]
    assert [counters.ask(one).is_welcome for one in others] == [True, True, False]


def test_the_answer_says_what_is_full_and_for_how_long(counters):
    asked = question(Limits(address=1), NOBODY)
    counters.ask(asked)
    answer = counters.ask(asked)
    assert answer.limited_by == "address"
    assert 3500 < answer.wait_seconds <= 3600


def test_a_limit_of_zero_does_not_limit(counters):
    none = Limits(*[0] * 7)
    assert question(none, NOBODY).counters == ()
    assert all(counters.ask(question(none, NOBODY)).is_welcome for _ in range(30))


def test_an_unknown_network_is_not_one_network(counters):
    asked = [question(Limits(network=1), Attempt(1, f"a{n}", "d", "")) for n in range(3)]
    assert all(counters.ask(one).is_welcome for one in asked)


def test_every_key_ends_by_itself_and_holds_nothing_in_clear(client, counters):
    attempt = hashed(Attempt(1, "ada@example.org", "example.org", "203.0.113.0/24"))
    counters.ask(question(Limits(proof=1), attempt))
    counters.ask(question(Limits(proof=1), attempt))
    counters.ask(question(Limits(proof=1), attempt, proof="solved"))
    keys = [key.decode() for key in client.scan_iter()]
    assert any("attack" in key for key in keys)
    assert all(key.startswith(PREFIX) and client.ttl(key) > 0 for key in keys)
    assert not any(text in " ".join(keys) for text in ("@", "example", "203.0"))


def test_while_redis_is_away_each_process_lets_a_fourth_in_and_says_so_once(caplog):
    away = Counters(redis.Redis(unix_socket_path="/nowhere/valkey.sock"))
    asked = question(Limits(address=8, proof=0, proof_all=0), NOBODY)
    assert [away.ask(asked).is_welcome for _ in range(4)] == [True, True, False, False]
    assert len([one for one in caplog.records if "counted by each process alone" in one.message]) == 1


def test_in_memory_a_window_ends_and_old_ones_are_forgotten():
    local = LocalCounters(share=1)
    asked = question(Limits(address=1, proof=0, proof_all=0), NOBODY)
    assert local.ask(asked, 0.0) == Answer()
    assert local.ask(asked, 1800.0) == Answer(limited_by="address", wait_seconds=1800)
    assert local.ask(asked, 3600.0) == Answer()
    small = LocalCounters(share=1, most_kept=10)
    for number in range(100):
        small.ask(question(Limits(proof=0), Attempt(1, f"a{number}", "d")), 0.0)
    assert len(small.kept) < 20
