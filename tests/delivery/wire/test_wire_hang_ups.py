"""Connections that break at every moment, against real sockets: doubt only after the dot."""

import socket
import struct
import threading

import pytest
from endings import CHUNKING, PIPELINING, READY, at_the_dot, jobs_of
from scripted_server import serving
from smtp_model import Job, Model, Notes, contents, job

from syndication.delivery.parcel import Parcel


def reset(peer):
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    "ending", [lambda _peer: None, reset, lambda peer: peer.say(b"250 2.0.0 que"), lambda peer: peer.say(b"250-2.0.0 queued\r\n")]
)
def test_a_hang_up_after_the_dot_is_doubt_and_the_others_go_on(ending, serve, exchange_for, turn_until):
    script = at_the_dot(ending)
    server, notes = serve(script), Notes(jobs_of(6))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.ends) == 6)
    assert {number: after_dot for number, (after_dot, _) in notes.losses.items()} == {0: True}
    assert script.model.accepted == contents(jobs_of(6)[1:])


def test_a_hang_up_in_the_middle_of_the_message_is_before_the_dot(serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.read()
        reset(peer)

    server = serve(script)
    notes = Notes([Job(0, Parcel("a@example.org", "b@example.org", (b"z" * 10_000_000, b"\r\n")))])
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.losses)
    assert notes.losses[0][0] is False


def test_a_refusal_in_the_middle_of_the_message_is_heard_though_the_server_hangs_up(serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.read()
        peer.say(b"552 5.3.4 too big\r\n")
        peer.socket.shutdown(socket.SHUT_WR)
        peer.wait_for_the_end()

    server = serve(script)
    notes = Notes([Job(0, Parcel("a@example.org", "b@example.org", (b"z" * 10_000_000, b"\r\n")))])
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.ends)
    assert notes.codes == {0: 552}


def test_what_the_server_said_before_a_write_failed_is_heard(serve, exchange_for, turn_until):
    go, gone = threading.Event(), threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        go.wait(10)
        peer.say(b"452 4.3.1 disk full\r\n")
        peer.socket.close()
        gone.set()

    class Watching(Notes):
        """Between the round's reading and its writing the server hangs up."""

        def flush(self):
            if self.begun and not go.is_set():
                go.set()
                gone.wait(10)
                (line,) = exchange._lines.values()
                line.socket.send(b"x")  # answered by a reset: the next write fails

    server, notes = serve(script), Watching(jobs_of(1))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.ends)
    assert notes.codes == {0: 452}


def test_a_connection_that_died_while_idle_is_opened_again_and_its_job_neither_lost_nor_counted(serve, exchange_for, turn_until):
    model, die = Model(), threading.Event()
    inner = serving(model, *PIPELINING)

    def script(peer, number):
        if number > 1:
            inner(peer, number)
            return
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.hear(b"\r\n.\r\n")
        peer.say(b"250 taken\r\n")
        die.wait(10)

    server, notes = serve(script), Notes(jobs_of(1))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.answers)
    die.set()
    server.threads[1].join(5)
    notes.left.append(job(1))
    exchange.wake()
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert server.connections == 2
    assert not notes.losses
    assert not notes.back
    assert not notes.aways


@pytest.mark.parametrize("offers", [PIPELINING, CHUNKING])
def test_a_connection_that_dies_when_it_is_used_again_harms_no_job(offers, serve, exchange_for, turn_until):
    model = Model()
    inner = serving(model, *offers)

    def script(peer, number):
        if number > 1:
            inner(peer, number)
            return
        peer.open(*offers)
        mine = Model(accepted=model.accepted)
        while not mine.accepted:
            peer.say(mine.feed(peer.read()))
        peer.read()  # the next envelope, or the proof of life

    server, notes = serve(script), Notes(jobs_of(1))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.answers)
    notes.left.extend([job(1), job(2)])
    exchange.wake()
    turn_until(exchange, lambda: len(notes.answers) == 3)
    assert server.connections == 2
    assert not notes.losses
    assert not notes.back


def test_a_line_that_was_idle_for_too_long_is_not_trusted(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(1))
    exchange = exchange_for(notes, idle=0.05)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.answers)
    turn_until(exchange, lambda: not exchange._lines)
    notes.left.append(job(1))
    exchange.wake()
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert server.connections == 2


def test_when_the_server_cannot_be_reached_again_the_waiting_job_is_returned(serve, exchange_for, turn_until):
    def script(peer, number):
        if number > 1:
            peer.say(b"421 4.3.2 closed for today\r\n")
            return
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.hear(b"\r\n.\r\n")
        peer.hear(b"DATA\r\n")
        peer.say(b"250 taken\r\n421 4.3.2 enough\r\n")

    server, notes = serve(script), Notes(jobs_of(3))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.aways)
    assert notes.codes == {0: 250}
    assert notes.back == [1]
    assert "421 4.3.2 closed for today" in notes.aways[0]
    assert exchange.in_flight == 0
