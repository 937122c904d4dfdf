"""The ground that other tests stand on."""

import os
import smtplib
from email.message import EmailMessage

import pytest
from support.smtp import HANG_UP

from syndication.queue import ring


def test_the_tests_use_a_home_of_their_own(settings):
    assert str(settings.HOME) == os.environ["SYNDICATION_HOME"]
    assert "syndication-tests-" in str(settings.HOME)


def test_a_test_rings_a_real_queue(valkey_socket):
    assert ring("syndication.tasks.nothing", 1, queue="mail")


@pytest.mark.django_db
@pytest.mark.database
def test_a_database_test_has_a_cache_and_tables():
    from django.core.cache import cache

    from syndication.models import Publication

    cache.set("a", 1)
    assert cache.get("a") == 1
    assert Publication.objects.count() == 0


def _mail(recipient: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", recipient, "Grüße"
    message.set_content(".dot\n")
    return message


def test_the_smtp_server_keeps_what_it_accepts(smtp_server):
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        client.send_message(_mail("b@example.org"))
    (received,) = smtp_server.wait_for(1)
    assert (received.sender, received.recipients) == ("a@example.org", ("b@example.org",))
    assert received.message["Subject"] == "Grüße"


def test_the_smtp_server_answers_as_it_is_told(smtp_server):
    smtp_server.answer("b@example.org", "550 5.1.1 No such mailbox")
    smtp_server.answer("c@example.org", "451 4.3.0 Later", "250 OK", at="data")
    with smtplib.SMTP(smtp_server.host, smtp_server.port) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(_mail("b@example.org"))
        with pytest.raises(smtplib.SMTPDataError):
            client.send_message(_mail("c@example.org"))
        client.send_message(_mail("c@example.org"))
    assert len(smtp_server.messages) == 1


def test_the_smtp_server_can_hang_up_after_the_dot(smtp_server):
    smtp_server.answer("*", HANG_UP, at="data")
    client = smtplib.SMTP(smtp_server.host, smtp_server.port)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(_mail("d@example.org"))


@pytest.mark.processes
@pytest.mark.database
def test_a_real_worker_runs_in_a_live_home(live_home, worker):
    assert live_home.sql("SELECT count(*) FROM syndication_publication") == [(0,)]
    assert worker.process.poll() is None
