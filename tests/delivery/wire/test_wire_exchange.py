"""The exchange against real sockets: lines, rounds, bytes and time."""

import threading

import pytest
from scripted_server import serving
from smtp_model import Job, Model, Notes, Plan, contents, job

from syndication.delivery.parcel import Parcel
from syndication.environment import SmtpAddress

PIPELINING, CHUNKING = ("PIPELINING",), ("PIPELINING", "CHUNKING")
READY = b"250 ok\r\n250 ok\r\n354 go\r\n"


def jobs_of(count):
    return [job(number) for number in range(count)]


@pytest.mark.parametrize("offers", [("SIZE",), PIPELINING, CHUNKING])
@pytest.mark.parametrize("lines", [1, 4])
def test_many_messages_go_over_few_lines_with_the_bytes_that_were_given(offers, lines, serve, exchange_for, turn_until):
    jobs, model = jobs_of(100), Model(plans={number: Plan(rcpt=550) for number in range(0, 100, 7)})
    server = serve(serving(model, *offers))
    notes = Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(server.address(), lines)
    turn_until(exchange, lambda: sum(notes.ends.values()) == 100)
    assert model.accepted == contents([one for one in jobs if one.number % 7])
    assert [number for number, code in notes.codes.items() if code == 550] == [
        pytest.approx(number) for number in notes.codes if number % 7 == 0
    ]
    assert server.connections <= lines
    assert exchange.in_flight == 0
    assert set(notes.ends.values()) == {1}


def test_the_body_its_dot_and_the_next_envelope_arrive_in_one_read(serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open("PIPELINING")
        peer.read()
        peer.say(READY)
        peer.read()
        peer.say(b"250 taken\r\n" + READY)
        peer.read()
        peer.say(b"250 taken\r\n")
        peer.wait_for_the_end()

    server, notes = serve(script), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.answers) == 2)
    second = b"MAIL FROM:<from1@news.example.org>\r\nRCPT TO:<to1@example.org>\r\nDATA\r\n"
    assert server.peers[0].reads[1:4] == [
        b"MAIL FROM:<from0@news.example.org>\r\nRCPT TO:<to0@example.org>\r\nDATA\r\n",
        b"Subject: 0\r\n\r\nhello\r\n.\r\n" + second,
        b"Subject: 1\r\n\r\nhello\r\n.\r\n",
    ]


def test_with_chunking_the_whole_window_arrives_before_the_first_answer(serve, exchange_for, turn_until):
    def script(peer, _number):
        peer.open("PIPELINING", "CHUNKING")
        for number in range(4):
            peer.hear(b"Subject: %d\r\n\r\nhello\r\n" % number)
        peer.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            peer.read()
        peer.say(b"250 ok\r\n" * 16)
        peer.socket.settimeout(10)
        peer.wait_for_the_end()

    server, notes = serve(script), Notes(jobs_of(6))
    exchange = exchange_for(notes)
    exchange.staff(server.address(window=4), 1)
    turn_until(exchange, lambda: len(notes.answers) == 4)
    assert notes.begun[:4] == [0, 1, 2, 3]


def test_a_window_of_one_is_sent_by_data(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *CHUNKING)), Notes(jobs_of(3))
    exchange = exchange_for(notes)
    exchange.staff(server.address(window=1), 1)
    turn_until(exchange, lambda: len(notes.answers) == 3)
    assert b"DATA\r\n" in b"".join(server.peers[0].reads)


def test_notes_are_flushed_before_a_byte_of_their_message_is_written(serve, exchange_for, turn_until):
    flushed, heard = [], []

    class Careful(Notes):
        def flush(self):
            flushed.append(list(self.begun))

    def script(peer, _number):
        peer.open("PIPELINING")
        for number in range(3):
            peer.hear(b"DATA\r\n")
            peer.say(READY if number == 0 else b"250 taken\r\n" + READY)
            peer.hear(b"Subject: %d\r\n" % number)
            heard.append(number in flushed[-1])
        peer.wait_for_the_end()

    server, notes = serve(script), Careful(jobs_of(3))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(heard) == 3)
    assert heard == [True, True, True]


def test_when_the_notes_cannot_be_flushed_nothing_is_written_until_they_can(serve, exchange_for, turn_until):
    class FullDisk(Notes):
        is_full = True

        def flush(self):
            if self.begun and self.is_full:
                raise OSError("no space left")

    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), FullDisk(jobs_of(3))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    with pytest.raises(OSError, match="no space"):
        turn_until(exchange, lambda: False)
    with pytest.raises(OSError, match="no space"):
        exchange.turn(0.05)
    assert b"Subject" not in server.peers[0].heard + b"".join(server.peers[0].reads)
    notes.is_full = False
    turn_until(exchange, lambda: len(notes.answers) == 3)
    assert model.accepted == contents(jobs_of(3))


def test_when_the_notes_cannot_be_flushed_at_the_end_what_was_not_written_is_before_the_dot(serve, exchange_for, turn_until):
    class FullDisk(Notes):
        def flush(self):
            if self.begun and not self.losses:
                raise OSError("no space left")

    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), FullDisk(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    with pytest.raises(OSError, match="no space"):
        turn_until(exchange, lambda: False)
    exchange.close()
    assert notes.losses == {0: (False, "the sender was stopped")}
    assert notes.back == [1]
    assert model.accepted == {}


def test_a_server_that_reads_slowly_gets_everything_in_order(serve, exchange_for, turn_until):
    body = bytes(range(65, 91)) * 400_000
    go = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(READY)
        go.wait(10)
        got = peer.hear(b"\r\n.\r\n")
        peer.say(b"250 %d bytes\r\n" % len(got))
        peer.wait_for_the_end()

    server, notes = serve(script), Notes([Job(1, Parcel("a@example.org", "b@example.org", (b"x\r\n\r\n", body, b"\r\n")))])
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: notes.begun)
    exchange.turn(0.05)
    (line,) = exchange._lines.values()
    assert line.unsent_bytes > 0
    go.set()
    turn_until(exchange, lambda: notes.answers)
    assert notes.answers[1].text == f"{len(body) + 10} bytes"


def test_a_server_that_reads_slowly_gets_a_whole_window_in_order(serve, exchange_for, turn_until):
    jobs = [
        Job(number, Parcel(f"from{number}@e.org", f"to{number}@e.org", (b"%d\r\n" % number, b"y" * 400_000, b"\r\n")))
        for number in range(8)
    ]
    model, go = Model(), threading.Event()
    inner = serving(model, *CHUNKING)

    def script(peer, number):
        go.wait(10)
        inner(peer, number)

    server, notes = serve(script), Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    exchange.turn(0.05)
    go.set()
    turn_until(exchange, lambda: len(notes.answers) == 8)
    assert model.accepted == contents(jobs)


def test_one_line_is_opened_first_and_more_only_while_there_is_work(serve, exchange_for, turn_until):
    server, idle = serve(serving(Model(), *PIPELINING)), Notes([])
    exchange = exchange_for(idle)
    exchange.staff(server.address(), 8)
    for _ in range(5):
        exchange.turn(0.02)
    turn_until(exchange, lambda: exchange.ready_lines(server.address()) == 1)
    exchange.turn(0.02)
    assert server.connections == 1


def test_a_busy_server_gets_all_its_lines(serve, exchange_for, turn_until):
    go = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        go.wait(10)

    server, notes = serve(script), Notes(jobs_of(20))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 8)
    turn_until(exchange, lambda: exchange.ready_lines(server.address()) == 8)
    assert exchange.in_flight == 8
    go.set()


def test_idle_lines_stay_open_and_ask_again_when_woken(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 1)
    turn_until(exchange, lambda: len(notes.answers) == 2)
    second = Notes([job(5)])
    exchange.room = second
    exchange.turn(0)
    assert not second.ends
    exchange.wake()
    turn_until(exchange, lambda: second.answers)
    assert server.connections == 1


def test_while_a_line_is_idle_no_other_is_opened(serve, exchange_for, turn_until):
    server, notes = serve(serving(Model(), *PIPELINING)), Notes([])
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 5)
    for number in range(4):
        notes.left.append(job(number))
        exchange.wake()
        turn_until(exchange, lambda count=number + 1: len(notes.answers) == count)
        turn_until(exchange, lambda: exchange.ready_lines(server.address()) == len(exchange._lines))
    assert server.connections <= 2, "one for the job, one for others that might have come with it"


def test_surplus_lines_are_closed_with_a_quit(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(40))
    exchange = exchange_for(notes)
    exchange.staff(server.address(), 3)
    turn_until(exchange, lambda: len(notes.answers) == 40)
    exchange.staff(server.address(), 0)
    turn_until(exchange, lambda: not exchange._lines)
    used = [peer for peer in server.peers if b"MAIL" in b"".join(peer.reads)]
    turn_until(exchange, lambda: all(peer.reads[-1] == b"" for peer in used))
    assert all(peer.reads[-2].endswith(b"QUIT\r\n") for peer in used)


def test_two_servers_are_driven_by_one_loop(serve, exchange_for, turn_until):
    one, two = Model(), Model()
    first, second = serve(serving(one, *PIPELINING)), serve(serving(two, *CHUNKING))
    notes = Notes(jobs_of(60))
    exchange = exchange_for(notes)
    exchange.staff(first.address(), 2)
    exchange.staff(second.address(), 2)
    turn_until(exchange, lambda: len(notes.answers) == 60)
    assert one.accepted | two.accepted == contents(jobs_of(60))
    assert not one.accepted.keys() & two.accepted.keys()


def test_a_server_of_another_make_takes_it_all(smtp_server, exchange_for, turn_until):
    smtp_server.answer("to3@example.org", "550 5.1.1 No such user")
    jobs = jobs_of(20)
    notes = Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(SmtpAddress(smtp_server.host, smtp_server.port), 3)
    turn_until(exchange, lambda: len(notes.answers) == 20)
    taken = {one.recipients[0]: (one.sender, one.content) for one in smtp_server.messages}
    assert taken == {one.parcel.recipient: (one.parcel.sender, b"".join(one.parcel.message)) for one in jobs if one.number != 3}
    assert (notes.answers[3].code, notes.answers[3].text) == (550, "5.1.1 No such user")


def test_an_engine_may_turn_to_another_server_when_it_hears_that_one_is_away(serve, exchange_for, turn_until):
    model = Model()
    bad = serve(lambda peer, _number: peer.say(b"554 5.7.1 no\r\n"))
    good = serve(serving(model, *PIPELINING))

    class FailingOver(Notes):
        def away(self, server, why):
            super().away(server, why)
            exchange.staff(good.address(), 1)

    notes = FailingOver(jobs_of(5))
    exchange = exchange_for(notes)
    exchange.staff(bad.address(), 2)
    turn_until(exchange, lambda: len(notes.answers) == 5)
    assert model.accepted == contents(jobs_of(5))


def test_lmtp_is_spoken_where_the_address_says_so(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(is_lmtp=True), 1)
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert server.peers[0].reads[0] == b"LHLO news.example.org\r\n"


def test_a_name_with_several_addresses_is_tried_in_turn(serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING)), Notes(jobs_of(1))
    exchange = exchange_for(notes)
    address = server.address()
    real = (2, ("127.0.0.1", server.port))
    exchange._names._known[address.host, address.port] = (float("inf"), [(2, ("127.0.0.1", 1)), real])
    exchange.staff(address, 1)
    turn_until(exchange, lambda: notes.answers)
    assert not notes.aways


def test_without_a_mailroom_a_turn_says_what_is_missing(exchange_for):
    with pytest.raises(RuntimeError, match=r"set exchange\.room"):
        exchange_for(None).turn(0)
