"""Silence and trickles, against real sockets: each wait has a limit, and each job its one true end."""

import threading

import pytest
from endings import READY, at_the_dot, jobs_of
from scripted_server import GREETING
from smtp_model import Job, Notes, contents, job

from syndication.delivery.parcel import Parcel


def test_silence_after_the_dot_is_doubt_and_costs_one_slot(serve, exchange_for, turn_until):
    script = at_the_dot(lambda peer: peer.wait_for_the_end())
    server, notes = serve(script), Notes(jobs_of(10))
    exchange = exchange_for(notes, dot=0.3)
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: len(notes.ends) == 10)
    assert notes.losses == {0: (True, "the server gave no answer to the end of the message within 0.3 s")}
    assert script.model.accepted == contents(jobs_of(10)[1:])


@pytest.mark.parametrize(
    ("heard", "limit", "what"),
    [
        (b"", "mail", "MAIL"),
        (b"250 ok\r\n", "rcpt", "RCPT"),
        (b"250 ok\r\n250 ok\r\n", "data", "DATA"),
        (b"250 ok\r\n250 ok\r\n35", "data", "DATA"),
    ],
)
def test_silence_in_the_envelope_is_before_the_dot(heard, limit, what, serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(heard)
        peer.wait_for_the_end()

    server, notes = serve(script), Notes(jobs_of(1))
    exchange = exchange_for(notes, **{limit: 0.1})
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.ends)
    assert notes.losses == {0: (False, f"the server gave no answer to {what} within 0.1 s")}


def test_a_trickle_is_no_progress(serve, exchange_for, turn_until):
    over = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        while not over.wait(0.02):
            peer.say(b"2")

    server, notes = serve(script), Notes(jobs_of(1))
    exchange = exchange_for(notes, mail=0.3)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.ends)
    over.set()
    assert notes.losses[0][0] is False
    assert "MAIL within 0.3 s" in notes.losses[0][1]


@pytest.mark.parametrize(
    ("script", "limit", "what"),
    [
        (lambda peer, _number: peer.wait_for_the_end(), "greeting", "greeting"),
        (lambda peer, _number: (peer.say(GREETING), peer.wait_for_the_end()), "hello", "answer to EHLO"),
    ],
)
def test_silence_before_the_first_message_sends_us_away(script, limit, what, serve, exchange_for, turn_until):
    server, notes = serve(script), Notes(jobs_of(1))
    exchange = exchange_for(notes, **{limit: 0.1})
    exchange.staff(server.address(), 2)
    turn_until(exchange, lambda: notes.aways)
    assert what in notes.aways[0]
    assert not notes.ends
    assert len(notes.left) == 1


def test_a_server_that_reads_no_more_in_the_middle_of_a_message_is_left_before_the_dot(serve, exchange_for, turn_until):
    over = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        over.wait(10)

    server = serve(script)
    notes = Notes([Job(0, Parcel("a@example.org", "b@example.org", (b"z" * 10_000_000, b"\r\n"))), job(1)])
    exchange = exchange_for(notes, block=0.3)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.losses)
    over.set()
    assert notes.losses == {0: (False, "the server gave no room for the message within 0.3 s")}


def test_each_limit_begins_with_the_last_reply(serve, exchange_for, turn_until):
    never = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.hear(b"\r\n.\r\n")
        never.wait(0.5)  # longer than MAIL may take, which is asked in the same write
        peer.say(b"250 taken\r\n")
        never.wait(0.15)
        peer.say(READY)
        peer.hear(b"\r\n.\r\n")
        peer.say(b"250 taken\r\n")
        peer.wait_for_the_end()

    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes, mail=0.4)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.ends) == 2)
    assert notes.codes == {0: 250, 1: 250}
