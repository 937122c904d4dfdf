"""A bounce comes in by the listener and takes its reader off: real listener, beat and worker."""

import smtplib
import socket
import sys

import pytest
from support.returned_mail import DOMAIN, dsn
from support.waiting import wait_until

pytestmark = pytest.mark.processes

PREPARE = f"""
import django; django.setup()
from django.utils import timezone
from syndication.articles.models import Publication
from syndication.audience import tokens
from syndication.audience.keys import copy_key
from syndication.audience.lists import create_list
from syndication.audience.subscribe import Person, add
from syndication.delivery.models import Mailing
publication = Publication.objects.create(slug="weekly", name="W", sender_name="W", sender_address="e@{DOMAIN}", mail_domain="{DOMAIN}")
chosen = create_list("news", publication=publication)
reader = add(Person("r@example.org"), to=chosen, confirmed=True, how="staff", now=timezone.now()).subscriber
mailing = Mailing.objects.create(key="campaign:1", state="closed", publication=publication, list=chosen, subject="s", html="h", text="t",
    content_hash="0" * 64, frozen_at=timezone.now(), envelope={{"mail_domain": "{DOMAIN}"}}, audience=0)
print(tokens.of_copy(mailing.pk, reader.pk, chosen.pk, copy_key()).bounce)
"""


def test_a_bounce_takes_its_reader_off_within_seconds(live_home, worker):
    done = live_home.run(sys.executable, "-c", PREPARE)
    assert done.returncode == 0, done.stderr
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    live_home.start(sys.executable, "-m", "syndication.cli.listener", "--port", str(port)).wait_for("ready on")
    live_home.start_beat()
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.sendmail("", [f"b+{done.stdout.strip()}@{DOMAIN}"], dsn().replace(b"\n", b"\r\n"))
    wait_until(lambda: live_home.sql("SELECT reason FROM syndication_suppression") == [("bounced",)], seconds=30, what="the suppression")
    assert live_home.sql("SELECT kind, source FROM syndication_readerevent") == [("hard bounce", "bounce mail")]
