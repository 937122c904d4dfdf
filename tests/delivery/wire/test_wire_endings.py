"""Silence, hang-ups, 421, floods and our own end, against real sockets: each job gets its one true end."""

import socket
import struct
import threading

import pytest
from scripted_server import GREETING, serving
from smtp_model import Job, Model, Notes, Plan, contents, job

from syndication.delivery.parcel import Parcel

PIPELINING, CHUNKING = ("PIPELINING",), ("PIPELINING", "CHUNKING")
READY = b"250 ok\r\n250 ok\r\n354 go\r\n"


def jobs_of(count):
    return [job(number) for number in range(count)]


def at_the_dot(then, *offers):
    """A server that takes the first message and does `then(peer)` instead of answering; later connections are good."""
    good = Model()
    inner = serving(good, *(offers or PIPELINING))

    def script(peer, number):
        if number > 1:
            inner(peer, number)
            return
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        peer.hear(b"hello\r\n.\r\n")
        then(peer)

    script.model = good
    return script


class Again(Notes):
    """Offers what is returned once more."""

    def returned(self, one):
        self.back.append(one.number)
        self.left.appendleft(one)


# ---------------------------------------------------------------------- silence
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


# ---------------------------------------------------------------------- hang-ups
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


# ---------------------------------------------------------------------- 421, floods, garbage
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


# ---------------------------------------------------------------------- withdrawal, detachment, our own end
def test_a_withdrawn_job_drops_its_connection_without_a_dot_and_the_line_opens_again(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(6), withdrawn={2})
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.ends) == 6)
    assert notes.back == [2]
    assert set(model.accepted) == {0, 1, 3, 4, 5}
    assert server.connections == 2


def test_lines_that_wait_are_detached_and_the_run_goes_on(serve, exchange_for, turn_until):
    answer = threading.Event()

    def slowly(peer):
        answer.wait(10)
        peer.say(b"250 at last\r\n" + READY)
        peer.wait_for_the_end()

    script = at_the_dot(slowly)
    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.begun)
    assert exchange.detach_waiting(older_than_seconds=60) is None
    slow = exchange.detach_waiting(older_than_seconds=0)
    assert slow.in_flight == 1
    assert exchange.in_flight == 0
    assert notes.back == [1], "its envelope waits behind the slow answer"
    notes.left.extend([job(5), job(6)])
    exchange.wake()
    turn_until(exchange, lambda: {5, 6} <= notes.codes.keys())
    answer.set()
    turn_until(slow, lambda: not slow.in_flight)
    assert notes.codes[0] == 250
    assert set(script.model.accepted) == {5, 6}
    assert not slow._lines, "the server waits for a message that must not come"
    slow.close()


def test_a_detached_line_works_for_the_room_that_it_is_given_and_takes_nothing_new(serve, exchange_for, turn_until):
    answer = threading.Event()

    def slowly(peer):
        answer.wait(10)
        peer.say(b"250 at last\r\n")
        peer.wait_for_the_end()

    server, first = serve(at_the_dot(slowly)), Notes(jobs_of(1))
    exchange = exchange_for(first)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: first.begun)
    slow = exchange.detach_waiting(older_than_seconds=0)
    second = Notes([job(7)])
    slow.room = second
    answer.set()
    turn_until(slow, lambda: not slow.in_flight)
    slow.turn(0)
    assert second.codes == {0: 250}
    assert len(second.left) == 1
    slow.close()


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
