"""What lies on disk is read back and held against what was published; every fault is named with what to do."""

import gzip
import shutil
from datetime import timedelta

import pytest
from support.publications import NOON, make_article, make_publication

from syndication.articles.topics import keep_in_step
from syndication.feeds.health import LATE_AFTER, health_of, sick_publications
from syndication.feeds.models import Feed
from syndication.feeds.publishing.publish import publish

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOON + timedelta(days=1)


@pytest.fixture(autouse=True)
def feeds(settings, tmp_path):
    settings.FEEDS = tmp_path
    return tmp_path


@pytest.fixture
def notes():
    """With one article, by one author, with one tag; published."""
    publication = make_publication()
    keep_in_step(make_article(publication))
    publish(publication.pk, now=LATER)
    return publication


def look(publication, *, thoroughly=True, now=LATER):
    return health_of(publication, now=now, thoroughly=thoroughly)


def faults(publication, **how):
    return [fault for one in look(publication, **how) for fault in one.faults]


def test_all_is_well_after_publishing_and_every_feed_is_told_of(notes):
    found = look(notes)
    assert [(one.name, one.entries) for one in found] == [("All articles", 1), ("Author: Ines Halm", 1), ("Tag: walks", 1)]
    assert all(one.is_well for one in found)
    assert found[0].url == "https://news.example.org/feeds/field-notes/"
    assert found[0].bytes_largest > 500
    assert found[0].published_at == LATER


def test_a_quick_look_reads_the_publications_own_feed_only(notes, feeds):
    for folder in ("field-notes", "field-notes/tags/walks"):
        (feeds / folder / "current" / "rss.xml").write_text("<rss/>")
    sick = [one.name for one in look(notes, thoroughly=False) if not one.is_well]
    assert sick == ["All articles"]
    assert {one.name for one in look(notes) if not one.is_well} == {"All articles", "Tag: walks"}


def test_missing_files_are_named(notes, feeds):
    shutil.rmtree(feeds / "field-notes" / "tags")
    assert faults(notes) == ["Its files are missing: readers get an error. `syndication feeds publish` writes them again."]


def test_files_of_an_older_state_are_named(notes):
    Feed.objects.filter(topic=None).update(digest="0" * 64)
    assert any("not those that were published last" in one for one in faults(notes))


@pytest.mark.parametrize("body", [b"", b"not gzip", gzip.compress(b"another feed", mtime=0)], ids=["empty", "no gzip", "another feed"])
def test_a_damaged_packed_form_is_named_though_the_plain_one_is_whole(notes, feeds, body):
    (feeds / "field-notes" / "current" / "rss.xml.gz").write_bytes(body)
    assert any(one.startswith("rss.xml (gzip) is damaged") for one in faults(notes))


def test_an_entry_that_no_article_has_is_counted(notes):
    from uuid import uuid4

    notes.articles.update(uid=uuid4())
    assert any("1 entries have ids that no article has" in one for one in faults(notes))


def test_a_refused_feed_tells_its_problem(notes):
    Feed.objects.filter(topic=None).update(problem="Atom: the article has no title")
    assert [one.problem for one in look(notes) if not one.is_well] == ["Atom: the article has no title"]
    assert sick_publications() == [(notes.pk, "Field Notes")]


def test_a_change_that_waits_for_long_is_named_with_the_queue(notes):
    Feed.objects.filter(topic=None).update(stale_since=LATER)
    assert faults(notes, now=LATER + timedelta(minutes=1)) == []
    assert any("waits for 30 minutes" in one for one in faults(notes, now=LATER + timedelta(minutes=30)))


def test_a_publication_that_was_never_published_is_named_after_a_while():
    new = make_publication("new")
    assert faults(new, now=new.created_at) == []
    assert any("never published" in one for one in faults(new, now=new.created_at + LATE_AFTER))


def test_nothing_is_sick_when_all_is_well(notes):
    assert sick_publications() == []
