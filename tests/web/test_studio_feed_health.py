"""The studio's page about feeds: plain words, what to do, and the settings that feeds are made with."""

from datetime import timedelta

import pytest
from django.utils import timezone
from support.media_server import media_server
from support.publications import make_article, make_list, make_publication
from support.staff import signed_in

from syndication.articles.attach import Attachment, attach
from syndication.articles.measure import Measured
from syndication.articles.models import FeedChange, Podcast, Publication
from syndication.audience import subscribe
from syndication.feeds.models import Feed
from syndication.feeds.polls.models import FeedPoll
from syndication.feeds.private import address
from syndication.feeds.publishing.publish import publish
from syndication.feeds.writing.podcast import guid_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def notes(settings, tmp_path):
    settings.FEEDS = tmp_path
    settings.FETCH_ALLOWED = ("127.0.0.1",)
    publication = make_publication()
    make_article(publication, published_at=timezone.now() - timedelta(days=1))
    publish(publication.pk, now=timezone.now())
    FeedChange.objects.all().delete()
    return publication


@pytest.fixture
def path(notes):
    return f"/studio/publications/{notes.pk}/feeds/"


def words(path, role="viewer"):
    return " ".join(signed_in(role).get(path).content.decode().split())


def test_all_is_well_and_a_viewer_sees_no_button(path):
    shown = words(path)
    assert "all is well" in shown
    assert "All articles" in shown
    assert "Write all feeds again" not in shown
    assert "Nobody has fetched a feed" in shown


def test_a_refused_feed_is_told_in_plain_words_there_and_on_the_overview(path, notes):
    Feed.objects.update(problem="RSS: “Frogs” has no date: give it one")
    shown = words(path)
    assert "needs a look" in shown
    assert "Readers keep the last good one." in shown
    assert "“Frogs” has no date: give it one" in shown
    assert f'href="{path}"' in words("/studio/")


def test_the_overview_says_nothing_while_all_is_well(notes):
    assert "is not up to date" not in words("/studio/")


def test_missing_files_are_told_without_a_command_that_nobody_can_type(path, tmp_path):
    (tmp_path / "field-notes" / "current").unlink()
    shown = words(path)
    assert "“Write all feeds again” does what its name says" in shown
    assert "syndication feeds" not in shown


def test_who_fetches_is_told_with_readers_and_the_share_that_had_it(path, notes):
    facts = {"publication_id": notes.pk, "day": timezone.now().date(), "feed": "rss.xml", "last_seen_at": timezone.now()}
    FeedPoll.objects.create(**facts, reader="Feedly", polls=40, unchanged=30, subscribers=1234)
    FeedPoll.objects.create(**facts, reader="NetNewsWire", polls=10, unchanged=10)
    shown = words(path)
    assert "<strong>50</strong> visits in 7 days" in shown
    assert "<strong>80 %</strong> had the newest already" in shown
    assert "1,234" in shown
    assert "NetNewsWire" in shown


def test_private_addresses_are_counted_and_never_shown(path, notes):
    mara = subscribe.add(subscribe.Person("mara@example.org"), to=make_list(notes), confirmed=True, how="staff", now=timezone.now())
    feed = address.make(mara.subscriber, notes, now=timezone.now())
    shown = words(path, "owner")
    assert "<strong>1</strong> reader has a private address" in shown
    assert address.token_of(feed) not in shown
    assert "mara" not in shown


def test_trying_out_a_move_says_that_nothing_becomes_unread_and_changes_nothing(path, notes):
    assert "<strong>0 articles would appear as unread</strong>" in words(f"{path}?try=yes")
    notes.refresh_from_db()
    assert notes.slug == "field-notes"


def test_writing_everything_again_marks_every_feed(path):
    assert signed_in("editor").post(path, {"do": "again"}).status_code == 302
    assert not Feed.objects.filter(stale_since=None).exists()


def test_settings_are_kept_and_noted_for_the_feeds(path, notes):
    with media_server() as (media, _):
        answer = signed_in("editor").post(path, {"do": "save", "feed_entries": "35", "image_url": f"{media}/frog.png"})
        assert answer.status_code == 302
        assert Publication.objects.get().image_url == f"{media}/frog.png"
    assert Publication.objects.get().feed_entries == 35
    assert FeedChange.objects.get().article_id is None


@pytest.mark.parametrize("entries", ["19", "51", "x", ""])
def test_a_number_of_articles_out_of_bounds_is_refused(path, entries):
    assert signed_in().post(path, {"do": "save", "feed_entries": entries}).status_code == 422
    assert Publication.objects.get().feed_entries == 20


def test_a_picture_that_is_none_is_refused_beside_its_field(path):
    with media_server() as (media, _):
        answer = signed_in().post(path, {"do": "save", "feed_entries": "20", "image_url": f"{media}/frog.svg"})
    assert answer.status_code == 422
    assert "not a picture" in answer.content.decode()


def test_podcast_settings_stand_there_once_there_is_sound(path, notes):
    assert "Podcast category" not in words(path, "editor")
    sound = Attachment(Measured("https://m.example/a.mp3", "audio/mpeg", 9))
    attach(notes.articles.get().pk, sound, podcast_guid=guid_of("https://news.example.org/feeds/field-notes/rss.xml"), now=timezone.now())
    assert "Podcast category" in words(path, "editor")
    signed_in().post(path, {"do": "save", "feed_entries": "20", "category": "Leisure > Games", "is_explicit": "on"})
    kept = Podcast.objects.get()
    assert (kept.category, kept.is_explicit, kept.is_locked) == ("Leisure > Games", True, False)
