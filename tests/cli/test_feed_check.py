"""`feeds check` reads every feed back, and its exit code is its verdict."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.utils import timezone
from support.publications import make_article, make_publication

from syndication.cli.main import command_line
from syndication.feeds.publishing.publish import publish

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def notes(settings, tmp_path):
    settings.FEEDS = tmp_path
    publication = make_publication()
    make_article(publication, published_at=timezone.now() - timedelta(days=1))
    publish(publication.pk, now=timezone.now())
    return publication


def check(*words):
    return CliRunner().invoke(command_line, ["feeds", "check", *words])


def test_it_ends_with_0_when_all_is_well(notes):
    done = check()
    assert done.exit_code == 0, done.output
    assert "ok    field-notes: All articles, 1 entries" in done.output
    assert "0 polls in 7 days" in done.output


def test_it_ends_with_1_and_says_what_is_wrong(notes, tmp_path):
    (tmp_path / "field-notes" / "current" / "atom.xml").write_text("<feed>")
    done = check("--publication", "field-notes")
    assert done.exit_code == 1
    assert "FAIL  field-notes: All articles" in done.output
    assert "atom.xml (identity) is damaged" in done.output


def test_it_ends_with_2_for_what_is_not_there(notes):
    assert check("--publication", "nothing").exit_code == 2
    assert check("--moving-to", "elsewhere").exit_code == 2


def test_a_program_reads_the_verdict_the_polls_and_the_hub(notes):
    [told] = json.loads(check("--json").stdout)
    assert (told["publication"], told["is_well"], told["hub_subscribers"]) == ("field-notes", True, 0)
    assert told["feeds"][0]["entries"] == 1
    assert set(told["polls"]) == {"days", "polls", "unchanged_share", "readers"}
    assert "would_be_unread" not in told


def test_before_a_move_it_says_how_many_entries_would_be_unread(notes):
    done = check("--moving-to", "https://elsewhere.example", "--json")
    assert (done.exit_code, json.loads(done.stdout)[0]["would_be_unread"]) == (0, 0)
