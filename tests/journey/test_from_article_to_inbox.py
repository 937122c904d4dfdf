"""The whole way with real processes: command line, Valkey, Celery worker and beat, SMTP, files."""

import json
import re
import sqlite3
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import feedparser
import pytest
import redis
from support.waiting import wait_until

pytestmark = pytest.mark.processes
SHARED = Path(__file__).parents[3] / "shared" / "samples" / "ketamine-therapy.txt"
ARTICLE = """---
title: A letter about rivers
---
Dear {{ subscriber.first_name | default("reader") }}, rivers are roads that move.

## Upstream

The [map](https://example.org/map) shows it.
"""


@pytest.fixture
def home(live_home):
    live_home.start_queue()
    live_home.start_beat()
    return live_home


def start_campaign(home, readers, *more):
    """A list of readers, an article on the web, a running campaign; its id."""
    table, article = home.path / "readers.csv", home.path / "rivers.md"
    table.write_text("email,name\n" + "".join(f"r{number}@example.org,Reader{number} Surname\n" for number in range(readers)))
    article.write_text(ARTICLE)
    results = home.say(
        "list create news",
        f"subscribers import {table} --list news --confirmed",
        f"article import {article} --publish",
        *more,
        "campaign create --article a-letter-about-rivers --list news",
        "campaign start 1",
    )
    assert results[1]["new"] == readers
    return results[-2]["id"]


def wait_for_state(home, state, seconds=60):
    """The status of the only campaign as soon as it is in that state."""
    question = "SELECT state FROM syndication_campaign"
    wait_until(lambda: home.sql(question) == [(state,)], seconds=seconds, what=lambda: f"{state}; it is {home.sql(question)}")
    return home.say("campaign status 1")[0]


def assert_each_got_one(smtp_server, readers, *, held=0):
    times = Counter(message.recipients[0] for message in smtp_server.messages)
    assert max(times.values()) == 1
    assert len(times) >= readers - held
    assert set(times) <= {f"r{number}@example.org" for number in range(readers)}


@pytest.mark.database
def test_one_article_reaches_every_inbox_and_feed_reader_and_the_sums_agree(home, smtp_server):
    home.start_worker()
    start_campaign(home, 25)
    found = wait_for_state(home, "finished")
    assert (found["audience"], found["deliveries"]["delivered"]) == (25, 25)
    assert_each_got_one(smtp_server, 25)
    assert home.run_cli("campaign", "verify", "1").returncode == 0

    folder = home.feeds / "my-publication" / "current"
    wait_until((folder / "feed.json").exists, what="feeds")
    rss, atom = (feedparser.parse((folder / name).read_bytes()) for name in ("rss.xml", "atom.xml"))
    json_feed = json.loads((folder / "feed.json").read_text())
    assert not rss.bozo
    assert not atom.bozo
    assert rss.entries[0].id == atom.entries[0].id == json_feed["items"][0]["id"]
    assert "Dear reader, rivers" in rss.entries[0].content[0].value
    assert "{{" not in (folder / "rss.xml").read_text()


def test_render_writes_the_bytes_that_are_sent(home, smtp_server):
    home.start_worker()
    out = home.path / "out"
    start_campaign(home, 1, f"article render a-letter-about-rivers --as r0@example.org --out {out}")
    (sent,) = smtp_server.wait_for(1, seconds=60)
    shown = message_from_bytes((out / "message.eml").read_bytes(), policy=policy.default)
    assert {path.name for path in out.iterdir()} == {"message.eml", "email.html", "email.txt", "page.html", "feed.html"}
    assert "Dear Reader0" in (out / "email.txt").read_text()
    for kind in ("plain", "html"):
        assert without_tokens(shown.get_body((kind,)).get_content()) == without_tokens(sent.message.get_body((kind,)).get_content())
    unlike = {name for name in shown if without_tokens(shown[name]) != without_tokens(sent.message[name])}
    assert unlike <= {"Date", "Content-Type", "Feedback-ID"}


def without_tokens(text):
    """Tokens name the mailing, and a preview is of none."""
    return re.sub("[0-9a-f]{36,}", "TOKEN", text)


def test_a_scheduled_campaign_starts_at_its_time_without_anybody(home, smtp_server):
    home.start_worker()
    start_campaign(home, 3)
    wait_for_state(home, "finished")
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 12))
    (made,) = home.say(f"campaign create --article a-letter-about-rivers --list news --at {at} --zone UTC")
    assert made["state"] == "scheduled"
    smtp_server.wait_for(6, seconds=60)


@pytest.mark.database
def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(home, smtp_server):
    worker = home.start_worker()
    start_campaign(home, 600)
    smtp_server.wait_for(50, seconds=60)
    worker.kill()
    home.start_worker()
    found = wait_for_state(home, "finished", seconds=90)
    held = found["deliveries"]["held"]
    assert held <= 10  # one for each connection
    assert found["deliveries"]["delivered"] + held == 600
    assert_each_got_one(smtp_server, 600, held=held)
    assert home.run_cli("campaign", "verify", "1").returncode == 0


def test_losing_the_whole_queue_costs_no_mail(home, smtp_server):
    home.start_worker()
    start_campaign(home, 400)
    smtp_server.wait_for(30, seconds=60)
    client = redis.Redis(unix_socket_path=str(home.socket))
    client.flushall()
    client.close()
    wait_for_state(home, "finished", seconds=90)
    assert_each_got_one(smtp_server, 400)


def break_database(home):
    """PostgreSQL: every connection is cut. SQLite: everybody else is locked out for a while."""
    if isinstance(home.database, str):
        home.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        return
    connection = sqlite3.connect(home.database, isolation_level=None, timeout=20)
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(1)
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.database
def test_a_database_that_goes_away_in_mid_send_loses_nothing_and_doubles_nothing(home, smtp_server):
    home.start_worker()
    start_campaign(home, 500)
    smtp_server.wait_for(30, seconds=60)
    break_database(home)
    found = wait_for_state(home, "finished", seconds=120)
    assert found["deliveries"]["held"] <= 1
    assert_each_got_one(smtp_server, 500, held=found["deliveries"]["held"])
    assert home.run_cli("campaign", "verify", "1").returncode == 0


def test_without_servers_the_commands_write_and_a_later_worker_does_the_rest(live_home, smtp_server):
    start_campaign(live_home, 2)
    assert live_home.say("campaign status 1")[0]["state"] == "running"
    assert smtp_server.messages == []
    live_home.start_queue()
    live_home.start_worker()
    live_home.start_beat()
    smtp_server.wait_for(2, seconds=60)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared sample article is not beside this checkout")
def test_the_first_real_article_arrives_whole(home, smtp_server):
    home.start_worker()
    start_campaign(home, 1)
    wait_for_state(home, "finished")
    brought, again, made, _ = home.say(
        f"article import {SHARED} --publish",
        f"article import {SHARED}",
        "campaign create --article how-does-ketamine-therapy-for-persistent-pain-work --list news",
        "campaign start 2",
    )
    assert brought["title"] == "How does ketamine therapy for persistent pain work?"
    assert (again["slug"], again["id"], again["revision"]) == (brought["slug"], brought["id"], 2)
    assert made["id"] == 2
    sent = smtp_server.wait_for(2, seconds=60)[1]
    text = " ".join(sent.message.get_body(("plain",)).get_content().replace("\n| ", "\n").split())
    assert "Anti-inflammatory Properties" in text
    assert "should not be substituted for professional medical advice" in text
    assert "Shopping Basket" not in text
