"""A mailbox is read by IMAP and POP3 from a real Dovecot; nothing is marked or deleted that is not kept here."""

import logging
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.dovecot import PASSWORD, USER, Dovecot, find_dovecot
from support.returned_mail import bounce_address, dsn

from syndication.delivery.bounces.mailbox.fetch import fetch
from syndication.inbound_environment import mailbox

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.processes,
    pytest.mark.skipif(not find_dovecot(), reason="no Dovecot found; install the Debian packages dovecot-imapd and dovecot-pop3d"),
]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _server():
    server = Dovecot(Path(tempfile.mkdtemp(prefix="dovecot-")))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def server(_server):
    _server.empty()
    return _server


@pytest.fixture
def told(caplog):
    """What the log says, also where a worker of an earlier test has set logging up in this process."""
    log = logging.getLogger("syndication.bounces")
    was_off, log.disabled = log.disabled, False
    log.addHandler(caplog.handler)
    yield caplog
    log.removeHandler(caplog.handler)
    log.disabled = was_off


def look(server, scheme="imap", options=""):
    url = f"{scheme}://{USER.replace('@', '%40')}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{getattr(server, scheme)}{options}"
    return fetch(lambda: NOW, mailbox(url))


def kept():
    from syndication.delivery.bounces.models import InboundMail

    return InboundMail.objects.order_by("pk")


def mail(number=1, more=""):
    return dsn(headers=f"Return-Path: <>\nX-Number: {number}\n{more}").replace(b"\n", b"\r\n")


def flags(server, folder=""):
    return [re.sub(r"^.*:2,|^[^:]*$", "", name) for name in server.files(folder)]


def test_a_mail_is_kept_and_marked_as_seen_and_not_fetched_again(server):
    server.put("one", mail())
    assert look(server) == 1
    assert (bytes(kept().get().raw), kept().get().sender, flags(server)) == (mail(), "", ["S"])
    assert look(server) == 0


def test_a_bounce_from_a_mailbox_acts_by_the_token_in_its_fields(server, made, suppressed):
    from syndication.delivery.bounces.read_inbound import read_inbound

    server.put("one", mail(more=f"Delivered-To: {bounce_address(made)}\n"))
    look(server)
    read_inbound(lambda: NOW)
    assert suppressed() == [("bounced", None)]


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_what_is_kept_is_deleted_there_when_that_is_wished(server, scheme):
    for number in range(3):
        server.put(f"m{number}", mail(number))
    assert look(server, scheme, "?done=delete") == 3
    assert server.files() == []
    assert kept().count() == 3


def test_what_is_kept_is_moved_into_a_folder_when_that_is_wished(server):
    server.put("one", mail())
    assert look(server, options="/INBOX?done=move&folder=Read") == 1
    assert (server.files(), len(server.files("Read"))) == ([], 1)


@pytest.mark.parametrize(("scheme", "options"), [("imap", ""), ("imap", "?done=delete"), ("pop3", "")])
def test_what_cannot_be_kept_stays_as_it_was(server, monkeypatch, scheme, options):
    from django.db import OperationalError

    from syndication.delivery.bounces.mailbox import fetch as module

    def away(*_):
        raise OperationalError("the disk is full")

    server.put("one", mail())
    with monkeypatch.context() as patched:
        patched.setattr(module, "keep", away)
        assert look(server, scheme, options) == 0
    assert len(server.files()) == 1
    assert set(flags(server)) <= {"" if scheme == "imap" else "S"}  # a POP3 server marks itself what it has shown
    assert look(server, scheme, options) == 1


def test_a_mail_that_is_too_large_stays_and_the_others_are_fetched(server, monkeypatch):
    from syndication.delivery.bounces.mailbox import session as module

    monkeypatch.setattr(module, "LARGEST_MESSAGE", 2000)
    server.put("a", mail() + b"x" * 3000)
    server.put("b", mail(2))
    assert look(server) == 1
    assert sorted(flags(server)) == ["", "S"]


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_the_same_mail_fetched_twice_is_kept_once(server, scheme):
    server.put("one", mail())
    server.put("two", mail())
    look(server, scheme, "?done=delete")
    assert kept().count() == 1


@pytest.mark.parametrize("scheme", ["imap", "pop3"])
def test_a_wrong_password_is_told_without_the_password(server, told, scheme):
    url = f"{scheme}://{USER.replace('@', '%40')}:quite-wrong-1@127.0.0.1:{getattr(server, scheme)}"
    assert fetch(lambda: NOW, mailbox(url)) == 0
    assert "cannot be read" in told.text
    assert "quite-wrong-1" not in told.text


def test_a_server_that_is_away_is_told_and_changes_nothing(told):
    assert fetch(lambda: NOW, mailbox("imap://u:p@127.0.0.1:1/INBOX")) == 0
    assert "tried again in a minute" in told.text


def test_long_lines_come_whole_by_pop3(server):
    server.put("one", mail(more="X-Long: " + "y" * 900 + "\n") + b"z" * 100_000 + b"\r\n")
    assert look(server, "pop3") == 1
    assert kept().get().size_bytes > 100_000
