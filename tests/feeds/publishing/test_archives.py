"""A feed and its archives together hold every article; what is past stays as it is unless it is changed itself (RFC 5005)."""

import json
import random
from datetime import timedelta

import pytest
from lxml import etree
from support.publications import NOON, make_article, make_publication

from syndication.articles.feed_changes import note_article, shown
from syndication.articles.models import Article
from syndication.articles.publish import publish as publish_article
from syndication.articles.publish import unpublish
from syndication.feeds.models import FeedArchive
from syndication.feeds.publishing.due import due
from syndication.feeds.publishing.publish import publish
from syndication.feeds.store import Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LATER = NOON + timedelta(hours=1)
HOUR = timedelta(hours=1)
SITE = "https://news.example.org/feeds/"


@pytest.fixture(autouse=True)
def feeds(settings, tmp_path):
    settings.FEEDS = tmp_path
    return tmp_path


@pytest.fixture
def publication():
    return make_publication()


def articles(publication, numbers, **fields):
    """One an hour; a higher number is newer."""
    return [make_article(publication, f"walk-{number}", published_at=NOON + number * HOUR, **({"tags": []} | fields)) for number in numbers]


def read(feeds, folder, name="feed.json"):
    return (feeds / folder / "current" / name).read_bytes()


def rebuilt(feeds, folder="field-notes"):
    """The slugs that a new subscriber finds by following next_url, as often as they are met."""
    found, at = [], f"{SITE}{folder}/feed.json"
    while at:
        said = json.loads(read(feeds, at.removeprefix(SITE).removesuffix("/feed.json")))
        found += [one["url"].rstrip("/").rpartition("/")[2] for one in said["items"]]
        at = said.get("next_url")
    return found


def links(feeds, folder, name="atom.xml"):
    root = etree.fromstring(read(feeds, folder, name))
    found = root.iterfind(".//{http://www.w3.org/2005/Atom}link")
    return {one.get("rel"): one.get("href").removeprefix(SITE) for one in found if one.get("rel") in {"prev-archive", "current", "self"}}


def states(feeds):
    return {str(path.parent.relative_to(feeds)): path.readlink().name for path in feeds.rglob("current") if "archive" in path.parts}


def test_a_feed_of_few_articles_has_no_archive(publication, feeds):
    articles(publication, range(20))
    publish(publication.pk, now=NOON + 100 * HOUR)
    assert states(feeds) == {}
    assert "prev-archive" not in links(feeds, "field-notes")


@pytest.mark.parametrize("count", [21, 40, 41, 100])
def test_feed_and_archives_together_miss_nothing(publication, feeds, count):
    articles(publication, range(count), tags=["walks"], author="")
    publish(publication.pk, now=NOON + 200 * HOUR)
    for folder in ("field-notes", "field-notes/tags/walks"):
        assert set(rebuilt(feeds, folder)) == {f"walk-{number}" for number in range(count)}
    archived = [one for number in range(1, FeedArchive.objects.count() // 2 + 1) for one in slugs_of(feeds, number)]
    assert len(archived) == len(set(archived))


def slugs_of(feeds, number):
    return [one["url"].rstrip("/").rpartition("/")[2] for one in json.loads(read(feeds, f"field-notes/archive/{number}"))["items"]]


def test_each_document_leads_to_the_one_before_it_and_back_to_the_feed(publication, feeds):
    articles(publication, range(50))
    publish(publication.pk, now=NOON + 100 * HOUR)
    for name in ("atom.xml", "rss.xml"):
        assert links(feeds, "field-notes", name)["prev-archive"] == f"field-notes/archive/2/{name}"
        second = links(feeds, "field-notes/archive/2", name)
        assert (second["prev-archive"], second["current"]) == (f"field-notes/archive/1/{name}", f"field-notes/{name}")
        assert "prev-archive" not in links(feeds, "field-notes/archive/1", name)
    assert b"http://purl.org/syndication/history/1.0" in read(feeds, "field-notes/archive/1", "rss.xml")
    version = Shelf(feeds).version("field-notes/archive/1")
    assert version.is_archive
    assert version.links["rss.xml"] == f'<{SITE}field-notes/archive/1/rss.xml>; rel="self"'


def test_a_new_article_never_changes_a_closed_archive(publication, feeds):
    articles(publication, range(21))
    publish(publication.pk, now=NOON + 100 * HOUR)
    for number in range(21, 85):
        before = states(feeds)
        (article,) = articles(publication, [number], state="draft")
        article = publish_article(article.pk, now=article.published_at)
        done = publish(publication.pk, now=NOON + 100 * HOUR)
        assert before.items() <= states(feeds).items()
        assert done.written <= 4  # the feed and the author's, and now and then a new archive of each
    assert len(states(feeds)) == 8


def test_an_edited_article_changes_only_the_archive_that_holds_it(publication, feeds):
    rows = articles(publication, range(60), author="")
    publish(publication.pk, now=NOON + 100 * HOUR)
    before = states(feeds)
    edited = rows[25]
    was = shown(edited)
    edited.title = "Another title"
    edited.updated_at = NOON + 101 * HOUR
    edited.save()
    note_article(edited, was, now=NOON + 101 * HOUR)
    publish(publication.pk, now=NOON + 101 * HOUR)
    after = states(feeds)
    assert {folder for folder in before if before[folder] != after[folder]} == {"field-notes/archive/2"}
    assert b"Another title" in read(feeds, "field-notes/archive/2")


def test_an_article_that_is_taken_back_leaves_a_tombstone_in_its_archive_alone(publication, feeds):
    rows = articles(publication, range(60), author="")
    publish(publication.pk, now=NOON + 100 * HOUR)
    before = states(feeds)
    unpublish(rows[3].pk, now=NOON + 100 * HOUR)
    publish(publication.pk, now=NOON + 100 * HOUR)
    after = states(feeds)
    assert {folder for folder in before if before[folder] != after[folder]} == {"field-notes/archive/1"}
    assert "walk-3" not in rebuilt(feeds)
    assert rows[3].permanent_id.encode() in read(feeds, "field-notes/archive/1", "atom.xml")


def test_an_article_whose_date_moves_changes_the_archive_that_it_leaves_and_the_one_that_it_enters(publication, feeds):
    rows = articles(publication, range(70), author="")
    publish(publication.pk, now=NOON + 100 * HOUR)
    before = states(feeds)
    moved = rows[5]
    was = shown(moved)
    moved.published_at = NOON + timedelta(hours=45, minutes=1)
    moved.updated_at = NOON + 100 * HOUR
    moved.save()
    note_article(moved, was, now=NOON + 100 * HOUR)
    publish(publication.pk, now=NOON + 100 * HOUR)
    after = states(feeds)
    assert {folder for folder in before if before[folder] != after[folder]} == {"field-notes/archive/1", "field-notes/archive/3"}
    assert "walk-5" in slugs_of(feeds, 3)


def test_older_articles_that_are_brought_in_later_find_room(publication, feeds):
    articles(publication, range(100, 160), author="")
    publish(publication.pk, now=NOON + 200 * HOUR)
    for number in range(80):
        (article,) = articles(publication, [number], author="", state="draft")
        publish_article(article.pk, now=article.published_at)
    publish(publication.pk, now=NOON + 200 * HOUR)
    found = rebuilt(feeds)
    assert set(found) == {f"walk-{number}" for number in (*range(80), *range(100, 160))}
    assert all(len(slugs_of(feeds, number)) <= 50 for number in range(1, len(states(feeds)) + 1))
    assert due(NOON + 200 * HOUR) == []


def test_articles_of_the_same_moment_are_divided_without_loss(publication, feeds):
    for number in range(130):
        make_article(publication, f"walk-{number}", tags=[], author="")
    publish(publication.pk, now=LATER)
    assert set(rebuilt(feeds)) == {f"walk-{number}" for number in range(130)}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_in_whatever_order_feed_and_archives_hold_exactly_what_is_published(publication, feeds, seed):
    chance = random.Random(seed)
    rows, now = [], NOON
    for step in range(120):
        now += timedelta(minutes=7)
        if rows and chance.random() < 0.15:
            unpublish(chance.choice(rows).pk, now=now)
        elif rows and chance.random() < 0.1:
            publish_article(chance.choice(rows).pk, now=now)
        else:
            row = make_article(publication, f"walk-{step}", state="draft", published_at=None, tags=[], author="")
            rows.append(publish_article(row.pk, now=now, at=now - chance.choice([0, 0, 0, 5, 500]) * timedelta(minutes=10)))
        if chance.random() < 0.4:
            publish(publication.pk, now=now)
    publish(publication.pk, now=now)
    assert set(rebuilt(feeds)) == set(Article.objects.filter(state="published").values_list("slug", flat=True))


def test_a_first_publishing_of_many_goes_in_runs_and_ends(publication, feeds):
    articles(publication, range(130), tags=["walks"])
    runs = 0
    while publish(publication.pk, now=NOON + 200 * HOUR, run_seconds=0.05).has_more:
        runs += 1
    assert runs > 1
    assert due(NOON + 200 * HOUR) == []
    assert len(set(rebuilt(feeds))) == 130
