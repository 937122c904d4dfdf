"""The command line as a person or a program meets it, in this process."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from syndication.articles.models import Publication
from syndication.audience.models import Subscriber, Subscription
from syndication.campaigns.models import Campaign
from syndication.cli.main import command_line

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


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
    assert done.stderr.startswith("Error: ")
    return done.stderr


@pytest.fixture
def letter(tmp_path):
    path = tmp_path / "letter.md"
    path.write_text("---\ntitle: A letter\n---\nDear {{ subscriber.first_name | default('you') }}.\n\n## Part\n\nText.\n")
    return path


@pytest.fixture
def news():
    return ok("list", "create", "news")


def readers(text="email,name\nada@example.org,Ada L\nbo@example.org,\n"):
    return ok("subscribers", "import", "-", "--list", "news", "--confirmed", text=text)


# ---------------------------------------------------------------- articles


def test_import_says_what_other_programs_rely_on(letter):
    found = ok("article", "import", letter)
    assert (found["slug"], found["title"], found["revision"], found["dropped"]) == ("a-letter", "A letter", 1, [])
    assert found["id"].startswith("urn:uuid:")
    assert ok("article", "import", letter)["revision"] == 2
    assert [one["slug"] for one in ok("article", "list")] == ["a-letter"]


def test_import_reads_standard_input():
    assert ok("article", "import", "-", text="A title here\n\nA paragraph of text.\n")["title"] == "A title here"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"  \n\n", "white space"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
        (b"Caf\xe9 au lait\n\nText\n", "offset 3"),
        (b"T\n\n" + b"x" * 6_000_000, "MB"),
    ],
)
def test_a_file_that_is_no_article_is_refused_and_nothing_is_kept(tmp_path, content, says):
    path = tmp_path / "bad.txt"
    path.write_bytes(content)
    assert says in refused("article", "import", path)
    assert ok("article", "list") == []


def test_broken_utf8_offers_an_encoding_that_works(tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes("Café au lait\n\nEin Text für alle.\n".encode("latin-1"))
    assert "--encoding latin-1" in refused("article", "import", path)
    assert ok("article", "import", path, "--encoding", "latin-1")["title"] == "Café au lait"


def test_a_missing_file_and_a_private_address_are_refused():
    assert "nowhere.md" in refused("article", "import", "/tmp/nowhere.md")
    assert refused("article", "import", "http://127.0.0.1:9/page")
    assert refused("article", "import", "http://169.254.169.254/latest/meta-data/")


@pytest.mark.parametrize(
    "field", ["{{ subscriber.shoe_size }}", "{{ subscriber.first_name }}", "{% for a in b %}x", "{{ 9**9**9**9 }}", "{{ x() }}"]
)
def test_a_merge_field_that_cannot_be_filled_is_refused_at_save(tmp_path, field):
    path = tmp_path / "bad.md"
    path.write_text(f"# Title\n\nFirst line.\n\nHello {field}.\n")
    assert "article" in refused("article", "import", path)
    assert ok("article", "list") == []


def test_a_wrong_field_is_named_with_its_line_in_the_file(tmp_path):
    path = tmp_path / "bad.md"
    path.write_text("---\ntitle: Fine\n---\n\nHello {{ subscriber.address }}.\n\nAnd {{ subscriber.shoe_size }}.\n")
    assert "article, line 7: there is no merge field subscriber.shoe_size" in refused("article", "import", path)
    path.write_text("---\nauthor: Me\ntitle: For {{ subscriber.nme }}\n---\n\nText.\n")
    assert "title, line 3:" in refused("article", "import", path)


def test_publish_and_unpublish_are_said_and_shown(letter):
    ok("article", "import", letter)
    assert ok("article", "publish", "a-letter")["state"] == "published"
    assert ok("article", "unpublish", "a-letter")["state"] == "draft"
    assert "A letter" in run("article", "show", "a-letter").output
    assert "a-letter" in refused("article", "show", "a-lettr")


def test_render_writes_every_form(letter, tmp_path):
    ok("article", "import", letter)
    found = ok("article", "render", "a-letter", "--as", "ada@example.org", "--out", tmp_path / "out")
    assert set(found["files"]) == {"message.eml", "email.html", "email.txt", "page.html", "feed.html"}
    assert "Dear you." in (tmp_path / "out" / "email.txt").read_text()
    page = (tmp_path / "out" / "page.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "Dear you." in page
    assert (tmp_path / "out" / "feed.html").read_text().startswith("<p>")
    assert refused("article", "render", "a-letter", "--as", "nobody", "--out", tmp_path / "out")
    (tmp_path / "file").write_text("x")
    assert "is a file" in run("article", "render", "a-letter", "--out", tmp_path / "file").stderr


# ---------------------------------------------------------------- readers


def test_subscribers_import_counts_and_names_the_refused_lines(news):
    found = readers("email;name\nada@example.org;Ada\nnonsense;X\nADA@example.org;Again\n")
    assert (found["new"], found["updated"], found["unchanged"]) == (1, 0, 0)
    assert [(one["line"], bool(one["why"])) for one in found["refused"]] == [(3, True), (4, True)]


def test_a_dry_run_changes_nothing(news):
    assert ok("subscribers", "import", "-", "--list", "news", "--dry-run", text="email\na@example.org\n")["new"] == 1
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("table", [b"", b"\0\0\0", b"name\nAda\n", b'email,name\na@example.org,A\nb@example.org,"B"x\n', b"PK\x03\x04zip"])
def test_a_table_that_cannot_be_read_changes_nothing(news, tmp_path, table):
    path = tmp_path / "readers.csv"
    path.write_bytes(table)
    refused("subscribers", "import", path, "--list", "news")
    assert not Subscriber.objects.exists()


def test_a_broken_byte_far_down_is_found_before_anything_is_imported(news, tmp_path):
    path = tmp_path / "readers.csv"
    rows = b"".join(b"r%d@example.org\n" % number for number in range(30_000))
    path.write_bytes(b"email\n" + rows + b"caf\xe9@example.org\n")
    assert "near line 30,00" in refused("subscribers", "import", path, "--list", "news", "--encoding", "utf-8")
    assert not Subscriber.objects.exists()
    found = ok("subscribers", "import", path, "--list", "news", "--dry-run")
    assert (found["new"], found["read_as"]["encoding"]) == (30_001, "cp1252")


def test_export_erase_and_suppress(news):
    readers()
    assert "ada@example.org" in run("subscribers", "export").output
    assert ok("subscribers", "erase", "ada@example.org")["subscriptions"] == 1
    assert "ada@example.org" not in run("subscribers", "export").output
    assert ok("suppress", "bo@example.org", "--reason", "complained")["new"] is True
    assert "nothing was erased" in refused("subscribers", "erase", "ada@example.org")
    assert refused("suppress", "nonsense")


def test_a_list_that_does_not_exist_is_said(news):
    assert "no list 'nws'" in refused("subscribers", "import", "-", "--list", "nws", text="email\n")
    assert "exists already" in refused("list", "create", "news")


# ---------------------------------------------------------------- campaigns


@pytest.fixture
def ready(news, letter):
    readers()
    ok("article", "import", letter)


def create(*more):
    return ok("campaign", "create", "--article", "a-letter", "--list", "news", *more)


def test_a_campaign_from_draft_to_running_to_cancelled(ready):
    made = create()
    assert made["state"] == "draft"
    assert ok("campaign", "start", made["id"])["state"] == "running"
    assert ok("campaign", "start", made["id"])["state"] == "running"
    assert ok("campaign", "pause", made["id"])["state"] == "paused"
    assert ok("campaign", "resume", made["id"])["state"] == "running"
    assert ok("campaign", "cancel", made["id"])["state"] == "cancelled"
    found = ok("campaign", "status", made["id"])
    assert {"id", "state", "audience", "deliveries"} <= set(found)
    assert set(found["deliveries"]) >= {"planned", "delivered", "held", "skipped"}
    assert run("campaign", "verify", made["id"]).exit_code == 0


def test_verify_ends_with_1_when_the_sums_do_not_agree(ready):
    from syndication.delivery.ledger import plan
    from syndication.delivery.models import Delivery

    made = create()
    ok("campaign", "start", made["id"])
    plan.plan(Campaign.objects.get().mailing_id)
    Delivery.objects.first().delete()
    done = run("campaign", "verify", made["id"])
    assert done.exit_code == 1
    assert "WRONG: audience 2 = 1 rows" in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--at", "2020-01-01T09:00", "--zone", "Europe/Berlin"), "in the past"),
        (("--at", "2027-03-28T02:30", "--zone", "Europe/Berlin"), "does not exist"),
        (("--at", "2027-03-28T09:00", "--zone", "Berlin"), "no time zone"),
        (("--at", "soon", "--zone", "UTC"), "no date and time"),
        (("--subject", "{{ subscriber.nme }}"), "subscriber.nme"),
    ],
)
def test_a_plan_that_cannot_work_is_refused_and_nothing_is_made(ready, words, says):
    assert says in refused("campaign", "create", "--article", "a-letter", "--list", "news", *words)
    assert not Campaign.objects.exists()


def test_an_empty_list_is_refused(ready):
    ok("list", "create", "empty")
    assert "no confirmed subscriber" in refused("campaign", "create", "--article", "a-letter", "--list", "empty")


def test_unknown_ids_are_said_so():
    for act in ("start", "pause", "resume", "cancel", "status", "verify", "retry-failed"):
        assert "no campaign 77" in refused("campaign", act, "77")


# ---------------------------------------------------------------- the installation


def test_feeds_publish_rebuilds_what_is_published(letter):
    ok("article", "import", letter, "--publish")
    (found,) = ok("feeds", "publish")
    assert (found["publication"], found["entries"]) == ("my-publication", 1)


def test_a_publication_is_made_once():
    ok("publication", "create", "daily", "--name", "Daily", "--sender", "e@daily.example.org", "--zone", "Europe/Berlin")
    made = Publication.objects.get(slug="daily")
    assert (made.name, made.mail_domain, made.time_zone) == ("Daily", "daily.example.org", "Europe/Berlin")
    assert "exists already" in refused("publication", "create", "daily")


def test_a_user_gets_a_one_time_link():
    assert "/login/once/" in ok("user", "create", "me@example.org", "--role", "owner")["link"]
    assert ok("user", "create", "me@example.org")["new"] is False


def test_doctor_looks_at_every_part():
    done = run("doctor", "--json")
    found = {one["what"]: one["verdict"] for one in json.loads(done.stdout)}
    assert found["database"] == "ok"
    assert {"folders", "queue", "SMTP", "staff"} <= set(found)
    assert done.exit_code == 0


def test_a_backup_brings_everything_back_and_sends_nothing(ready, tmp_path):
    made = create()
    ok("campaign", "start", made["id"])
    file = tmp_path / "all.backup"
    rows = ok("backup", file)["rows"]
    assert file.stat().st_mode & 0o077 == 0
    assert "has rows already" in refused("restore", file)
    Campaign.objects.all().delete()
    for model in (
        "Delivery",
        "Mailing",
        "Revision",
        "Article",
        "ConsentRecord",
        "Subscription",
        "SubscriberList",
        "Subscriber",
        "Publication",
    ):
        from syndication import models

        getattr(models, model).objects.all().delete()
    found = ok("restore", file)
    assert found["rows"] == rows
    assert (found["held"], found["advice"]) == (1, "")
    assert Campaign.objects.get().state == "paused"
    assert Subscription.objects.filter(state="confirmed").count() == 2
    assert run("campaign", "verify", made["id"]).exit_code == 0


def test_a_file_that_is_no_backup_restores_nothing(tmp_path):
    (tmp_path / "x").write_bytes(b"nonsense")
    assert "no backup" in refused("restore", tmp_path / "x")
    assert "cannot be written" in refused("backup", tmp_path / "missing" / "x")
