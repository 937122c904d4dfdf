"""Readers of the same lists share one rendering, which a worker keeps up to date."""

import json
from datetime import timedelta

import feedparser
import pytest
from support.letters import make_mailing
from support.publications import NOON, make_article, make_list, make_publication

from syndication.articles.models import Article
from syndication.delivery.mailing.mailed_articles import mailed_articles
from syndication.feeds.private import editions
from syndication.feeds.private.models import PrivateEdition
from syndication.feeds.store import Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.database]

LATER = NOON + timedelta(days=3)
NAMES = ("rss.xml", "atom.xml", "feed.json")


@pytest.fixture
def private(settings, tmp_path):
    settings.PRIVATE_FEEDS = tmp_path
    return tmp_path


@pytest.fixture
def notes(private):
    return make_publication()


@pytest.fixture
def weekly(notes):
    return make_list(notes)


def make(publication, *lists, now=LATER):
    """The edition for these lists, made."""
    edition = editions.edition_of(publication.pk, tuple(one.pk for one in lists), now=now)
    editions.look(publication.pk, mailed_articles, now=now)
    edition.refresh_from_db()
    return edition


def documents(private, edition):
    version = Shelf(private).version(edition.folder)
    return {name: version.documents[name]["identity"].body for name in NAMES}


def titles(private, edition):
    found = documents(private, edition)
    read = [[one["title"] for one in json.loads(found["feed.json"])["items"]]]
    for name in ("rss.xml", "atom.xml"):
        parsed = feedparser.parse(found[name])
        assert not parsed.bozo
        read.append([one.title for one in parsed.entries])
    assert read[0] == read[1] == read[2]
    return read[0]


def mail(article, to, at=NOON, **fields):
    return make_mailing(to, f"campaign:{article.pk}:{to.pk}", article=article, frozen_at=at, **fields)


def test_it_holds_public_articles_and_what_was_mailed_to_its_lists_only(private, notes, weekly):
    monthly = make_list(notes, "monthly")
    make_article(notes)
    for name, visibility, to in (
        ("weekly", "email", weekly),
        ("monthly", "email", monthly),
        ("nobody", "email", None),
        ("hidden", "unlisted", None),
        ("unlisted", "unlisted", weekly),
    ):
        one = make_article(notes, name, title=name, visibility=visibility, published_at=NOON + timedelta(hours=1))
        if to:
            mail(one, to)
    assert set(titles(private, make(notes, weekly))) == {"weekly", "unlisted", "The first walk"}
    assert set(titles(private, make(notes, monthly))) == {"monthly", "The first walk"}
    assert set(titles(private, make(notes, weekly, monthly))) == {"weekly", "unlisted", "monthly", "The first walk"}


def test_an_article_without_a_page_has_its_whole_content_and_no_link(private, notes, weekly):
    letter = make_article(
        notes, "letter", visibility="email", html="<p>Dear {{ subscriber.first_name | default('friend') }}, <b>all</b> of it.</p>"
    )
    mail(letter, weekly)
    found = documents(private, make(notes, weekly))
    entry = feedparser.parse(found["rss.xml"]).entries[0]
    assert "Dear friend, <b>all</b> of it." in entry.content[0].value
    assert not any(b"/letter/" in body for body in found.values())
    assert entry.id == letter.permanent_id
    assert "url" not in json.loads(found["feed.json"])["items"][0]


def test_a_cancelled_campaign_brings_nothing(private, notes, weekly):
    mail(make_article(notes, "oops", visibility="email"), weekly, state="cancelled")
    assert titles(private, make(notes, weekly)) == []


def test_no_document_names_its_own_address_a_hub_or_a_reader(private, notes, weekly):
    make_article(notes)
    for name, body in documents(private, make(notes, weekly)).items():
        assert b"private.invalid" not in body, name
        assert b'rel="self"' not in body
        assert b"feed_url" not in body
        assert b'rel="hub"' not in body
        assert b"hubs" not in body


def test_a_second_look_changes_nothing(private, notes, weekly):
    make_article(notes)
    edition = make(notes, weekly)
    before = documents(private, edition)
    again = make(notes, weekly, now=LATER + timedelta(hours=1))
    assert (again.changed_at, again.digest) == (edition.changed_at, edition.digest)
    assert documents(private, again) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda one: Article.objects.filter(pk=one.pk).update(html="<p>Other words.</p>", updated_at=LATER),
        lambda one: Article.objects.filter(pk=one.pk).update(state="draft", unpublished_at=LATER),
        lambda one: Article.objects.filter(pk=one.pk).update(title="Another title"),
        lambda one: type(one.publication).objects.update(name="Another name"),
        lambda one: make_article(one.publication, "second", published_at=LATER),
        lambda one: mail(make_article(one.publication, "third", visibility="email"), one.publication.lists.get(), LATER),
    ],
    ids=["content", "taken back", "title", "publication", "new article", "campaign"],
)
def test_any_change_is_found_by_the_next_look(private, notes, weekly, change):
    edition = make(notes, weekly) if make_article(notes) else None
    before = documents(private, edition)
    change(notes.articles.get())
    after = make(notes, weekly, now=LATER + timedelta(minutes=1))
    assert documents(private, after) != before
    assert after.changed_at > edition.changed_at


def test_a_lost_folder_is_written_again_with_the_same_bytes_and_date(private, notes, weekly):
    import shutil

    make_article(notes)
    edition = make(notes, weekly)
    before = Shelf(private).version(edition.folder)
    shutil.rmtree(private / edition.folder)
    make(notes, weekly, now=LATER + timedelta(days=1))
    assert Shelf(private).version(edition.folder) == before


def test_an_article_that_cannot_be_written_is_left_out_and_named(private, notes, weekly):
    make_article(notes)
    make_article(notes, "broken", html="<p>{{ no.such.field }}</p>")
    edition = make(notes, weekly)
    assert titles(private, edition) == ["The first walk"]
    assert "is left out" in edition.problem


def test_an_edition_that_nobody_asks_for_goes_after_a_while(private, notes, weekly):
    edition = make(notes, weekly)
    editions.look(notes.pk, mailed_articles, now=LATER + editions.FORGOTTEN_AFTER + timedelta(days=1))
    assert not PrivateEdition.objects.exists()
    assert not (private / edition.folder).exists()


def test_a_publication_is_due_once_and_again_after_the_interval(private, notes, weekly):
    editions.edition_of(notes.pk, (weekly.pk,), now=LATER)
    assert [editions.claim_due(LATER), editions.claim_due(LATER)] == [[notes.pk], []]
    assert editions.claim_due(LATER + editions.LOOK_AGAIN_AFTER) == [notes.pk]


def test_readers_of_the_same_lists_share_one_edition(private, notes, weekly):
    lists = (weekly.pk,)
    assert editions.edition_of(notes.pk, lists, now=LATER).pk == editions.edition_of(notes.pk, lists, now=LATER).pk


def test_a_look_costs_the_same_few_queries_for_any_number_of_editions(private, notes, weekly, django_assert_max_num_queries):
    lists = [make_list(notes, f"list-{number}") for number in range(8)]
    make_article(notes)
    for one in lists:
        editions.edition_of(notes.pk, (one.pk,), now=LATER)
    editions.look(notes.pk, mailed_articles, now=LATER)
    with django_assert_max_num_queries(20):
        editions.look(notes.pk, mailed_articles, now=LATER + timedelta(minutes=1))
