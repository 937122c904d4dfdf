"""The listener for returned mail: a real process on a real database, and everything rude that a stranger may do to it."""

import smtplib
import socket
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.waiting import wait_until

pytestmark = pytest.mark.processes

DOMAIN = "weekly.example.org"
ADDRESS = f"b+{'0a' * 22}@{DOMAIN}"
MAIL = b"From: MAILER-DAEMON@mx.example.net\r\nSubject: failure\r\n\r\n.dot at the start\r\n..two\r\nend\r\n"
ADD_PUBLICATION = f"""
import django; django.setup()
from syndication.articles.models import Publication
Publication.objects.create(slug="weekly", name="W", sender_name="W", sender_address="e@{DOMAIN}", mail_domain="{DOMAIN}")
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def home(_template, test_home):
    """An installation with one publication, for all tests here."""
    home = _template.new_home(Path(tempfile.mkdtemp(prefix="listener-", dir=test_home)) / "home")
    done = home.run(sys.executable, "-c", ADD_PUBLICATION)
    assert done.returncode == 0, done.stderr
    yield home
    home.stop()


def start(home, *options):
    """A listener with options: the process, and its port."""
    port = free_port()
    running = home.start(sys.executable, "-m", "syndication.cli.listener", "--port", str(port), *options)
    running.wait_for("ready on")
    return running, port


@pytest.fixture(scope="module")
def _port(home):
    return start(home)[1]


@pytest.fixture
def port(home, _port):
    """The port of a listener that has kept nothing yet."""
    home.sql("DELETE FROM syndication_inboundmail")
    return _port


def rows(home):
    return home.sql("SELECT sender, recipient, size_bytes, raw FROM syndication_inboundmail ORDER BY id")


def client(port):
    found = smtplib.SMTP("127.0.0.1", port, timeout=20)
    found.ehlo()
    return found


def say(port, *lines):
    """Speak raw SMTP: everything at once, then read until the server ends; what it said."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"".join(lines))
        said = b""
        while piece := connection.recv(65536):
            said += piece
        return said.decode()


def test_a_bounce_is_kept_exactly_before_it_is_confirmed(home, port):
    with client(port) as server:
        server.sendmail("", [ADDRESS], MAIL)
        assert [(sender, recipient, size, bytes(raw)) for sender, recipient, size, raw in rows(home)] == [("", ADDRESS, len(MAIL), MAIL)]


def test_everybody_else_is_told_at_once_that_nobody_is_here(home, port):
    with client(port) as server:
        answers = {}
        for address in (f"x@{DOMAIN}", "b+00@elsewhere.example.org", "reader@example.net", f"b+{'0' * 250}@{DOMAIN}"):
            server.mail("")
            answers[address] = server.rcpt(address)[0]
            server.rset()
        assert set(answers.values()) == {550}
        for address in ("postmaster", f"postmaster@{DOMAIN}", f"abuse@{DOMAIN}", f"u+{'0' * 44}@{DOMAIN}", ADDRESS.upper()):
            server.mail("")
            assert server.rcpt(address)[0] == 250
            server.rset()
    assert rows(home) == []


def test_the_same_mail_sent_again_is_kept_once(home, port):
    with client(port) as server:
        for _ in range(3):
            server.sendmail("", [ADDRESS], MAIL)
    assert len(rows(home)) == 1


def test_pipelined_messages_are_each_read_to_their_own_end(home, port):
    one = b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % ADDRESS.encode()
    said = say(port, b"EHLO x\r\n", one, b"Subject: 1\r\n\r\na\r\n.\r\n", one, b".\r\n", one, b"Subject: 3\r\n\r\nc\r\n.\r\n", b"QUIT\r\n")
    assert said.count("250 2.0.0 Kept") == 3
    assert [bytes(raw) for *_, raw in rows(home)] == [b"Subject: 1\r\n\r\na\r\n", b"", b"Subject: 3\r\n\r\nc\r\n"]


@pytest.mark.parametrize("cut", range(1, 6))
def test_an_end_that_comes_in_two_pieces_is_still_the_end(home, port, cut):
    with client(port) as server:
        server.mail("")
        server.rcpt(ADDRESS)
        server.docmd("DATA")
        text = b"Subject: x\r\n\r\ntext" + b"\r\n.\r\n"
        server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.sock.sendall(text[:-cut])
        server.sock.sendall(text[-cut:])
        assert server.getreply()[0] == 250
    assert [bytes(raw) for *_, raw in rows(home)] == [b"Subject: x\r\n\r\ntext\r\n"]


@pytest.mark.parametrize("trick", [b"\n.\r\n", b"\r\n.\n", b"\n.\n", b"\r.\r", b"\r\n.\r"])
def test_no_trick_with_line_ends_smuggles_a_second_message(home, port, trick):
    inner = b"MAIL FROM:<evil@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: smuggled\r\n\r\n" % ADDRESS.encode()
    outer = b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: outer\r\n\r\ntext" % ADDRESS.encode()
    said = say(port, outer + trick + inner, b"\r\n.\r\nQUIT\r\n")
    assert "550 5.6.0" in said
    assert "2.0.0 Kept" not in said
    assert rows(home) == []


def test_a_message_of_more_than_20_mb_is_refused_and_the_next_one_taken(home, port):
    with client(port) as server:
        assert server.esmtp_features["size"] == str(20 * 1024 * 1024)
        server.mail("")
        server.rcpt(ADDRESS)
        server.docmd("DATA")
        for _ in range(21):
            server.sock.sendall(b"x" * 1022 * 1024 + b"\r\n" * 1024)
        server.sock.sendall(b"\r\n.\r\n")
        assert server.getreply()[0] == 552
        server.sendmail("", [ADDRESS], MAIL)
    assert len(rows(home)) == 1


def test_a_declared_size_that_is_too_large_is_refused_before_it_is_sent(port):
    with client(port) as server:
        assert server.docmd("MAIL FROM:<> SIZE=99999999")[0] == 552


def test_who_never_ends_is_hung_up_on(port):
    with client(port) as server:
        server.mail("")
        server.rcpt(ADDRESS)
        server.docmd("DATA")
        with pytest.raises(OSError):
            server.sock.sendall(b"x" * (200 << 20))


def test_a_message_that_went_in_circles_is_refused(port):
    with client(port) as server, pytest.raises(smtplib.SMTPDataError, match=r"5\.4\.6"):
        server.sendmail("", [ADDRESS], b"Received: from a by b\r\n" * 51 + MAIL)


def test_a_large_message_keeps_what_is_read_of_it(home, port):
    picture = (
        b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD" * 19
        + (b"\r\n" + b"QUJD" * 19) * 40_000
        + b"\r\n"
    )
    mail = (
        b'Subject: failure\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        + picture
        + b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n"
        + b"Action: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    with client(port) as server:
        server.sendmail("", [ADDRESS], mail)
    [(_, _, size, raw)] = rows(home)
    assert size == len(mail)
    assert len(bytes(raw)) < 300_000
    assert b"Status: 5.1.1" in bytes(raw)


def test_lmtp_answers_for_each_recipient(home, port):
    other = ADDRESS.replace("0a", "0b")
    said = say(
        start(home, "--lmtp")[1],
        b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nRCPT TO:<nobody@%s>\r\nRCPT TO:<%s>\r\nDATA\r\n"
        % (ADDRESS.encode(), DOMAIN.encode(), other.encode()),
        MAIL.replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n",
    )
    assert said.count("250 2.0.0 Kept") == 2
    assert [recipient for _, recipient, *_ in rows(home)] == [ADDRESS, other]


def test_too_many_connections_are_told_to_come_back(port):
    held = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(50)]
    for one in held:
        assert one.recv(100).startswith(b"220")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as late:
        assert late.recv(100).startswith(b"421")
    held.pop().close()
    wait_until(lambda: _greeting(port).startswith(b"220"), seconds=10, what="room for one")
    for one in held:
        one.close()


def _greeting(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        return connection.recv(100)


def test_no_command_however_broken_ends_the_listener(port):
    rude = [
        b"\x00\xff\xfe\r\n",
        b"MAIL FROM:<" + b"a" * 400 + b">\r\n",
        b"MAIL FROM:<<>\r\n",
        b"RCPT TO:<\xe4@@>\r\n",
        b"EHLO " + b"x" * 5000 + b"\r\n",
        b"\r\n" * 30,
        b"DATA\r\n",
        b"MAIL FROM: <\r\n",
        b"MAIL FROM:<a@b;>\r\n",
    ]
    for line in rude:
        assert say(port, b"EHLO x\r\n", line, b"QUIT\r\n").startswith("220")
    with client(port) as server:
        server.sendmail("", [ADDRESS], MAIL)


def test_a_connection_that_breaks_off_leaves_nothing(home, port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\nSubject: half" % ADDRESS.encode())
        connection.recv(1000)
    with client(port) as server:
        server.sendmail("", [ADDRESS], MAIL)
    assert len(rows(home)) == 1


def test_many_at_once_are_all_kept(home, port):

    def send(number):
        with client(port) as server:
            for turn in range(5):
                server.sendmail("", [ADDRESS], b"Subject: %d-%d\r\n\r\ntext\r\n" % (number, turn))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(16)))
    assert len(rows(home)) == 80


def test_without_the_database_mail_is_not_confirmed_and_later_it_is(home, port):
    with client(port) as server:
        server.sendmail("", [ADDRESS], MAIL)
        home.sql("ALTER TABLE syndication_inboundmail RENAME TO away")
        with pytest.raises(smtplib.SMTPDataError, match=r"4\.3\.0"):
            server.sendmail("", [ADDRESS], MAIL + b"more\r\n")
        home.sql("ALTER TABLE away RENAME TO syndication_inboundmail")
        server.sendmail("", [ADDRESS], MAIL + b"more\r\n")
    assert len(rows(home)) == 2


def test_sigterm_ends_it(home):
    running, _ = start(home)
    running.process.terminate()
    assert running.process.wait(10) == 0
