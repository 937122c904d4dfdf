"""The commands about addresses and domains that are not mailed."""

import json

import pytest
from click.testing import CliRunner
from support.publications import make_publication

from syndication.audience.models import DomainRule, Suppression
from syndication.cli.main import command_line

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run(*words):
    return CliRunner().invoke(command_line, [str(word) for word in words], catch_exceptions=False)


def ok(*words):
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*words):
    done = run(*words)
    assert done.exit_code == 2, done.output
    return done.stderr


@pytest.fixture(autouse=True)
def publication():
    return make_publication()


def test_an_address_is_suppressed_and_freed():
    assert ok("suppress", "bo@example.org", "--detail", "moved")["new"] is True
    assert ok("suppress", "Bo@Example.org")["new"] is False
    assert ok("unsuppress", "bo@example.org") == {"lifted": True, "reason": "staff", "publication": None}
    assert "not suppressed" in refused("unsuppress", "bo@example.org")


def test_what_the_person_said_takes_their_word_and_a_note():
    ok("suppress", "bo@example.org", "--reason", "complained")
    assert "Only the person" in refused("unsuppress", "bo@example.org")
    assert "how and when" in refused("unsuppress", "bo@example.org", "--own-word")
    ok("unsuppress", "bo@example.org", "--own-word", "--note", "wrote on Monday")
    assert not Suppression.objects.exists()


def test_a_file_of_addresses_is_suppressed_in_one_publication(tmp_path):
    path = tmp_path / "old.txt"
    path.write_text("bo@example.org\nnonsense\n", encoding="utf-8")
    found = ok("suppress", "--file", path, "--publication", "field-notes")
    assert (found["new"], [one["line"] for one in found["refused"]]) == (1, [2])
    assert "line 2" in run("suppress", "--file", path).output


def test_a_file_that_is_no_text_changes_nothing(tmp_path):
    path = tmp_path / "old.txt"
    path.write_bytes(b"bo@example.org\n\xff\xfe")
    assert "not text in UTF-8" in refused("suppress", "--file", path)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("words", [["suppress"], ["domain", "block"]])
def test_neither_name_nor_file_is_refused(words):
    assert "Give one" in refused(*words)


def test_domains_are_blocked_allowed_listed_and_freed(tmp_path):
    assert ok("domain", "block", "*.Trash.example") == {"domain": "trash.example", "kind": "block", "publication": None, "new": True}
    ok("domain", "allow", "school.example", "--publication", "field-notes")
    assert [one["kind"] for one in ok("domain", "list")] == ["allow", "block"]
    assert "block trash.example (every publication)" in run("domain", "list").output
    ok("domain", "remove", "trash.example")
    assert "no rule" in refused("domain", "remove", "trash.example")
    assert "not the name of a domain" in refused("domain", "block", "a b")
    path = tmp_path / "domains.txt"
    path.write_text("one.example\ntwo.example\n", encoding="utf-8")
    assert ok("domain", "block", "--file", path)["new"] == 2
    assert DomainRule.objects.count() == 3
