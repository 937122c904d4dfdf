"""Publishing writes what is published, all of it, nothing else, once, and stays right when it is called again or at the wrong time."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from support.publications import NOON, make_article, make_publication

from syndication.articles.feed_changes import note_article, note_publication, shown
from syndication.articles.models import Article, FeedChange, OldAddress, Publication, Topic
from syndication.articles.publish import change_visibility, unpublish
from syndication.articles.publish import publish as publish_article
from syndication.articles.topics import keep_in_step
from syndication.errors import NotFound
from syndication.feeds import files, store
from syndication.feeds.models import Feed
from syndication.feeds.publishing import changes, compose, entries, old_folders
from syndication.feeds.publishing.due import due, mark_all_missing
from syndication.feeds.publishing.publish import TRY_AGAIN_AFTER, publish, publish_all
from syndication.feeds.store import Gone, Moved, Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOON + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def feeds(settings, tmp_path):
    settings.FEEDS = tmp_path
    return tmp_path


@pytest.fixture
def publication():
    return make_publication()


def items(feeds, folder="field-notes"):
    return json.loads((feeds / folder / "current" / "feed.json").read_bytes())["items"]


def slugs(feeds, folder="field-notes"):
    return [one["url"].rstrip("/").rpartition("/")[2] for one in items(feeds, folder)]


def versions(feeds):
    return {str(path.parent.relative_to(feeds)): path.readlink().name for path in feeds.rglob("current")}


def edit(article, *, now, **fields):
    """What bringing the article in anew does."""
    before = shown(article)
    for name, value in fields.items():
        setattr(article, name, value)
    article.updated_at = now
    article.save()
    keep_in_step(article)
    note_article(article, before, now=now)


# ---------------------------------------------------------------- what appears


def test_the_three_documents_of_a_published_article_appear_for_its_publication_tags_and_author(publication, feeds):
    article = make_article(publication)
    published = publish(publication.pk, now=LATER)
    assert (published.entries, published.left_out) == (1, {})
    assert published.changed == ["field-notes", "field-notes/tags/walks", "field-notes/authors/ines-halm"]
    for folder in published.changed:
        assert items(feeds, folder)[0]["id"] == f"urn:uuid:{article.uid}"
    assert items(feeds)[0]["url"] == "https://news.example.org/a/field-notes/first-walk/"


def test_feeds_of_topics_say_whose_they_are(publication, feeds):
    make_article(publication, tags=["Wälder"])
    publish(publication.pk, now=LATER)
    said = json.loads((feeds / "field-notes/tags/wälder/current/feed.json").read_bytes())
    assert (said["title"], said["feed_url"]) == (
        "Field Notes: Wälder",
        "https://news.example.org/feeds/field-notes/tags/w%C3%A4lder/feed.json",
    )
    assert said["home_page_url"] == "https://news.example.org/a/field-notes/tags/w%C3%A4lder/"


def test_links_beside_the_documents_agree_with_them(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    version = Shelf(feeds).version("field-notes")
    assert 'rel="hub"' in version.links["atom.xml"]
    assert '<https://news.example.org/feeds/field-notes/atom.xml>; rel="self"' in version.links["atom.xml"]
    assert [one for one, _ in version.entries] == [Article.objects.get().permanent_id]


def test_the_same_state_gives_the_same_bytes_and_touches_no_file(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    before = {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in feeds.rglob("*")}
    again = publish_all(publication.pk, now=LATER + timedelta(days=30))
    assert (again.written, again.changed) == (3, [])
    assert {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in feeds.rglob("*")} == before


def test_drafts_and_articles_of_the_future_and_those_that_are_not_for_everybody_stay_hidden(publication, feeds):
    make_article(publication, "draft", state=Article.State.DRAFT, tags=["a draft"])
    make_article(publication, "future", published_at=LATER + timedelta(seconds=1), tags=["to come"])
    make_article(publication, "unlisted", visibility=Article.Visibility.UNLISTED)
    make_article(publication, "email", visibility=Article.Visibility.EMAIL)
    publish(publication.pk, now=LATER)
    assert items(feeds) == []
    assert list(versions(feeds)) == ["field-notes"]


def test_an_article_to_come_appears_at_its_moment_and_its_topics_are_not_known_before(publication, feeds):
    article = make_article(publication, state=Article.State.DRAFT, published_at=None, tags=["secret plans"])
    publish_article(article.pk, now=NOON, at=LATER)
    publish(publication.pk, now=NOON)
    assert due(LATER - timedelta(microseconds=1)) == []
    assert list(versions(feeds)) == ["field-notes"]
    assert due(LATER) == [publication.pk]
    publish(publication.pk, now=LATER)
    assert slugs(feeds) == slugs(feeds, "field-notes/tags/secret-plans") == ["first-walk"]
    assert due(LATER) == []


def test_articles_of_another_publication_stay_there(publication, feeds):
    make_article(make_publication("other"), "elsewhere")
    publish(publication.pk, now=LATER)
    assert items(feeds) == []


@pytest.mark.parametrize("wanted", [20, 50])
def test_as_many_articles_are_listed_as_the_publication_wishes(feeds, wanted):
    publication = make_publication(feed_entries=wanted)
    for number in range(wanted + 2):
        make_article(publication, f"walk-{number}", published_at=NOON - timedelta(days=number), tags=[])
    assert publish(publication.pk, now=LATER).entries == wanted
    assert slugs(feeds)[-1] == f"walk-{wanted - 1}"


def test_an_article_that_cannot_be_written_is_left_out_and_named_and_the_others_appear(publication, feeds):
    make_article(publication, "good")
    make_article(publication, "bad", html="<p>{{ nobody.knows.this( }}</p>")
    published = publish(publication.pk, now=LATER)
    assert list(published.left_out) == ["bad"]
    assert published.left_out["bad"].why
    assert slugs(feeds) == ["good"]
    assert "bad is left out" in Feed.objects.get(topic=None).problem


def test_a_pasted_control_character_does_not_take_the_feed_down(publication, feeds):
    make_article(publication, title="A\x0b title\x1f", summary="\ufffe sum", html="<p>a\x08b</p>", author="I\x01nes")
    published = publish(publication.pk, now=LATER)
    assert (published.left_out, published.refused) == ({}, [])
    assert items(feeds)[0]["title"] == "A title"


# ---------------------------------------------------------------- only what changed


def test_a_new_article_touches_only_the_feeds_in_which_it_stands(publication, feeds):
    make_article(publication, "old", tags=["rain"], author="Bo")
    publish(publication.pk, now=LATER)
    before = versions(feeds)
    article = make_article(publication, "new", state=Article.State.DRAFT, published_at=None, tags=["walks"], author="Ines")
    publish_article(article.pk, now=LATER)
    done = publish(publication.pk, now=LATER)
    assert done.changed == ["field-notes", "field-notes/tags/walks", "field-notes/authors/ines"]
    assert done.written == 3
    after = versions(feeds)
    assert {folder for folder in before if before[folder] != after[folder]} == {"field-notes"}


def test_a_change_of_tags_reaches_the_feed_that_it_leaves_and_the_one_that_it_enters(publication, feeds):
    article = make_article(publication, tags=["rain"])
    publish(publication.pk, now=LATER)
    edit(article, tags=["walks"], now=LATER + MINUTE)
    publish(publication.pk, now=LATER + MINUTE)
    assert (items(feeds, "field-notes/tags/rain"), slugs(feeds, "field-notes/tags/walks")) == ([], ["first-walk"])


def test_a_new_name_of_the_publication_reaches_every_feed(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    Publication.objects.update(name="Meadow Notes")
    note_publication(publication.pk, now=LATER + MINUTE)
    assert len(publish(publication.pk, now=LATER + MINUTE).changed) == 3


def test_last_modified_moves_with_the_bytes_and_only_with_them(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    shelf = Shelf(feeds)
    assert shelf.version("field-notes").modified_at == LATER
    publish_all(publication.pk, now=LATER + MINUTE)
    assert shelf.version("field-notes").modified_at == LATER
    for second in (1, 2):  # twice within the same second: two dates all the same
        edit(article, title=f"Title {second}", now=LATER + MINUTE)
        publish(publication.pk, now=LATER + MINUTE)
        assert shelf.version("field-notes").modified_at == LATER + MINUTE + timedelta(seconds=second - 1)


# ---------------------------------------------------------------- taken back


def test_an_article_that_is_taken_back_disappears_and_leaves_a_tombstone(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    unpublish(article.pk, now=LATER + MINUTE)
    publish(publication.pk, now=LATER + MINUTE)
    for folder in ("field-notes", "field-notes/tags/walks", "field-notes/authors/ines-halm"):
        assert items(feeds, folder) == []
        atom = (feeds / folder / "current" / "atom.xml").read_text()
        assert "deleted-entry" in atom
        assert article.permanent_id in atom
    publish_article(article.pk, now=LATER + 2 * MINUTE)
    publish(publication.pk, now=LATER + 2 * MINUTE)
    assert slugs(feeds) == ["first-walk"]
    assert "deleted-entry" not in (feeds / "field-notes/current/atom.xml").read_text()


def test_an_article_that_becomes_unlisted_leaves_the_feeds(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    change_visibility(article.pk, Article.Visibility.UNLISTED, now=LATER)
    publish(publication.pk, now=LATER)
    assert items(feeds) == items(feeds, "field-notes/tags/walks") == []


# ---------------------------------------------------------------- refused


def test_a_feed_that_fails_its_checks_keeps_the_old_bytes_says_why_and_is_tried_again_later(publication, feeds, settings):
    make_article(publication)
    publish(publication.pk, now=LATER)
    before = versions(feeds)
    base_url, settings.BASE_URL = settings.BASE_URL, "not-an-address"
    refused = publish_all(publication.pk, now=LATER).refused
    assert {one.folder for one in refused} == set(before)
    assert versions(feeds) == before
    assert "readers keep the last good one" in Feed.objects.get(topic=None).problem
    assert due(LATER) == []
    assert due(LATER + TRY_AGAIN_AFTER) == [publication.pk]
    settings.BASE_URL = base_url
    assert publish(publication.pk, now=LATER + TRY_AGAIN_AFTER).refused == []
    assert set(Feed.objects.values_list("problem", flat=True)) == {""}


def test_a_refused_feed_is_tried_at_once_after_a_change(publication, feeds, settings):
    article = make_article(publication)
    base_url, settings.BASE_URL = settings.BASE_URL, "not-an-address"
    publish(publication.pk, now=LATER)
    settings.BASE_URL = base_url
    edit(article, title="Mended", now=LATER + MINUTE)
    publish(publication.pk, now=LATER + MINUTE)
    assert items(feeds)[0]["title"] == "Mended"


# ---------------------------------------------------------------- lost tasks and lost files


def test_a_change_while_the_files_are_written_is_published_as_well(publication, feeds, monkeypatch):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    write, written = store.write, []

    def and_meanwhile(*args, **kwargs):
        if not written:
            edit(article, title="Meanwhile", now=LATER + MINUTE)
            changes.work_off(publication.pk, now=LATER + MINUTE)
        written.append(args)
        return write(*args, **kwargs)

    edit(article, title="First", now=LATER)
    monkeypatch.setattr(store, "write", and_meanwhile)  # stands for the other process that writes in this moment
    publish(publication.pk, now=LATER)
    assert due(LATER + MINUTE) == [publication.pk]
    publish(publication.pk, now=LATER + MINUTE)
    assert items(feeds)[0]["title"] == "Meanwhile"


def test_a_publication_or_topic_without_a_feed_is_found(publication):
    assert due(LATER) == [publication.pk]
    publish(publication.pk, now=LATER)
    assert due(LATER) == []
    make_article(publication)
    assert due(LATER) == [publication.pk]


def test_missing_files_are_found_and_written_again_to_the_byte(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    before = versions(feeds)
    (feeds / "field-notes/current/atom.xml").unlink()
    assert due(LATER) == [publication.pk]
    publish(publication.pk, now=LATER + MINUTE)
    (feeds / "field-notes/tags/walks/current/feed.json").unlink()
    mark_all_missing(LATER)
    assert publish(publication.pk, now=LATER + MINUTE).changed == ["field-notes/tags/walks"]
    assert versions(feeds) == before
    assert due(LATER + MINUTE) == []


def test_a_lost_folder_comes_back_with_the_same_bytes_and_validators(publication, feeds, settings):
    for number in range(45):
        make_article(publication, f"walk-{number}", published_at=NOON - timedelta(hours=number))
    publish(publication.pk, now=LATER)
    before = versions(feeds)
    settings.FEEDS = feeds / "elsewhere"
    settings.FEEDS.mkdir()
    assert due(LATER) == [publication.pk]
    publish(publication.pk, now=LATER + timedelta(days=9))
    assert versions(settings.FEEDS) == before
    for folder in before:
        assert Shelf(settings.FEEDS).version(folder) == Shelf(feeds).version(folder)


def test_the_files_of_the_old_layout_are_replaced(publication, feeds):
    (feeds / "field-notes").mkdir()
    for name in ("rss.xml", "atom.xml", "feed.json"):
        (feeds / "field-notes" / name).write_text("old")
    publish(publication.pk, now=LATER)
    assert sorted(path.name for path in (feeds / "field-notes").iterdir() if not path.name.startswith("v-")) == ["current"]


def test_a_publication_that_does_not_exist_is_named(publication):
    with pytest.raises(NotFound, match="no publication with the id 999999"):
        publish(999_999, now=LATER)


# ---------------------------------------------------------------- long work, and many at once


def test_long_work_is_done_in_runs(publication, feeds):
    make_article(publication)
    runs = [publish(publication.pk, now=LATER, run_seconds=-1)]
    assert (runs[0].has_more, runs[0].written) == (True, 0)
    assert not publish(publication.pk, now=LATER, run_seconds=60).has_more


def test_a_task_that_meets_a_publisher_leaves_the_work_to_it(publication, feeds):
    with files.alone(feeds, str(publication.pk)):
        done = publish(publication.pk, now=LATER, wait=False)
    assert (done.is_ours, done.written, versions(feeds)) == (False, 0, {})


@pytest.mark.django_db(transaction=True)
def test_a_publisher_that_waited_for_another_one_reads_after_it_has_waited(publication, feeds):
    failures = []

    def wait_and_publish():
        try:
            publish(publication.pk, now=LATER)
        except Exception as error:  # noqa: BLE001  # whatever it is, the test must hear of it
            failures.append(error)
        finally:
            connection.close()

    publisher = threading.Thread(target=wait_and_publish)
    with files.alone(feeds, str(publication.pk)):
        publisher.start()
        publisher.join(timeout=0.2)
        make_article(publication, "written-while-it-waited")
    publisher.join(timeout=20)
    assert failures == []
    assert slugs(feeds) == ["written-while-it-waited"]


# ---------------------------------------------------------------- addresses for ever


def test_a_topic_that_no_article_has_any_more_keeps_its_feed(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    edit(article, tags=[], author="", now=LATER)
    publish(publication.pk, now=LATER)
    assert items(feeds, "field-notes/tags/walks") == items(feeds, "field-notes/authors/ines-halm") == []


def test_the_old_folder_of_a_publication_leads_to_the_new_one(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    Publication.objects.filter(pk=publication.pk).update(slug="meadow-notes")
    OldAddress.objects.create(kind="publication", slug="field-notes", publication=publication, at=LATER)
    note_publication(publication.pk, now=LATER)
    publish(publication.pk, now=LATER)
    shelf = Shelf(feeds)
    assert shelf.version("field-notes/tags/walks") == Moved("meadow-notes/tags/walks")
    assert shelf.version("meadow-notes/tags/walks").documents


def test_the_old_folder_of_a_topic_leads_to_the_new_one_and_an_address_taken_again_belongs_to_its_owner(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    topic = Topic.objects.get(kind="tag")
    Topic.objects.filter(pk=topic.pk).update(slug="hikes")
    OldAddress.objects.create(kind="tag", within="field-notes", slug="walks", topic=topic, at=LATER)
    note_publication(publication.pk, now=LATER)
    publish(publication.pk, now=LATER)
    assert Shelf(feeds).version("field-notes/tags/walks") == Moved("field-notes/tags/hikes")
    Topic.objects.create(publication=publication, kind="tag", name="Other walks", slug="walks")
    edit(article, tags=["walks", "Other walks"], now=LATER)
    publish(publication.pk, now=LATER)
    assert Shelf(feeds).version("field-notes/tags/walks").documents


def test_the_folder_of_a_deleted_publication_says_that_it_is_gone(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    (feeds / "something else").mkdir()
    publication.delete()
    assert old_folders.close_deleted() == ["field-notes"]
    assert Shelf(feeds).version("field-notes/tags/walks") == Gone()
    assert list((feeds / "something else").iterdir()) == []


def test_a_feed_that_ended_answers_that_it_is_gone(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    Feed.objects.filter(topic__kind="tag").update(is_gone=True)
    publish_all(publication.pk, now=LATER)
    assert Shelf(feeds).version("field-notes/tags/walks") == Gone()
    assert due(LATER) == []


def test_every_change_is_worked_off_once(publication):
    article = make_article(publication)
    for _ in range(3):
        note_article(article, shown(article), now=LATER)
    publish(publication.pk, now=LATER)
    assert not FeedChange.objects.exists()


def test_what_breaks_one_feed_stops_no_other(publication, feeds, monkeypatch):
    make_article(publication)

    def broken(*_, **__):
        raise RuntimeError("no room")

    monkeypatch.setattr(compose, "json_feed", broken)
    monkeypatch.setitem(compose._WRITERS, compose.JSON, broken)
    refused = publish(publication.pk, now=LATER).refused
    assert len(refused) == 3
    assert "no room" in refused[0].why


def test_content_that_was_rendered_for_a_feed_is_taken_over_by_the_next_version_and_gives_the_same_bytes(publication, feeds, monkeypatch):
    for number in range(3):
        make_article(publication, f"walk-{number}", html=f"<p>Number {number} &amp; <b>more</b>.</p>", tags=[], author="")
    publish(publication.pk, now=LATER)
    rendered = []
    render = entries.feed_html
    monkeypatch.setattr(entries, "feed_html", lambda *args, **kwargs: rendered.append(args) or render(*args, **kwargs))
    before = (feeds / "field-notes/current/rss.xml").read_bytes()
    entries._remembered.clear()  # another process
    publish_all(publication.pk, now=LATER)
    assert rendered == []
    assert (feeds / "field-notes/current/rss.xml").read_bytes() == before
    entries._remembered.clear()
    edit(Article.objects.get(slug="walk-1"), html="<p>Anew.</p>", now=LATER)
    publish(publication.pk, now=LATER)
    assert len(rendered) == 1
