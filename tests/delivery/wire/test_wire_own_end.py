"""Withdrawn jobs, our own end and an engine that raises, against real sockets."""

import threading

import pytest
from endings import CHUNKING, PIPELINING, at_the_dot, jobs_of
from scripted_server import serving
from smtp_model import Model, Notes, Plan


def test_a_withdrawn_job_drops_its_connection_without_a_dot_and_the_line_opens_again(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(6), withdrawn={2})
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.ends) == 6)
    assert notes.back == [2]
    assert set(model.accepted) == {0, 1, 3, 4, 5}
    assert server.connections == 2


def test_close_lets_what_is_begun_finish_within_the_grace(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(500))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: len(notes.answers) > 5)
    exchange.close(grace_seconds=10)
    assert exchange.in_flight == 0
    assert len(notes.ends) + len(notes.left) == 500
    assert not notes.losses
    assert set(notes.ends.values()) == {1}
    assert model.accepted.keys() == notes.answers.keys()


def test_close_types_what_is_on_its_way(serve, exchange_for, turn_until):
    script = at_the_dot(lambda peer: peer.wait_for_the_end())
    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.begun)
    exchange.turn(0.05)
    exchange.close()
    assert notes.losses == {0: (True, "the sender was stopped")}
    assert notes.back == [1]
    assert notes.flushes


def test_close_hears_an_answer_that_has_come_already(serve, exchange_for, turn_until):
    said = threading.Event()
    script = at_the_dot(lambda peer: (peer.say(b"250 taken\r\n"), said.set(), peer.wait_for_the_end()))
    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.begun)
    assert said.wait(5)
    exchange.close()
    assert notes.codes == {0: 250}
    assert notes.back == [1]


def test_close_with_chunking_types_the_whole_window(serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open(*CHUNKING)
        peer.wait_for_the_end()

    server, notes = serve(script), Notes(jobs_of(3))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.begun) == 3)
    exchange.close()
    assert {number: after_dot for number, (after_dot, _) in notes.losses.items()} == {0: True, 1: True, 2: True}


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING])
@pytest.mark.parametrize("call", ["next_job", "begin", "answered"])
def test_an_engine_that_raises_once_can_go_on_turning(call, offers, serve, exchange_for, turn_until):
    notes = Notes(jobs_of(30))
    usual, calls = getattr(notes, call), []

    def raising(*what):
        calls.append(what)
        if len(calls) == 12 and call != "answered":
            raise ValueError("the database is away")
        result = usual(*what)
        if len(calls) == 12:
            raise ValueError("the database is away")
        return result

    setattr(notes, call, raising)
    model = Model()
    server = serve(serving(model, *offers))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 2)
    with pytest.raises(ValueError, match="the database is away"):
        turn_until(exchange, lambda: False)
    turn_until(exchange, lambda: len(notes.ends) == 30)
    assert set(notes.ends.values()) == {1}
    for number in model.accepted:
        assert notes.codes.get(number) == 250 or notes.losses[number] == (True, "the sender stumbled (the database is away)")
    assert model.accepted.keys() >= {number for number, code in notes.codes.items() if code == 250}


def test_greylisted_and_refused_readers_slow_nobody(serve, exchange_for, turn_until):
    plans = {number: Plan(dot=421) for number in range(1, 60, 10)} | {number: Plan(rcpt=451) for number in range(0, 60, 3)}
    model = Model(plans=plans)
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(60))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 3)
    turn_until(exchange, lambda: len(notes.ends) == 60)
    assert {number for number, code in notes.codes.items() if code == 451} == set(range(0, 60, 3))
    assert not notes.losses
    assert not notes.aways
