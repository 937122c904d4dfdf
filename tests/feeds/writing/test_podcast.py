"""A feed with sound says what podcast programs ask for, in values that Apple's and the Podcast Index's rules allow."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import feedparser
import pytest
from lxml import etree

from syndication.feeds.writing.documents import EnclosureInfo, Entry, FeedInfo, Person, PodcastInfo, cleaned_info, newest_first
from syndication.feeds.writing.podcast import category_names, guid_of, is_category, wishes
from syndication.feeds.writing.xml_documents import rss

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOW = PodcastInfo("917393e3-1b1e-5cef-ace4-edaa54e1f810", owner_address="desk@pond.example", category="Leisure > Hobbies")
INFO = FeedInfo(
    "urn:uuid:1",
    "Pond",
    "All about ponds",
    "en",
    "The desk",
    "https://pond.example/",
    "https://pond.example/feeds/pond/",
    NOON,
    image_url="https://pond.example/cover.jpg",
    podcast=SHOW,
)
SOUND = EnclosureInfo(
    "https://pond.example/1.mp3",
    "audio/mpeg",
    1000,
    duration_seconds=61,
    transcript_url="https://pond.example/1.vtt",
    transcript_type="text/vtt",
    chapters_url="https://pond.example/1.json",
    people=(Person("Ada Reed", "Host", "https://ada.example/"), Person("Bo")),
)
ENTRY = Entry(
    "urn:uuid:2", "Newts", "https://pond.example/a/newts/", "On newts.", "<p>x</p>", "Ada", (), "", NOON, NOON, enclosures=(SOUND,)
)
NS = {"i": "http://www.itunes.com/dtds/podcast-1.0.dtd", "p": "https://podcastindex.org/namespace/1.0"}


def channel(info=INFO, entries=(ENTRY,)):
    return etree.fromstring(rss(info, entries))[0]


def test_the_guid_is_that_of_the_specification():  # its two examples
    assert str(guid_of("mp3s.nashownotes.com/pc20rss.xml")) == "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    assert str(guid_of("https://podnews.net/rss/")) == "9b024349-ccf0-5f69-a609-6b82873eab3c"


def test_the_show_tells_apple_who_what_and_for_whom():
    head = channel()
    said = {name: head.findtext(f"i:{name}", None, NS) for name in ("author", "summary", "type", "explicit")}
    assert said == {"author": "The desk", "summary": "All about ponds", "type": "episodic", "explicit": "false"}
    assert [head.findtext(f"i:owner/i:{name}", None, NS) for name in ("name", "email")] == ["The desk", "desk@pond.example"]
    assert head.find("i:image", NS).get("href") == "https://pond.example/cover.jpg"
    assert [one.get("text") for one in head.iterfind(".//i:category", NS)] == ["Leisure", "Hobbies"]


def test_the_show_keeps_its_guid_and_its_lock():
    head = channel()
    assert head.findtext("p:guid", None, NS) == SHOW.guid
    assert (head.findtext("p:locked", None, NS), head.find("p:locked", NS).get("owner")) == ("yes", "desk@pond.example")


def test_an_episode_has_length_transcript_chapters_and_people():
    item = channel().find("item")
    said = {name: item.findtext(f"i:{name}", None, NS) for name in ("author", "summary", "duration", "explicit", "episodeType")}
    assert said == {"author": "Ada", "summary": "On newts.", "duration": "61", "explicit": "false", "episodeType": "full"}
    assert dict(item.find("p:transcript", NS).attrib) == {"url": "https://pond.example/1.vtt", "type": "text/vtt"}
    assert dict(item.find("p:chapters", NS).attrib) == {"url": "https://pond.example/1.json", "type": "application/json+chapters"}
    people = [(one.text, dict(one.attrib)) for one in item.iterfind("p:person", NS)]
    assert people == [("Ada Reed", {"role": "host", "href": "https://ada.example/"}), ("Bo", {})]


def test_an_article_without_sound_is_no_episode():
    item = channel(entries=(replace(ENTRY, enclosures=()),)).find("item")
    assert not [child for child in item if "itunes" in child.tag or "podcastindex" in child.tag]


def test_values_that_the_rules_forbid_are_left_out():
    odd = replace(SOUND, transcript_type="text/markdown", chapters_url="/1.json", people=(Person(" "), Person("x" * 200, url="ftp://x")))
    info = replace(INFO, image_url="https://pond.example/cover.webp", podcast=replace(SHOW, category="Ponds"))
    head = channel(info, (replace(ENTRY, enclosures=(odd,)),))
    assert [head.find(f".//{name}", NS) for name in ("i:image", "i:category", "p:transcript", "p:chapters")] == [None] * 4
    assert [(one.text, dict(one.attrib)) for one in head.iterfind(".//p:person", NS)] == [("x" * 128, {})]


def test_a_serial_and_explicit_show_says_so():
    head = channel(replace(INFO, podcast=replace(SHOW, is_serial=True, is_explicit=True)))
    assert (head.findtext("i:type", None, NS), head.findtext("i:explicit", None, NS)) == ("serial", "true")
    assert head.findtext("item/i:explicit", None, NS) == "true"


def test_feedparser_reads_a_podcast_without_a_complaint():
    read = feedparser.parse(rss(INFO, [ENTRY]))
    assert not read.bozo
    assert read.entries[0].itunes_duration == "61"


@pytest.mark.parametrize("name", ["Technology", "Leisure > Games", "Society & Culture > Documentary"])
def test_categories_of_apple_are_known(name):
    assert is_category(name)
    assert name in category_names()


def test_nothing_is_wished_of_a_complete_podcast_or_of_a_feed_that_is_none():
    assert list(wishes(INFO, [ENTRY])) == []
    assert list(wishes(replace(INFO, podcast=None), [ENTRY])) == []


def test_staff_hear_what_directories_will_ask_for():
    poor = cleaned_info(replace(INFO, image_url="", podcast=replace(SHOW, category="")))
    odd = replace(SOUND, media_type="audio/ogg", duration_seconds=None, transcript_type="text/markdown")
    asked = " ".join(wishes(poor, newest_first([replace(ENTRY, enclosures=(odd,), updated_at=NOON + timedelta(1))])))
    assert all(word in asked for word in ("square picture", "categories", "audio/ogg", "how long", "transcript's type"))
