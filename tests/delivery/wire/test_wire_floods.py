"""421, floods, garbage and servers that are not there, against real sockets."""

import threading

import pytest
from endings import CHUNKING, PIPELINING, Again, at_the_dot, jobs_of
from scripted_server import serving
from smtp_model import Model, Notes, contents


def test_a_421_for_a_greeting_sends_us_away_once_until_it_is_staffed_again(serve, exchange_for, turn_until):
    model = Model()
    inner = serving(model, *PIPELINING)

    def script(peer, number):
        if number == 1:
            peer.say(b"421 4.3.2 too busy\r\n")
        else:
            inner(peer, number)

    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 4)
    turn_until(exchange, lambda: notes.aways)
    for _ in range(3):
        exchange.wake()
        exchange.turn(0.01)
    assert server.connections == 1
    assert notes.aways == [f"127.0.0.1:{server.port} greeted with 421 4.3.2 too busy."]
    exchange.staff(server.address(), 4)
    turn_until(exchange, lambda: len(notes.answers) == 2)


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING])
def test_a_421_after_every_third_message_loses_and_counts_nothing(offers, serve, exchange_for, turn_until):
    model = Model(most=3)
    server, notes = serve(serving(model, *offers)), Again(jobs_of(20))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: len(notes.answers) == 20)
    assert model.accepted == contents(jobs_of(20))
    assert not notes.losses
    assert not notes.aways
    assert server.connections >= 7


def test_what_one_line_gives_back_another_idle_one_takes_unasked(serve, exchange_for, turn_until):
    model, go = Model(), threading.Event()
    inner = serving(model, *CHUNKING)

    def script(peer, number):
        if number > 1:
            inner(peer, number)
            return
        peer.open(*CHUNKING)
        peer.hear(b"Subject: 1\r\n\r\nhello\r\n")
        go.wait(10)
        peer.say(b"250 ok\r\n250 ok\r\n421 4.3.2 enough\r\n")

    server, notes = serve(script), Again(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: exchange.ready_lines(server.address()) == 2)
    go.set()
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert notes.codes == {0: 421, 1: 250}
    assert notes.back == [1]


def test_nobody_listens(exchange_for, serve, turn_until):
    server, notes = serve(lambda _peer, _number: None), Notes(jobs_of(1))
    address = server.address()
    server.close()
    exchange = exchange_for(notes)
    exchange.staff(address, 3)
    turn_until(exchange, lambda: notes.aways)
    assert "Connection refused" in notes.aways[0]
    assert not notes.ends


def test_a_name_that_nobody_knows(exchange_for, serve, turn_until):
    notes = Notes(jobs_of(1))
    exchange = exchange_for(notes)
    server = serve(lambda _peer, _number: None).address()
    exchange.staff(type(server)("a" * 70 + ".invalid", 25), 1)
    turn_until(exchange, lambda: notes.aways)
    assert "cannot be found" in notes.aways[0]


@pytest.mark.parametrize("flood", [b"250-line\r\n" * 10_000, b"\xff\xfe garbage \x00\r\n", b"2" * 100_000, b"250 taken\r\n354 what\r\n250"])
def test_a_flood_or_garbage_after_the_dot_is_doubt_or_an_answer_and_the_others_go_on(flood, serve, exchange_for, turn_until):
    script = at_the_dot(lambda peer: (peer.say(flood), peer.wait_for_the_end()))
    server, notes = serve(script), Notes(jobs_of(6))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: len(notes.ends) == 6)
    if flood.startswith(b"250 taken"):
        assert notes.codes[0] == 250
    else:
        assert notes.losses.pop(0)[0] is True
    assert all(after_dot is False for after_dot, _ in notes.losses.values())
    assert set(notes.ends.values()) == {1}


def test_a_server_that_offers_bdat_and_does_not_know_it_gets_the_rest_by_data(serve, exchange_for, turn_until):
    model = Model()

    def script(peer, _number):
        peer.open(*CHUNKING)
        mine = Model(accepted=model.accepted)
        while part := peer.read():
            at = part.find(b"BDAT")
            if at >= 0:
                peer.say(mine.feed(part[:at]) + b"502 5.5.1 what?\r\n")
                return
            if said := mine.feed(part):
                peer.say(said)

    server, notes = serve(script), Notes(jobs_of(5))
    exchange = exchange_for(notes)
    exchange.staff(server.address(window=2), 1)
    turn_until(exchange, lambda: len(notes.ends) == 5)
    assert notes.losses[0][0] is False
    assert set(model.accepted) == {2, 3, 4}
