"""The whole way with real processes: command line, Valkey, Celery worker and beat, SMTP, files."""

import json
import sqlite3
import sys
import time
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path

import feedparser
import pytest
from support.waiting import wait_until

pytestmark = [pytest.mark.processes, pytest.mark.database]
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
    live_home.start(sys.executable, "-m", "celery", "-A", "worker", "beat", "--schedule", str(live_home.path / "beat"), "--pidfile=")
    return live_home


def say(home, *words, **options):
    done = home.run_cli(*words, "--json", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def prepare(home, readers):
    say(home, "list", "create", "news")
    table = "email,name\n" + "".join(f"r{number}@example.org,Reader{number} Surname\n" for number in range(readers))
    assert say(home, "subscribers", "import", "-", "--list", "news", "--confirmed", input=table)["new"] == readers
    article = home.path / "rivers.md"
    article.write_text(ARTICLE)
    return say(home, "article", "import", str(article), "--publish")["slug"]


def campaign(home, slug, *words):
    return say(home, "campaign", "create", "--article", slug, "--list", "news", *words)["id"]


def wait_for_state(home, pk, state, seconds=60):
    wait_until(lambda: say(home, "campaign", "status", str(pk))["state"] == state, seconds=seconds, what=f"campaign {pk} {state}")
    return say(home, "campaign", "status", str(pk))


def test_one_article_reaches_every_inbox_and_feed_reader_and_the_sums_agree(home, smtp_server):
    home.start_worker()
    slug = prepare(home, 25)
    pk = campaign(home, slug)
    assert say(home, "campaign", "status", str(pk))["state"] == "draft"
    say(home, "campaign", "start", str(pk))
    found = wait_for_state(home, pk, "finished")
    assert (found["audience"], found["deliveries"]["delivered"]) == (25, 25)
    assert Counter(message.recipients for message in smtp_server.messages) == Counter({(f"r{n}@example.org",): 1 for n in range(25)})
    assert home.run_cli("campaign", "verify", str(pk)).returncode == 0

    folder = home.feeds / "my-publication"
    wait_until((folder / "feed.json").exists, what="feeds")
    rss, atom = (feedparser.parse((folder / name).read_bytes()) for name in ("rss.xml", "atom.xml"))
    json_feed = json.loads((folder / "feed.json").read_text())
    assert not rss.bozo
    assert not atom.bozo
    assert rss.entries[0].id == atom.entries[0].id == json_feed["items"][0]["id"]
    assert "Dear reader, rivers" in rss.entries[0].content[0].value
    assert "{{" not in (folder / "rss.xml").read_text()


def test_render_writes_the_bytes_that_are_sent(home, smtp_server, tmp_path):
    home.start_worker()
    slug = prepare(home, 1)
    say(home, "article", "render", slug, "--as", "r0@example.org", "--out", str(tmp_path))
    pk = campaign(home, slug)
    say(home, "campaign", "start", str(pk))
    (sent,) = smtp_server.wait_for(1, seconds=60)
    shown = message_from_bytes((tmp_path / "message.eml").read_bytes(), policy=policy.default)
    assert {path.name for path in tmp_path.iterdir()} == {"message.eml", "email.html", "email.txt", "page.html", "feed.html"}
    for kind in ("plain", "html"):
        assert shown.get_body((kind,)).get_content() == sent.message.get_body((kind,)).get_content()
    unlike = {name for name in shown if shown[name] != sent.message[name]}
    assert unlike <= {"Message-ID", "Date", "Content-Type", "Feedback-ID"}


def test_a_scheduled_campaign_starts_at_its_time_without_anybody(home, smtp_server):
    home.start_worker()
    slug = prepare(home, 3)
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 4))
    pk = campaign(home, slug, "--at", at, "--zone", "UTC")
    assert say(home, "campaign", "status", str(pk))["state"] == "scheduled"
    smtp_server.wait_for(3, seconds=40)
    wait_for_state(home, pk, "finished")


def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(home, smtp_server):
    worker = home.start_worker()
    slug = prepare(home, 600)
    pk = campaign(home, slug)
    say(home, "campaign", "start", str(pk))
    smtp_server.wait_for(50, seconds=60)
    worker.kill()
    home.sql("UPDATE syndication_delivery SET lease_until = %s WHERE lease_until IS NOT NULL", "2026-01-01 00:00:00+00:00")
    home.start_worker()
    found = wait_for_state(home, pk, "finished", seconds=90)
    times = Counter(message.recipients[0] for message in smtp_server.messages)
    held = found["deliveries"]["held"]
    assert held <= 1
    assert max(times.values()) == 1
    assert len(times) >= 600 - held
    assert found["deliveries"]["delivered"] + held == 600
    assert home.run_cli("campaign", "verify", str(pk)).returncode == 0


def test_losing_the_whole_queue_costs_no_mail(home, smtp_server):
    import redis

    home.start_worker()
    slug = prepare(home, 400)
    pk = campaign(home, slug)
    say(home, "campaign", "start", str(pk))
    smtp_server.wait_for(30, seconds=60)
    client = redis.Redis(unix_socket_path=str(home.socket))
    client.flushall()
    client.close()
    wait_for_state(home, pk, "finished", seconds=90)
    assert Counter(message.recipients[0] for message in smtp_server.messages) == Counter({f"r{n}@example.org": 1 for n in range(400)})


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


def test_a_database_that_goes_away_in_mid_send_loses_nothing_and_doubles_nothing(home, smtp_server):
    home.start_worker()
    slug = prepare(home, 500)
    pk = campaign(home, slug)
    say(home, "campaign", "start", str(pk))
    smtp_server.wait_for(30, seconds=60)
    break_database(home)
    found = wait_for_state(home, pk, "finished", seconds=120)
    times = Counter(message.recipients[0] for message in smtp_server.messages)
    assert max(times.values()) == 1
    assert len(times) >= 500 - found["deliveries"]["held"]
    assert found["deliveries"]["held"] <= 1
    assert home.run_cli("campaign", "verify", str(pk)).returncode == 0


def test_without_servers_the_commands_write_and_a_later_worker_does_the_rest(live_home, smtp_server):
    slug = prepare(live_home, 2)
    pk = campaign(live_home, slug)
    assert say(live_home, "campaign", "start", str(pk))["state"] == "running"
    assert smtp_server.messages == []
    live_home.start_queue()
    live_home.start(sys.executable, "-m", "celery", "-A", "worker", "beat", "--schedule", str(live_home.path / "beat"), "--pidfile=")
    live_home.start_worker()
    smtp_server.wait_for(2, seconds=60)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared sample article is not beside this checkout")
def test_the_first_real_article_arrives_whole(home, smtp_server):
    home.start_worker()
    prepare(home, 1)
    brought = say(home, "article", "import", str(SHARED), "--publish")
    assert brought["title"] == "How does ketamine therapy for persistent pain work?"
    again = say(home, "article", "import", str(SHARED))
    assert (again["slug"], again["id"], again["revision"]) == (brought["slug"], brought["id"], 2)
    pk = campaign(home, brought["slug"])
    say(home, "campaign", "start", str(pk))
    (sent,) = smtp_server.wait_for(1, seconds=60)
    text = " ".join(sent.message.get_body(("plain",)).get_content().split())
    assert "Anti-inflammatory Properties" in text
    assert "not be substituted for professional medical advice" in text
    assert "Shopping Basket" not in text
