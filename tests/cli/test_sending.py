"""The commands about servers, limits and warm-up, in this process."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from support.publications import make_publication

from syndication.cli.main import command_line
from syndication.delivery.limits import warmup
from syndication.delivery.limits.models import SendingLimit, Throttle, WarmUp
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.servers.routing import note_away, route

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run(*words, text=None):
    return CliRunner().invoke(command_line, [str(word) for word in words], input=text, catch_exceptions=False)


def ok(*words, text=None):
    """The result of a command with --json."""
    done = run(*words, "--json", text=text)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words, text=None):
    """What a refused command says; it must be one clear sentence and exit code 2."""
    done = run(*words, text=text)
    assert done.exit_code == 2, done.output
    return done.stderr


# ---------------------------------------------------------------- servers


def test_a_server_is_added_shown_paused_resumed_and_removed():
    added = ok("server", "add", "smtp://user:s3cret@mail.example.org:587?tls=starttls", "--weight", 3, "--connections", 20)
    assert added == {
        "name": "mail.example.org",
        "url": "smtp://user@mail.example.org:587?tls=starttls",
        "weight": 3,
        "publication": None,
        "connections": 20,
        "state": "active",
        "because": "",
        "away_until": None,
        "password": "kept",
    }
    assert [(row["name"], row["state"]) for row in ok("server", "list")] == [("mail.example.org", "active"), ("default", "unused")]
    assert ok("server", "pause", "mail.example.org")["state"] == "paused"
    assert ok("server", "resume", "mail.example.org")["state"] == "active"
    assert ok("server", "remove", "mail.example.org") == {"name": "mail.example.org", "removed": True}
    assert [(row["name"], row["state"]) for row in ok("server", "list")] == [("default", "active")]


def test_no_command_shows_a_password():
    shown = run("server", "add", "smtp://user:s3cret@mail.example.org").output + run("server", "list").output
    shown += run("server", "add", "smtp://user:s3cret@mail.example.org?tls=maybe").output
    shown += run("server", "pause", "mail.example.org").output + run("server", "list", "--json").output
    assert "s3cret" not in shown


def test_a_url_may_come_from_standard_input():
    assert ok("server", "add", "-", text="smtp://user:s3cret@mail.example.org\n")["password"] == "kept"


def test_a_server_for_one_publication_names_it():
    make_publication(slug="weekly")
    assert ok("server", "add", "smtp://mail.example.org", "--publication", "weekly")["publication"] == "weekly"
    assert [(row["name"], row["state"]) for row in ok("server", "list")] == [("mail.example.org", "active"), ("default", "active")]


def test_a_password_may_stay_outside(tmp_path):
    (tmp_path / "password").write_text("s3cret")
    assert ok("server", "add", "smtp://u@one.example.org", "--password-file", tmp_path / "password")["password"].startswith("file:/")
    assert ok("server", "add", "smtp://u@two.example.org", "--password-env", "RELAY_PASSWORD")["state"] == "broken"


def test_a_server_that_rests_says_why():
    publication = make_publication()
    ok("server", "add", "smtp://mail.example.org", "--name", "relay")
    note_away(route(publication.pk).servers[0], "connection refused")
    (relay, _) = ok("server", "list")
    assert (relay["state"], relay["because"]) == ("away", "connection refused")
    assert "connection refused" in run("server", "list").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["server", "add", "mail.example.org"], "smtp://user:password@host"),
        (["server", "add", "smtp://mail.example.org", "--weight", "-1"], "from 0 to 1000"),
        (["server", "add", "smtp://mail.example.org", "--weight", "1001"], "from 0 to 1000"),
        (["server", "add", "smtp://mail.example.org", "--connections", "0"], "from 1 to 1000"),
        (["server", "add", "smtp://mail.example.org", "--name", "default"], "cannot be a server's name"),
        (["server", "add", "smtp://mail.example.org", "--name", "a b"], "cannot be a server's name"),
        (["server", "add", "smtp://mail.example.org", "--publication", "none"], "no publication"),
        (["server", "add", "smtp://mail.example.org", "--password-file", "/p"], "needs a user name"),
        (["server", "add", "smtp://u:p@mail.example.org", "--password-file", "/p"], "twice"),
        (["server", "add", "smtp://u@mail.example.org", "--password-file", "p"], "absolute path"),
        (["server", "add", "smtp://u@mail.example.org", "--password-env", "A B"], "environment variable"),
        (["server", "add", "smtp://u@mail.example.org", "--password-env", "A", "--password-file", "/p"], "not both"),
        (["server", "pause", "nobody"], "No server is called 'nobody'"),
        (["server", "remove", "default"], "change that setting"),
        (["server", "test", "nobody"], "No server is called 'nobody'"),
        (["server", "test", "ftp://mail.example.org"], "smtp://user:password@host"),
    ],
)
def test_wrong_input_about_servers_is_refused_clearly(words, says):
    assert says in refused(*words)
    assert not SmtpServer.objects.exists()


def test_a_name_is_given_once():
    ok("server", "add", "smtp://mail.example.org")
    assert "called mail.example.org already" in refused("server", "add", "smtp://mail.example.org")


def test_the_default_server_can_be_paused_too():
    ok("server", "pause", "default")
    publication = make_publication()
    assert "default is paused" in route(publication.pk).why_none
    ok("server", "resume", "default")
    assert route(publication.pk).servers


def test_a_server_is_tried_and_says_what_it_offers(smtp_server):
    found = ok("server", "test", smtp_server.url)
    assert (found["works"], found["problem"], found["tls"]) == (True, "", "")
    assert {"8BITMIME", "SMTPUTF8"} <= set(found["offers"])
    assert found["greeting"].startswith("220 ")
    assert smtp_server.messages == []
    ok("server", "add", smtp_server.url, "--name", "real")
    assert "can be used" in run("server", "test", "real").output


def test_a_server_that_does_not_answer_is_a_failed_check():
    done = run("server", "test", "smtp://127.0.0.1:9", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["works"]
    assert "cannot be used" in found["problem"]


def test_a_server_without_the_tls_that_is_asked_for_is_a_failed_check(smtp_server):
    done = run("server", "test", f"{smtp_server.url}?tls=starttls")
    assert done.exit_code == 1
    assert "does not offer what its URL asks for" in done.output


def test_a_password_that_nobody_asked_for_is_a_failed_check_without_the_password(smtp_server):
    done = run("server", "test", smtp_server.url.replace("//", "//user:s3cret@"))
    assert done.exit_code == 1
    assert "s3cret" not in done.output


# ---------------------------------------------------------------- limits


def test_limits_are_set_changed_shown_and_removed():
    assert ok("limit", "set", "gmail", "20/s") == {"sender": "*", "target": "gmail", "rate": "20/s", "burst": None}
    ok("limit", "set", "gmail", "10000/h", "--burst", 50)
    ok("limit", "set", "*", "50,000/day", "--sender", "News.Example.org")
    found = ok("limit", "list")["limits"]
    assert found == [
        {"sender": "*", "target": "gmail", "rate": "10000/h", "burst": 50},
        {"sender": "news.example.org", "target": "*", "rate": "50000/d", "burst": None},
    ]
    assert "All senders together: at most 10,000 an hour to gmail, 50 at once." in run("limit", "list").output
    ok("limit", "remove", "gmail")
    assert len(ok("limit", "list")["limits"]) == 1


def test_a_domain_is_known_in_one_spelling():
    assert ok("limit", "set", "BÜCHER.example", "1/s")["target"] == "bücher.example"
    assert ok("limit", "set", "xn--bcher-kva.example", "2/s")["target"] == "bücher.example"
    assert SendingLimit.objects.count() == 1


def test_a_sender_that_nobody_uses_is_remarked():
    assert "No publication sends as news.example.net yet." in run("limit", "set", "gmail", "1/s", "--sender", "news.example.net").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["limit", "set", "gmail", "fast"], "write 20/s"),
        (["limit", "set", "gmail", "0/s"], "from 1 to"),
        (["limit", "set", "gmial", "1/s"], "Did you mean gmail?"),
        (["limit", "set", "ex ample.org", "1/s"], "is no domain"),
        (["limit", "set", "x@example.org", "1/s"], "is no domain"),
        (["limit", "set", "gmail", "1/s", "--sender", "news"], "is no domain"),
        (["limit", "set", "gmail", "1/s", "--burst", "0"], "A burst is from 1"),
        (["limit", "remove", "gmail"], "There is no limit to gmail for all senders"),
        (["limit", "group", "company.example", "Some Host"], "cannot be a provider's name"),
        (["limit", "ungroup", "company.example"], "Nobody said"),
    ],
)
def test_wrong_input_about_limits_is_refused_clearly(words, says):
    assert says in refused(*words)
    assert not SendingLimit.objects.exists()


def test_a_companys_domain_is_grouped_with_its_provider():
    assert ok("limit", "group", "Company.example", "gmail") == {"domain": "company.example", "provider": "gmail"}
    ok("limit", "group", "other.example", "our-host")
    ok("limit", "set", "our-host", "5/s")
    assert ok("limit", "list")["providers"][0] == {"domain": "company.example", "provider": "gmail"}
    ok("limit", "ungroup", "company.example")
    assert len(ok("limit", "list")["providers"]) == 1


def test_throttles_are_shown_and_lifted():
    now = datetime.now(UTC)
    times = dict.fromkeys(("began_at", "slowed_at", "refused_at", "raised_at"), now)
    Throttle.objects.create(
        sender_domain="news.example.org", provider="gmail", per_minute=30, complained_per_minute=60, because="421 slow down", **times
    )
    assert ok("limit", "list")["throttles"][0]["per_minute"] == 30
    assert "gmail asked news.example.org to go slower: now 30 a minute. 421 slow down" in run("limit", "list").output
    assert ok("limit", "lift", "gmail", "--sender", "news.example.org")["lifted"]
    assert not ok("limit", "lift", "gmail", "--sender", "news.example.org")["lifted"]


# ---------------------------------------------------------------- warm-up


def test_a_warm_up_is_started_shown_and_ended():
    started = ok("warmup", "start", "news.example.org", "--first", 50, "--growth", 1.5, "--ceiling", 100_000)
    assert (started["state"], started["allowed_today"], started["free_now"]) == ("warming", 50, 2)
    assert [one["sender_domain"] for one in ok("warmup", "status")] == ["news.example.org"]
    assert "news.example.org is warming: 0 of 50 messages today, 2 may go now" in run("warmup", "status").output
    assert ok("warmup", "stop", "news.example.org")["ended"]
    assert ok("warmup", "status") == []


def test_a_plan_that_complaints_stopped_says_why_and_goes_on_when_told():
    now = datetime.now(UTC)
    ok("warmup", "start", "news.example.org")
    warmup.note_sent("news.example.org", 500, now)
    for _ in range(3):
        warmup.note_complaint("news.example.org", now)
    (one,) = ok("warmup", "status")
    assert one["state"] == "stopped"
    assert "syndication warmup resume news.example.org" in run("warmup", "status").output
    assert ok("warmup", "resume", "news.example.org")["state"] == "warming"
    assert warmup.take("news.example.org", 1, now).granted == 1


def test_a_plan_that_reached_its_ceiling_is_done():
    WarmUp.objects.create(
        sender_domain="news.example.org",
        started_on=(datetime.now(UTC) - timedelta(days=3)).date(),
        first_day=10,
        growth=10,
        ceiling=20,
        stops_at=0.003,
    )
    for days in (3, 2):
        warmup.note_sent("news.example.org", 20, datetime.now(UTC) - timedelta(days=days))
    assert ok("warmup", "status")[0]["state"] == "done"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["warmup", "start", "news"], "is no domain"),
        (["warmup", "start", "news.example.org", "--first", "0"], "begins with at least 1"),
        (["warmup", "start", "news.example.org", "--first", "50", "--ceiling", "10"], "is neither"),
        (["warmup", "start", "news.example.org", "--growth", "0.5"], "1 to 10 times"),
        (["warmup", "start", "news.example.org", "--growth", "nan"], "1 to 10 times"),
        (["warmup", "start", "news.example.org", "--growth", "1"], "never reaches"),
        (["warmup", "start", "news.example.org", "--stop-at", "0"], "over 0"),
        (["warmup", "stop", "news.example.org"], "has no warm-up plan"),
        (["warmup", "resume", "news.example.org"], "has no warm-up plan"),
    ],
)
def test_wrong_input_about_warm_up_is_refused_clearly(words, says):
    assert says in refused(*words)
    assert not WarmUp.objects.exists()


def test_a_domain_has_one_plan():
    ok("warmup", "start", "news.example.org")
    assert "has a plan already" in refused("warmup", "start", "NEWS.example.org")
