"""Publishing writes what is published, all of it, nothing else, once, and stays right when it is called again or at the wrong time."""

import json
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from support.publications import NOON, make_article, make_publication

from syndication.articles.models import Article, Publication
from syndication.errors import NotFound
from syndication.feeds import files
from syndication.feeds.publish import TRY_AGAIN_AFTER, FeedRefused, publish, stale

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def feeds(settings, tmp_path):
    settings.FEEDS = tmp_path
    return tmp_path


@pytest.fixture
def publication():
    return make_publication(feeds_stale_since=NOON)


def items(feeds, slug="field-notes"):
    return json.loads((feeds / slug / "feed.json").read_bytes())["items"]


def stale_since(publication):
    publication.refresh_from_db()
    return publication.feeds_stale_since


def test_the_three_documents_of_a_published_article_appear(publication, feeds):
    article = make_article(publication)
    published = publish(publication.pk, now=LATER)
    assert (published.entries, published.changed, published.left_out) == (1, ("rss.xml", "atom.xml", "feed.json"), ())
    assert items(feeds)[0]["id"] == f"urn:uuid:{article.uid}"
    assert items(feeds)[0]["url"] == "https://news.example.org/a/field-notes/first-walk/"


def test_the_same_state_gives_the_same_bytes_and_touches_no_file(publication, feeds):
    make_article(publication)
    publish(publication.pk, now=LATER)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (feeds / "field-notes").iterdir()}
    assert publish(publication.pk, now=LATER + timedelta(days=30)).changed == ()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (feeds / "field-notes").iterdir()} == before


def test_a_draft_and_an_article_of_the_future_stay_hidden(publication, feeds):
    make_article(publication, "draft", state=Article.State.DRAFT)
    make_article(publication, "future", published_at=LATER + timedelta(seconds=1))
    publish(publication.pk, now=LATER)
    assert items(feeds) == []


def test_articles_of_another_publication_stay_there(publication, feeds):
    make_article(make_publication("other"), "elsewhere")
    publish(publication.pk, now=LATER)
    assert items(feeds) == []


def test_an_article_that_is_taken_back_disappears(publication, feeds):
    article = make_article(publication)
    publish(publication.pk, now=LATER)
    Article.objects.filter(pk=article.pk).update(state=Article.State.DRAFT)
    publish(publication.pk, now=LATER)
    assert items(feeds) == []


def test_the_fifty_newest_articles_are_listed(publication, feeds):
    for number in range(52):
        make_article(publication, f"walk-{number}", published_at=NOON - timedelta(days=number))
    assert publish(publication.pk, now=LATER).entries == 50
    assert items(feeds)[-1]["url"].endswith("/walk-49/")


def test_an_article_that_cannot_be_written_is_left_out_and_named_and_the_others_appear(publication, feeds):
    make_article(publication, "good")
    make_article(publication, "bad", html="<p>{{ nobody.knows.this( }}</p>")
    published = publish(publication.pk, now=LATER)
    assert [one.slug for one in published.left_out] == ["bad"]
    assert published.left_out[0].why
    assert [one["url"] for one in items(feeds)] == ["https://news.example.org/a/field-notes/good/"]


def test_a_pasted_control_character_does_not_take_the_feed_down(publication, feeds):
    make_article(publication, title="A\x0b title\x1f", summary="\ufffe sum", html="<p>a\x08b</p>", author="I\x01nes")
    assert publish(publication.pk, now=LATER).left_out == ()
    assert items(feeds)[0]["title"] == "A title"


def test_publishing_clears_the_mark_of_staleness(publication):
    publish(publication.pk, now=LATER)
    assert stale_since(publication) is None
    assert stale(LATER) == []


def test_a_change_while_the_files_are_written_keeps_its_mark(publication, monkeypatch):
    replace = files.replace

    def slowly(path, body):
        Publication.objects.filter(pk=publication.pk).update(feeds_stale_since=LATER)
        return replace(path, body)

    monkeypatch.setattr(files, "replace", slowly)  # stands for the other process that writes in this moment
    publish(publication.pk, now=LATER)
    assert stale_since(publication) == LATER
    assert stale(LATER) == [publication.pk]


def test_the_next_article_to_come_makes_the_feeds_stale_when_its_time_has_come(publication):
    to_come = LATER + timedelta(days=2)
    make_article(publication, "future", published_at=to_come)
    publish(publication.pk, now=LATER)
    assert stale(to_come - timedelta(seconds=1)) == []
    assert stale(to_come) == [publication.pk]


def test_missing_files_make_the_feeds_stale(publication, feeds):
    publish(publication.pk, now=LATER)
    (feeds / "field-notes" / "atom.xml").unlink()
    assert stale(LATER) == [publication.pk]


def test_a_publication_that_does_not_exist_is_named(publication):
    with pytest.raises(NotFound, match="no publication with the id 999999"):
        publish(999_999, now=LATER)


def test_a_feed_that_fails_its_checks_keeps_the_old_bytes_says_why_and_is_tried_again_later(publication, feeds, settings):
    make_article(publication)
    publish(publication.pk, now=LATER)
    before = (feeds / "field-notes" / "rss.xml").read_bytes()
    settings.BASE_URL = "not-an-address"
    with pytest.raises(FeedRefused, match="is not an absolute address"):
        publish(publication.pk, now=LATER)
    assert (feeds / "field-notes" / "rss.xml").read_bytes() == before
    assert stale(LATER) == []
    assert stale(LATER + TRY_AGAIN_AFTER) == [publication.pk]


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
    assert [one["url"] for one in items(feeds)] == ["https://news.example.org/a/field-notes/written-while-it-waited/"]


def test_a_feed_of_fifty_long_articles_is_written_within_a_second(publication):
    for number in range(50):
        make_article(publication, f"walk-{number}", html="<p>Word after word on the long way.</p>" * 150)
    started = time.process_time()
    publish(publication.pk, now=LATER)
    assert time.process_time() - started < 1
