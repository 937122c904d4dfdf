"""TLS and passwords against real sockets: nothing goes to whom it should not."""

import base64
import contextlib
import ssl
import threading

import pytest
from scripted_server import offering, serving
from smtp_model import Job, Model, Notes, contents, job

from syndication.delivery.parcel import Parcel
from syndication.delivery.wire.tls import LARGEST_OVERHEAD_BYTES, Tls, unsent_plain_bytes

PIPELINING = ("PIPELINING",)


def jobs_of(count):
    return [job(number) for number in range(count)]


def why_away(exchange, notes, address, turn_until):
    exchange.staff(address, 3)
    turn_until(exchange, lambda: notes.aways)
    for _ in range(3):
        exchange.turn(0.01)
    assert len(notes.aways) == 1, "said once, then left closed until it is staffed again"
    assert not notes.ends
    assert exchange.in_flight == 0
    return notes.aways[0]


@pytest.mark.parametrize("highest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("offers", [PIPELINING, ("PIPELINING", "CHUNKING")])
def test_messages_go_over_tls_from_the_first_byte(highest, offers, serve, exchange_for, turn_until, authority):
    model, jobs = Model(), [job(number, b"x" * 40_000) for number in range(30)]
    server = serve(serving(model, *offers), tls=authority.context("127.0.0.1", highest=highest))
    notes = Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="implicit", ca_file=authority.file), 3)
    turn_until(exchange, lambda: len(notes.answers) == 30)
    assert model.accepted == contents(jobs)


def test_a_large_message_goes_over_tls_to_a_server_that_reads_slowly(serve, exchange_for, turn_until, authority):
    body, go = b"z" * 10_000_000, threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(b"250 ok\r\n250 ok\r\n354 go\r\n")
        go.wait(10)
        peer.say(b"250 %d bytes\r\n" % len(peer.hear(b"\r\n.\r\n")))
        peer.wait_for_the_end()

    server = serve(script, tls=authority.context("127.0.0.1"))
    notes = Notes([Job(1, Parcel("a@example.org", "b@example.org", (body, b"\r\n")))])
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="implicit", ca_file=authority.file), 1)
    turn_until(exchange, lambda: notes.begun)
    exchange.turn(0.05)
    (line,) = exchange._lines.values()
    assert line.unsent_bytes > 0
    go.set()
    turn_until(exchange, lambda: notes.answers)
    assert notes.answers[1].text == f"{len(body) + 5} bytes"


def over_starttls(context, model, *inside, injected=b""):
    def script(peer, _number):
        peer.open("STARTTLS", "PIPELINING")
        peer.hear(b"STARTTLS\r\n")
        peer.say(b"220 go\r\n" + injected)
        peer.start_tls(context)
        peer.hear(b"\r\n")
        peer.say(offering(*inside))
        inner_model = Model(accepted=model.accepted)
        while part := peer.read():
            if said := inner_model.feed(part):
                peer.say(said)

    return script


def test_messages_go_over_starttls(serve, exchange_for, turn_until, authority):
    model, jobs = Model(), jobs_of(20)
    server, notes = serve(over_starttls(authority.context("127.0.0.1"), model, "PIPELINING", "CHUNKING")), Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="starttls", ca_file=authority.file), 2)
    turn_until(exchange, lambda: len(notes.answers) == 20)
    assert model.accepted == contents(jobs)
    assert server.peers[0].reads[:2] == [b"EHLO news.example.org\r\n", b"STARTTLS\r\n"]


def test_what_is_injected_in_clear_behind_starttls_is_dropped(serve, exchange_for, turn_until, authority):
    model, jobs = Model(), jobs_of(3)
    injected = b"250-scripted\r\n250 AUTH PLAIN\r\n"
    server, notes = serve(over_starttls(authority.context("127.0.0.1"), model, "PIPELINING", injected=injected)), Notes(jobs)
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="starttls", ca_file=authority.file), 1)
    turn_until(exchange, lambda: len(notes.answers) == 3)
    assert model.accepted == contents(jobs)


def test_without_starttls_nothing_goes_out_in_clear(serve, exchange_for, turn_until):
    server, notes = serve(serving(Model(), *PIPELINING)), Notes(jobs_of(3))
    why = why_away(exchange_for(notes), notes, server.address(tls="starttls"), turn_until)
    assert "no STARTTLS" in why
    assert all(peer.reads[0] == b"EHLO news.example.org\r\n" for peer in server.peers)
    assert b"MAIL" not in b"".join(part for peer in server.peers for part in peer.reads)


def test_a_certificate_of_a_stranger_is_refused(serve, exchange_for, turn_until, authority, stranger):
    server, notes = serve(serving(Model(), *PIPELINING), tls=stranger.context("127.0.0.1")), Notes(jobs_of(3))
    why = why_away(exchange_for(notes), notes, server.address(tls="implicit", ca_file=authority.file), turn_until)
    assert "certificate that is not valid" in why
    assert "nothing was sent" in why


def test_a_certificate_of_another_host_is_refused(serve, exchange_for, turn_until, authority):
    server, notes = serve(serving(Model(), *PIPELINING), tls=authority.context("mail.example.org")), Notes(jobs_of(3))
    why = why_away(exchange_for(notes), notes, server.address(tls="implicit", ca_file=authority.file), turn_until)
    assert "127.0.0.1" in why


def test_a_certificate_that_has_run_out_is_refused(serve, exchange_for, turn_until, authority):
    server, notes = serve(serving(Model(), *PIPELINING), tls=authority.context("127.0.0.1", days=(-9, -2))), Notes(jobs_of(3))
    assert "expired" in why_away(exchange_for(notes), notes, server.address(tls="implicit", ca_file=authority.file), turn_until)


def test_a_bad_certificate_behind_starttls_is_refused(serve, exchange_for, turn_until, authority, stranger):
    model = Model()
    server, notes = serve(over_starttls(stranger.context("127.0.0.1"), model, "PIPELINING")), Notes(jobs_of(3))
    why = why_away(exchange_for(notes), notes, server.address(tls="starttls", ca_file=authority.file), turn_until)
    assert "certificate that is not valid" in why
    assert model.accepted == {}


def test_an_unverified_certificate_is_taken_only_when_the_url_says_so(serve, exchange_for, turn_until, stranger):
    model = Model()
    server, notes = serve(serving(model, *PIPELINING), tls=stranger.context("elsewhere.example.org")), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="implicit", is_verified=False), 1)
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert len(model.accepted) == 2


def test_a_port_that_speaks_no_tls_is_left_with_a_hint(serve, exchange_for, turn_until):
    server, notes = serve(serving(Model(), *PIPELINING)), Notes(jobs_of(1))
    assert "is it a port for TLS?" in why_away(exchange_for(notes), notes, server.address(tls="implicit"), turn_until)


def test_a_server_that_closes_in_the_middle_of_tls_is_left(serve, exchange_for, turn_until):
    server, notes = serve(lambda peer, _number: peer.read()), Notes(jobs_of(1))
    assert "in the middle of TLS" in why_away(exchange_for(notes), notes, server.address(tls="implicit"), turn_until)


def test_a_server_that_is_silent_in_tls_is_left(serve, exchange_for, turn_until):
    server, notes = serve(lambda peer, _number: peer.wait_for_the_end()), Notes(jobs_of(1))
    why = why_away(exchange_for(notes, connect=0.1), notes, server.address(tls="implicit"), turn_until)
    assert "connection within 0.1 s" in why


def test_authorities_that_cannot_be_read_are_named(serve, exchange_for, turn_until, tmp_path):
    (tmp_path / "empty.pem").write_text("")
    server, notes = serve(serving(Model(), *PIPELINING)), Notes(jobs_of(1))
    address = server.address(tls="implicit", ca_file=str(tmp_path / "empty.pem"))
    assert "empty.pem" in why_away(exchange_for(notes), notes, address, turn_until)


def test_a_connection_that_breaks_inside_tls_before_the_dot_was_out_is_no_doubt(serve, exchange_for, turn_until, authority):
    broken = threading.Event()

    def script(peer, _number):
        peer.open("PIPELINING")
        peer.hear(b"DATA\r\n")
        peer.say(b"250 ok\r\n250 ok\r\n354 go\r\n")
        broken.wait(10)

    server = serve(script, tls=authority.context("127.0.0.1"))
    notes = Notes([Job(1, Parcel("a@example.org", "b@example.org", (b"z" * 10_000_000, b"\r\n"))), job(2)])
    exchange = exchange_for(notes)
    exchange.staff(server.address(tls="implicit", ca_file=authority.file), 1)
    turn_until(exchange, lambda: notes.begun)
    exchange.turn(0.05)
    broken.set()
    turn_until(exchange, lambda: notes.losses)
    assert notes.losses[1][0] is False


# ---------------------------------------------------------------------- passwords
def with_auth(model, way, answers):
    """A server that asks for a password: hears `way`, then gives the answers, one a line."""

    def script(peer, _number):
        peer.open("PIPELINING", f"AUTH {way}")
        for answer in answers:
            peer.said.append(peer.hear(b"\r\n"))
            peer.say(answer)
        mine = Model(accepted=model.accepted)
        said = mine.feed(peer.heard)
        while True:
            if said:
                peer.say(said)
            if not (part := peer.read()):
                return
            said = mine.feed(part)

    def prepared(peer, number):
        peer.said = []
        script(peer, number)

    return prepared


@pytest.mark.parametrize(
    ("way", "auth", "answers", "says"),
    [
        ("PLAIN LOGIN", "", [b"235 ok\r\n"], [b"AUTH PLAIN " + base64.b64encode(b"\0me\0secret")]),
        ("LOGIN", "", [b"334 a\r\n", b"334 b\r\n", b"235 ok\r\n"], [b"AUTH LOGIN", base64.b64encode(b"me"), base64.b64encode(b"secret")]),
        ("PLAIN XOAUTH2", "xoauth2", [b"235 ok\r\n"], [b"AUTH XOAUTH2 " + base64.b64encode(b"user=me\x01auth=Bearer secret\x01\x01")]),
    ],
)
def test_each_way_of_auth_opens_the_line(way, auth, answers, says, serve, exchange_for, turn_until):
    model = Model()
    server, notes = serve(with_auth(model, way, answers)), Notes(jobs_of(2))
    exchange = exchange_for(notes)
    exchange.staff(server.address(username="me", password="secret", auth=auth), 1)
    turn_until(exchange, lambda: len(notes.answers) == 2)
    assert [line.strip() for line in server.peers[0].said] == says
    assert len(model.accepted) == 2


def test_a_wrong_password_sends_us_away_with_no_job_touched(serve, exchange_for, turn_until):
    server, notes = serve(with_auth(Model(), "PLAIN", [b"535 5.7.8 wrong\r\n"])), Notes(jobs_of(2))
    why = why_away(exchange_for(notes), notes, server.address(username="me", password="geheim"), turn_until)
    assert "535 5.7.8 wrong" in why
    assert "geheim" not in why
    assert len(notes.left) == 2


# ---------------------------------------------------------------------- arithmetic
@pytest.mark.parametrize("cipher_suite", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_records_are_never_larger_than_the_arithmetic_of_doubt_believes(cipher_suite, authority):
    context = authority.context("localhost", highest=cipher_suite)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(incoming, outgoing, server_side=True)
    client = Tls("localhost", is_verified=True, ca_file=str(authority.file))
    is_done = False
    while not is_done:
        is_done = client.shake_hands()
        incoming.write(client.to_send())
        with contextlib.suppress(ssl.SSLWantReadError):
            server.do_handshake()
        client.take(outgoing.read())
    for size in (1, 16_384, 16_385, 100_000):
        sealed = len(client.seal(b"x" * size))
        records = -(-size // 16_384)
        assert size < sealed <= size + LARGEST_OVERHEAD_BYTES * records
        assert 0 <= unsent_plain_bytes(sealed) <= size
    assert unsent_plain_bytes(LARGEST_OVERHEAD_BYTES) == 0
