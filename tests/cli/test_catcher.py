"""The mail catcher and its Maildir."""

import mailbox
import smtplib
import socket
import sys

import pytest
from support.homes import LiveHome
from support.waiting import wait_until

from syndication.cli.catcher import Maildir, trace_lines

MESSAGE = b"Subject: Hello\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n.dot at the start\r\n\xc3\xa4\r\n"


@pytest.fixture(scope="module")
def catcher(tmp_path_factory):
    """A real catcher process: (port, folder)."""
    folder = tmp_path_factory.mktemp("catcher")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    import os

    home = LiveHome(folder, {**os.environ, "SYNDICATION_HOME": str(folder)}, "")
    running = home.start(sys.executable, "-m", "syndication.cli.catcher", "--port", str(port))
    running.wait_for("ready on")
    yield port, folder / "mail"
    home.stop()


@pytest.fixture
def client(catcher):
    with smtplib.SMTP("127.0.0.1", catcher[0]) as connection:
        yield connection


def _caught(folder, recipient):
    paths = [path for path in (folder / "new").iterdir() if f"Delivered-To: {recipient}\r\n".encode() in path.read_bytes()[:500]]
    return [path.read_bytes() for path in paths]


@pytest.mark.processes
def test_the_exact_bytes_are_kept_below_the_envelope(catcher, client):
    client.sendmail("bounce+1@example.org", ["exact@example.org"], MESSAGE)
    assert _caught(catcher[1], "exact@example.org") == [trace_lines("bounce+1@example.org", "exact@example.org") + MESSAGE]


@pytest.mark.processes
def test_each_recipient_gets_a_copy(catcher, client):
    client.sendmail("a@example.org", ["one@example.org", "two@example.org"], MESSAGE)
    assert len(_caught(catcher[1], "one@example.org")) == len(_caught(catcher[1], "two@example.org")) == 1


@pytest.mark.processes
def test_a_mail_reader_opens_the_folder(catcher, client):
    client.sendmail("a@example.org", ["reader@example.org"], MESSAGE)
    found = [message for message in mailbox.Maildir(str(catcher[1])) if message["Delivered-To"] == "reader@example.org"]
    assert [message["Subject"] for message in found] == ["Hello"]


@pytest.mark.processes
def test_it_offers_what_our_sender_uses(client):
    client.ehlo()
    assert {"8bitmime", "smtputf8", "pipelining"} <= set(client.esmtp_features)
    assert client.esmtp_features["size"] == str(30 * 1024 * 1024)


@pytest.mark.processes
def test_an_international_address_is_kept(catcher, client):
    client.sendmail("a@example.org", ["grüße@example.org"], MESSAGE, mail_options=["SMTPUTF8"])
    assert len(_caught(catcher[1], "grüße@example.org")) == 1


@pytest.mark.processes
@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"Subject: x\r\n\r\nbare\nline\r\n", "5.6.0"),
        (b"Subject: x\r\n\r\nbare\rreturn\r\n", "5.6.0"),
        (b"Subject: x\r\n\r\n" + b"x" * 1200 + b"\r\n", "too long"),
    ],
    ids=["bare LF", "bare CR", "line over 998"],
)
def test_a_message_against_the_line_rules_is_refused_and_the_next_one_is_taken(catcher, client, body, answer):
    client.ehlo()
    client.mail("a@example.org")
    client.rcpt("strict@example.org")
    client.docmd("DATA")
    client.send(body + b".\r\n")
    code, words = client.getreply()
    assert (code // 100, answer in words.decode()) == (5, True)
    client.sendmail("a@example.org", [f"after-{len(body)}@example.org"], MESSAGE)
    assert len(_caught(catcher[1], f"after-{len(body)}@example.org")) == 1


@pytest.mark.processes
def test_a_line_end_trick_smuggles_no_second_message(catcher, client):
    client.ehlo()
    client.mail("a@example.org")
    client.rcpt("smuggled@example.org")
    client.docmd("DATA")
    client.send(b"Subject: x\r\n\r\ntext\n.\r\nMAIL FROM:<b@example.org>\r\n.\r\n")
    assert client.getreply()[0] == 550


@pytest.mark.processes
def test_a_broken_connection_stops_nothing(catcher, client):
    with socket.create_connection(("127.0.0.1", catcher[0])) as rude:
        rude.recv(100)
        rude.sendall(b"EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: half")
    client.sendmail("a@example.org", ["still@example.org"], MESSAGE)
    assert len(_caught(catcher[1], "still@example.org")) == 1


def test_names_never_meet(tmp_path):
    maildir = Maildir(tmp_path / "mail")
    for _ in range(300):
        maildir.keep(MESSAGE)
    assert len(list((tmp_path / "mail" / "new").iterdir())) == 300
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_only_this_user_reads_the_caught_mail(tmp_path):
    Maildir(tmp_path / "mail")
    assert (tmp_path / "mail" / "new").stat().st_mode & 0o777 == 0o700


@pytest.mark.processes
def test_sigterm_ends_it(tmp_path):
    import os

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    home = LiveHome(tmp_path, {**os.environ, "SYNDICATION_HOME": str(tmp_path)}, "")
    running = home.start(sys.executable, "-m", "syndication.cli.catcher", "--port", str(port))
    running.wait_for("ready on")
    running.process.terminate()
    wait_until(lambda: running.process.poll() is not None, seconds=5)
    assert running.process.returncode == 0
