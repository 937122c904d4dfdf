"""Against a real server (aiosmtpd) and a rude one that says exactly what a test scripts."""

import contextlib
import socket
import threading

import pytest

from syndication.delivery.outcome import Stage
from syndication.delivery.parcel import Parcel
from syndication.delivery.smtp import Connection, LostAfterDot, LostBeforeDot, ServerAway
from syndication.environment import SmtpAddress

MESSAGE = b"Subject: x\r\n\r\n.leading dot\r\nbody\r\n"
GREETING, EHLO = b"220 rude\r\n", b"250-rude\r\n250 PIPELINING\r\n"
NOTHING = b""  # read, then hang up
ENVELOPE = b"250 ok\r\n250 ok\r\n354 go\r\n"


def parcel(recipient="ada@example.org"):
    return Parcel("b+token@weekly.example.org", recipient, (MESSAGE,))


def connect(host, port, **options):
    return Connection(SmtpAddress(host, port, **options), host_name="test.example.org")


@pytest.fixture
def real(smtp_server):
    connection = connect(smtp_server.host, smtp_server.port)
    yield connection
    connection.close()


@pytest.fixture
def rude():
    """Gives a connection to a server that answers each read with the next part of its script, then hangs up."""
    opened = []

    def make(*script):
        listener = socket.create_server(("127.0.0.1", 0))

        def serve():
            with listener:
                client, _ = listener.accept()
                with client:
                    client.settimeout(5)
                    client.sendall(script[0])
                    with contextlib.suppress(OSError):
                        for part in script[1:]:
                            client.recv(65536)
                            client.sendall(part)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        connection = connect(*listener.getsockname())
        opened.append((connection, thread))
        return connection

    yield make
    for connection, thread in opened:
        connection.close()
        thread.join(5)


def test_a_message_arrives_with_the_bytes_that_were_given(real, smtp_server):
    answer = real.deliver(parcel())
    assert (answer.stage, answer.code) == (Stage.DOT, 250)
    (received,) = smtp_server.messages
    assert received.content == MESSAGE
    assert (received.sender, received.recipients) == ("b+token@weekly.example.org", ("ada@example.org",))


def test_one_connection_carries_many_messages(real, smtp_server):
    for number in range(20):
        real.deliver(parcel(f"r{number}@example.org"))
    assert len(smtp_server.messages) == 20
    assert smtp_server.connections == 1


def test_a_refused_recipient_does_not_spoil_the_connection(real, smtp_server):
    smtp_server.answer("no@example.org", "550 5.1.1 No such user")
    refused = real.deliver(parcel("no@example.org"))
    assert (refused.stage, refused.code, refused.text) == (Stage.RCPT, 550, "5.1.1 No such user")
    assert real.deliver(parcel()).code == 250
    assert smtp_server.connections == 1


def test_a_connection_that_died_while_idle_is_opened_again(real, smtp_server):
    real.deliver(parcel())
    smtp_server.answer("gone@example.org", "421 4.3.2 Closing")
    assert real.deliver(parcel("gone@example.org")).code == 421
    assert real.deliver(parcel()).code == 250
    assert smtp_server.connections == 2


def test_a_connection_dropped_in_the_envelope_is_lost_before_the_dot(rude):
    with pytest.raises(LostBeforeDot):
        rude(GREETING, EHLO, b"250 ok\r\n").deliver(parcel())


def test_a_connection_dropped_after_the_dot_is_doubt(rude):
    with pytest.raises(LostAfterDot):
        rude(GREETING, EHLO, ENVELOPE, NOTHING).deliver(parcel())


def test_rubbish_after_the_dot_is_doubt(rude):
    with pytest.raises(LostAfterDot, match="no SMTP reply"):
        rude(GREETING, EHLO, ENVELOPE, b"\xff\xfe thanks\r\n").deliver(parcel())


def test_rubbish_in_the_envelope_is_lost_before_the_dot(rude):
    with pytest.raises(LostBeforeDot, match="no SMTP reply"):
        rude(GREETING, EHLO, b"hello?\r\n").deliver(parcel())


def test_a_server_that_takes_data_in_spite_of_a_refused_recipient_gets_no_message(rude):
    connection = rude(GREETING, EHLO, b"250 ok\r\n550 no\r\n354 go\r\n", b"554 no valid recipients\r\n", b"250 reset\r\n")
    answer = connection.deliver(parcel())
    assert (answer.stage, answer.code) == (Stage.RCPT, 550)


def test_a_reply_of_many_lines_and_control_characters_becomes_one_clean_line(rude):
    answer = rude(GREETING, EHLO, b"550-no\x1b[31m\r\n" + b"550-more\r\n" * 50 + b"550 end\r\n250 ok\r\n503 no\r\n", b"250 r\r\n").deliver(
        parcel()
    )
    assert answer.code == 550
    assert "\x1b" not in answer.text
    assert "\n" not in answer.text


def test_a_closed_port_is_a_server_that_is_away():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    with pytest.raises(ServerAway, match=f"127.0.0.1:{port} cannot be reached"):
        connect(host, port).deliver(parcel())


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"421 later\r\n"])
def test_a_server_that_does_not_greet_is_away(rude, greeting):
    with pytest.raises(ServerAway):
        rude(greeting).deliver(parcel())


def test_nothing_goes_out_in_clear_when_the_server_lost_its_starttls(smtp_server):
    with pytest.raises(ServerAway, match="does not offer"):
        connect(smtp_server.host, smtp_server.port, tls="starttls").deliver(parcel())
    assert smtp_server.messages == []


def test_a_server_that_wants_no_password_from_us_is_away_not_a_bounce(smtp_server):
    with pytest.raises(ServerAway):
        connect(smtp_server.host, smtp_server.port, username="u", password="p").deliver(parcel())
    assert smtp_server.messages == []


def test_an_address_outside_ascii_goes_only_to_a_server_with_smtputf8(real, rude, smtp_server):
    assert real.takes("ü@example.org")
    assert real.deliver(parcel("ü@example.org")).code == 250
    assert smtp_server.messages[0].recipients == ("ü@example.org",)
    assert not rude(GREETING, EHLO).takes("ü@example.org")
