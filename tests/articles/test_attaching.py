"""Files that come with an article: measured at their server, told truly, noted for the feeds."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from support.media_server import media_server
from support.publications import NOON, make_article, make_publication

from syndication.articles.attach import Attachment, attach, detach, set_picture
from syndication.articles.cleaning import Options, clean
from syndication.articles.errors import BadSource
from syndication.articles.measure import Measured, measure
from syndication.articles.media_types import CHAPTERS, PICTURE, SOUND, TRANSCRIPT, may_be, seconds_of, type_of
from syndication.articles.models import FeedChange, Podcast
from syndication.errors import NotFound

LATER = NOON + timedelta(days=1)
LOOPBACK = {"127.0.0.1"}
MP3 = Measured("https://media.example.org/walk.mp3", "audio/mpeg", 5000)


@pytest.fixture(scope="module")
def server():
    with media_server() as (url, asked):
        yield url, asked


def measured(server, path, what=SOUND):
    found = measure(server[0] + path, what, allowed_addresses=LOOPBACK)
    return found.media_type, found.length_bytes


# ------------------------------------------------------------------ measuring
@pytest.mark.parametrize(
    ("path", "what", "found"),
    [
        ("/walk.mp3", SOUND, ("audio/mpeg", 5000)),
        ("/ranged.mp3", SOUND, ("audio/mpeg", 7654321)),
        ("/octets.m4a", SOUND, ("audio/mp4", 5000)),
        ("/untyped.ogg", SOUND, ("audio/ogg", 5000)),
        ("/counter/walk.mp3", SOUND, ("audio/mpeg", 5000)),
        ("/walk.vtt", TRANSCRIPT, ("text/vtt", 60)),
        ("/walk.json", CHAPTERS, ("application/json+chapters", 80)),
        ("/frog.png", PICTURE, ("image/png", 4242)),
    ],
)
def test_type_and_true_length_are_what_the_server_says(server, path, what, found):
    assert measured(server, path, what) == found


@pytest.mark.parametrize(
    ("path", "what", "why"),
    [
        ("/chunked.mp3", SOUND, "does not say how long"),
        ("/stars.mp3", SOUND, "does not say how long"),
        ("/packed.mp3", SOUND, "does not say how long"),
        ("/empty.mp3", SOUND, "empty file"),
        ("/page.mp3", SOUND, "is text/html; charset=utf-8, not a file of sound"),
        ("/gone.mp3", SOUND, "answered 404 Not Found"),
        ("/inward.mp3", SOUND, "169.254.169.254, which is not a public address"),
        ("/round.mp3", SOUND, "redirects more than"),
        ("/frog.svg", PICTURE, "not a picture"),
        ("/walk.mp3", PICTURE, "not a picture"),
        ("/frog.png", CHAPTERS, "not a file of chapters"),
    ],
)
def test_what_readers_could_not_use_is_refused_in_a_sentence(server, path, what, why):
    with pytest.raises(BadSource, match=why):
        measured(server, path, what)


def test_only_one_byte_is_asked_for_and_the_host_is_named(server):
    server[1].clear()
    measured(server, "/walk.mp3")
    assert server[1] == [("/walk.mp3", "bytes=0-0", server[0].removeprefix("http://"))]


@pytest.mark.parametrize(
    "url", ["ftp://x.example/a.mp3", "a.mp3", "https://user:secret@x.example/a.mp3", "http://127.0.0.1/a.mp3", "http://[::1]/a"]
)
def test_no_other_address_is_asked(url):
    with pytest.raises(BadSource):
        measure(url, SOUND)


def test_an_address_of_any_length_is_refused_before_anybody_is_asked():
    with pytest.raises(BadSource, match="more than 1000 characters"):
        measure("https://x.example/" + "a" * 1000, SOUND)


@pytest.mark.parametrize(
    ("said", "url", "found"),
    [
        ("audio/mp3; x=y", "https://x/a", "audio/mpeg"),
        ("", "https://x/a.MP3?dl=1", "audio/mpeg"),
        ("text/plain", "https://x/a.vtt", "text/vtt"),
        ("text/plain; charset=utf-8", "https://x/a", "text/plain"),
        ("application/octet-stream", "https://x/a", "application/octet-stream"),
    ],
)
def test_the_ending_speaks_where_the_server_says_nothing(said, url, found):
    assert type_of(said, url) == found


def test_a_script_or_a_page_is_never_sound():
    assert not any(may_be(one, SOUND) for one in ("text/html", "application/javascript", "image/png", "", "audio/", "xaudio/mpeg"))


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("75", 75), ("12:34", 754), ("1:02:03", 3723), ("90:00", 5400)])
def test_a_duration_is_read_as_people_write_it(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["x", "1:2:3:4", "1:60", "-1", "1:-2", "1.5", "٣"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        seconds_of(text)


# ------------------------------------------------------------------ attaching
database = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def article():
    return make_article(make_publication())


def put(article, file=MP3, **more):
    return attach(article.pk, Attachment(file, **more), podcast_guid=uuid4(), now=LATER)


class TestAttaching:
    """What attaching writes."""

    pytestmark = database

    def test_a_file_is_kept_with_what_its_servers_said(self, article):
        made = put(
            article,
            title="The walk",
            duration_seconds=90,
            transcript=Measured("https://m.example/t.vtt", "text/vtt", 5),
            chapters=Measured("https://m.example/c.json", "application/json+chapters", 5),
        )
        assert (made.url, made.media_type, made.length_bytes, made.title) == (MP3.url, "audio/mpeg", 5000, "The walk")
        assert (made.duration_seconds, made.transcript_type, made.chapters_url) == (90, "text/vtt", "https://m.example/c.json")

    def test_the_same_address_again_brings_it_up_to_date_and_keeps_its_place(self, article):
        put(article)
        put(article, Measured("https://m.example/2.mp3", "audio/mpeg", 7))
        again = put(article, Measured(MP3.url, "audio/mpeg", 6000))
        assert (again.length_bytes, again.position, article.enclosures.count()) == (6000, 0, 2)

    def test_the_first_sound_makes_a_podcast_whose_id_stays(self, article):
        first = UUID(int=1)
        attach(article.pk, Attachment(Measured("https://m.example/a.pdf", "application/pdf", 9)), podcast_guid=first, now=LATER)
        assert not Podcast.objects.exists()
        attach(article.pk, Attachment(MP3), podcast_guid=first, now=LATER)
        put(make_article(article.publication, "second"))
        detach(article.pk, article.enclosures.get(url=MP3.url).pk, now=LATER)
        assert Podcast.objects.get().guid == first

    def test_each_change_is_noted_for_the_feeds_in_its_transaction(self, article):
        made = put(article)
        detach(article.pk, made.pk, now=LATER)
        set_picture(article.pk, "https://m.example/frog.png", alt="A frog", now=LATER)
        article.refresh_from_db()
        assert list(FeedChange.objects.values_list("article_id", "at")) == [(article.pk, LATER)] * 3
        assert (article.updated_at, article.image_url, article.image_alt) == (LATER, "https://m.example/frog.png", "A frog")

    def test_a_picture_that_is_taken_off_takes_its_words_along(self, article):
        set_picture(article.pk, "https://m.example/frog.png", alt="A frog", now=LATER)
        set_picture(article.pk, "", alt="A frog", now=LATER)
        article.refresh_from_db()
        assert (article.image_url, article.image_alt) == ("", "")

    def test_an_article_that_is_not_there_is_named(self):
        with pytest.raises(NotFound):
            attach(4711, Attachment(MP3), podcast_guid=uuid4(), now=LATER)


# ------------------------------------------------------------------ front matter
def test_front_matter_names_picture_and_sound():
    source = "---\nimage: https://m.example/frog.png\nimage_alt: A frog, asleep\naudio: https://m.example/walk.mp3\n---\n# Frogs\n\nThey sleep.\n"
    found = clean(source, name="frogs.md", url="", options=Options(), default_language="en")
    assert (found.image_url, found.image_alt) == ("https://m.example/frog.png", "A frog, asleep")
    assert found.audio_url == "https://m.example/walk.mp3"
    assert found.dropped == ()


@pytest.mark.parametrize("address", ["frog.png", "javascript:alert(1)", "'https://x.example/a b.png'", "[a, b]"])
def test_what_is_no_address_is_reported_and_left_out(address):
    source = f"---\nimage: {address}\n---\n# Frogs\n\nThey sleep.\n"
    found = clean(source, name="frogs.md", url="", options=Options(), default_language="en")
    assert found.image_url == ""
    assert [one.why for one in found.dropped] == ["front matter that could not be read"]
