"""The commands about DKIM keys, as a person or a program meets them."""

import json

import pytest
from click.testing import CliRunner
from support.txt_server import SERVER_FAILURE, txt_server

from syndication.cli.main import command_line
from syndication.delivery.signing import keys
from syndication.delivery.signing.models import SigningKey

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def _no_remembered_keys():
    keys.look_again()
    yield
    keys.look_again()


def run(*words):
    return CliRunner().invoke(command_line, ["dkim", *words], catch_exceptions=False)


def ok(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words):
    done = run(*words)
    assert done.exit_code == 2, done.output
    assert done.stderr.startswith("Error: ")
    return done.stderr


def published(result):
    """What DNS says once the records of `dkim new --json` are published."""
    return {one["record"]["name"]: [one["record"]["strings"]] for one in result["keys"]}


def check(records, domain="example.org", *more):
    with txt_server(records) as server:
        return run("check", domain, "--resolver", server.address, *more)


def test_new_prints_two_records_to_publish_and_what_comes_next():
    done = run("new", "example.org", "--selector", "mail")
    assert done.exit_code == 0
    assert "mailr._domainkey.example.org" in done.stdout
    assert "v=DKIM1; k=rsa; p=MII" in done.stdout
    assert "v=DKIM1; k=ed25519; p=" in done.stdout
    assert 'IN TXT ( "v=DKIM1; k=rsa' in done.stdout
    assert "Nothing is signed with them yet" in done.stdout
    assert "syndication dkim check example.org" in done.stdout
    assert "PRIVATE" not in done.stdout


def test_new_gives_programs_all_forms_of_a_record():
    found = ok("new", "Bücher.example", "--algorithm", "rsa")
    (one,) = found["keys"]
    record = one["record"]
    assert found["domain"] == one["domain"] == "xn--bcher-kva.example"
    assert (one["algorithm"], one["state"], one["locked"]) == ("rsa", "waiting", False)
    assert "".join(record["strings"]) == record["value"]
    assert max(map(len, record["strings"])) <= 255
    assert record["name"] == f"{one['selector']}._domainkey.xn--bcher-kva.example"
    assert "private_key" not in json.dumps(found)


def test_a_key_signs_from_the_check_that_saw_its_record():
    made = ok("new", "example.org")
    assert keys.key_ids("example.org") == []
    done = check(published(made))
    assert done.exit_code == 0, done.output
    assert done.stdout.count("mailings that start from now on are signed with") == 2
    assert keys.key_ids("example.org") == [one["id"] for one in made["keys"]]


def test_a_record_that_is_missing_fails_the_check_and_says_where_it_should_be():
    made = ok("new", "example.org", "--algorithm", "ed25519")
    done = check({})
    assert done.exit_code == 1
    assert f"missing     {made['keys'][0]['selector']} (ed25519), waiting: there is no TXT record at" in done.stdout
    assert keys.key_ids("example.org") == []


def test_a_wrong_record_fails_the_check_and_says_what_is_wrong():
    made = ok("new", "example.org", "--algorithm", "rsa")
    name = made["keys"][0]["record"]["name"]
    done = check({name: [made["keys"][0]["record"]["strings"][:1]]})
    assert done.exit_code == 1
    assert "cut after" in done.stdout


def test_a_dns_server_that_is_away_fails_the_check_and_changes_nothing():
    made = ok("new", "example.org", "--algorithm", "rsa", "--sign-now")
    done = check({made["keys"][0]["record"]["name"]: SERVER_FAILURE})
    assert done.exit_code == 1
    assert "unreachable" in done.stdout
    assert "it stays in use" in done.stdout
    assert keys.key_ids("example.org") == [made["keys"][0]["id"]]


def test_the_check_tells_programs_each_verdict():
    made = ok("new", "example.org", "--selector", "one", "--algorithm", "rsa", "--sign-now")
    newer = ok("new", "example.org", "--selector", "two", "--algorithm", "rsa")
    found = json.loads(check(published(made) | published(newer), "example.org", "--json").stdout)
    assert [(one["selector"], one["verdict"], one["taken"], one["replaced"]) for one in found["keys"]] == [
        ("two", "published", True, "one")
    ]


def test_sign_now_signs_at_once_and_warns():
    done = run("new", "example.org", "--selector", "now", "--algorithm", "rsa", "--sign-now")
    assert "Publish at once" in done.stdout
    assert [row.state for row in SigningKey.objects.all()] == ["in use"]


def test_use_replaces_and_says_how_long_the_old_record_must_stay():
    ok("new", "example.org", "--selector", "old", "--algorithm", "rsa", "--sign-now")
    ok("new", "example.org", "--selector", "fresh", "--algorithm", "rsa")
    done = run("use", "example.org", "FRESH")
    assert done.exit_code == 0
    assert "signed with fresh" in done.stdout
    assert "old signs no new mailing. Leave its DNS record until" in done.stdout


def test_retire_says_how_long_the_record_must_stay_and_that_nothing_signs_any_more():
    ok("new", "example.org", "--selector", "only", "--algorithm", "rsa", "--sign-now")
    done = run("retire", "example.org", "only")
    assert "Leave its DNS record until" in done.stdout
    assert "No key of example.org is in use now" in done.stdout
    assert keys.key_ids("example.org") == []
    assert "retired, its record may go after" in run("list").stdout


def test_a_key_that_was_never_used_may_lose_its_record_at_once():
    ok("new", "example.org", "--selector", "only", "--algorithm", "rsa")
    assert "its record may go" in run("retire", "example.org", "only").stdout


def test_show_prints_the_records_again_but_not_those_of_retired_keys():
    ok("new", "example.org", "--selector", "a", "--algorithm", "rsa")
    ok("new", "example.org", "--selector", "b", "--algorithm", "ed25519")
    run("retire", "example.org", "a")
    done = run("show", "example.org")
    assert "b._domainkey.example.org" in done.stdout
    assert "a._domainkey.example.org" not in done.stdout
    assert [one["selector"] for one in ok("show", "example.org")["keys"]] == ["a", "b"]


def test_list_names_every_domain_and_says_when_there_is_none():
    assert "mail leaves unsigned" in run("list").stdout
    ok("new", "b.example", "--algorithm", "rsa")
    ok("new", "a.example", "--algorithm", "ed25519")
    assert [one["domain"] for one in ok("list")] == ["a.example", "b.example"]


def test_a_key_of_another_secret_key_is_shown_as_locked(settings):
    ok("new", "example.org", "--algorithm", "rsa")
    settings.SECRET_KEY = "another secret key of thirty-two letters"
    assert "LOCKED" in run("list").stdout
    assert "LOCKED" in run("show", "example.org").stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("new", "desk@example.org"), "is not a domain"),
        (("new", "localhost"), "is not a domain that can sign"),
        (("new", "example.org", "--selector", "a b"), "cannot be a selector"),
        (("show", "example.org"), "syndication dkim new example.org"),
        (("check", "example.org"), "syndication dkim new example.org"),
        (("use", "example.org", "x"), "has no DKIM key here"),
        (("check", "example.org", "--resolver", "dns.example"), "--resolver 'dns.example'"),
    ],
)
def test_a_wrong_word_is_one_clear_sentence(words, says):
    assert says in refused(*words)


def test_an_unknown_selector_is_answered_with_those_that_are_there():
    ok("new", "example.org", "--selector", "one", "--algorithm", "rsa")
    assert "it has one." in refused("retire", "example.org", "two")


def test_a_name_that_was_published_is_not_used_again():
    ok("new", "example.org", "--selector", "one", "--algorithm", "rsa")
    assert "already" in refused("new", "example.org", "--selector", "one", "--algorithm", "rsa")
