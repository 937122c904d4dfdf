"""Limits, throttles, fail-over and warm-up as a campaign meets them: real command line, Valkey, worker, SMTP."""

import json
import time
from collections import Counter

import pytest
from support.smtp import SmtpServer
from support.waiting import wait_until

pytestmark = pytest.mark.processes


@pytest.fixture
def home(live_home):
    live_home.start_queue()
    live_home.start_beat()
    return live_home


def start_campaign(home, addresses, *before):
    """Everything up to a running campaign; `before` are commands about servers and limits."""
    table, article = home.path / "readers.csv", home.path / "rivers.md"
    table.write_text("email,name\n" + "".join(f"{address},\n" for address in addresses))
    article.write_text("---\ntitle: Rivers\n---\nRivers are roads that move.\n")
    home.say(
        "list create news",
        f"subscribers import {table} --list news --confirmed",
        f"article import {article} --publish",
        *before,
        "campaign create --article rivers --list news",
        "campaign start 1",
    )


def status(home):
    return json.loads(home.run_cli("campaign", "status", "1", "--json").stdout)


def test_a_limit_holds_and_everybody_gets_the_mail(home, smtp_server):
    home.start_worker()
    began = time.monotonic()
    start_campaign(home, [f"r{number}@example.org" for number in range(70)], "limit set * 10/s")
    smtp_server.wait_for(70, seconds=60)
    assert time.monotonic() - began >= (70 - 10) / 10
    assert len({message.recipients for message in smtp_server.messages}) == 70


def test_a_provider_that_complains_is_slowed_down_and_the_others_get_their_mail_meanwhile(home, smtp_server):
    home.start_worker()
    slow, fast = [f"r{number}@gmail.com" for number in range(30)], [f"r{number}@example.org" for number in range(200)]
    for address in slow:
        smtp_server.answer(address, "421 4.7.28 Unusual rate of mail from you", at="rcpt")
    start_campaign(home, [*slow, *fast])
    smtp_server.wait_for(200, seconds=60)
    wait_until(lambda: home.sql("SELECT provider FROM syndication_throttle") == [("gmail",)], what="a throttle for gmail alone")
    assert status(home)["deliveries"]["delivered"] == 200


def test_work_is_shared_by_weight_and_a_server_that_is_away_hands_it_over(home, smtp_server):
    with_weight = SmtpServer()
    with_weight.start()
    try:
        home.start_worker()
        start_campaign(
            home,
            [f"r{number}@example.org" for number in range(400)],
            f"server add {smtp_server.url} --name one",
            f"server add {with_weight.url} --name two --weight 3",
            "server add smtp://127.0.0.1:9 --name gone --weight 3",
        )
        wait_until(lambda: len(smtp_server.messages) + len(with_weight.messages) == 400, seconds=60, what="400 messages")
        counts = Counter(message.recipients for message in smtp_server.messages + with_weight.messages)
        assert set(counts.values()) == {1}
        assert smtp_server.messages
        assert with_weight.messages
        assert home.sql("SELECT times_away FROM syndication_smtpserver WHERE name = 'gone'")[0][0] > 0
        found = status(home)
        assert (found["state"], found["deliveries"]["delivered"]) == ("finished", 400)
    finally:
        with_weight.stop()


def test_a_warm_up_sends_its_first_slice_and_says_why_the_rest_waits(home, smtp_server):
    home.start_worker()
    start_campaign(home, [f"r{number}@example.org" for number in range(30)], "warmup start example.org --first 240")
    smtp_server.wait_for(5, seconds=30)
    wait_until(lambda: status(home)["deliveries"]["delivered"] == 5, what=lambda: f"five delivered: {status(home)}")
    assert len(smtp_server.messages) == 5
    assert home.sql("SELECT granted FROM syndication_sendingday") == [(5,)]
    assert status(home)["state"] == "running"
