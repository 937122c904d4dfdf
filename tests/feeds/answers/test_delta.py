"""A reader that knows an earlier version is sent only the entries that are new or changed to it."""

import json
from datetime import timedelta

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.publications import NOON

from syndication.feeds.answers import delta
from syndication.feeds.writing.documents import Entry, FeedInfo
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss

FOLDER_URL = "https://news.example.org/feeds/notes/"
INFO = FeedInfo("urn:uuid:0", "Notes", "Walks", "en", "Ines", "https://news.example.org/a/notes/", FOLDER_URL, NOON)
ENTRIES = [
    Entry(f"urn:uuid:{number}", f"Walk {number} & more", f"https://news.example.org/a/notes/{number}/", "", f"<p>Text {number} &amp; é</p>",
          "Ines", ("walks",), "", NOON - timedelta(days=number), NOON)
    for number in range(1, 6)
]  # fmt: skip
WHOLE = {"rss.xml": rss(INFO, ENTRIES), "atom.xml": atom(INFO, ENTRIES)}


@pytest.mark.parametrize("file_name", ["rss.xml", "atom.xml"])
def test_the_wanted_entries_stay_as_they_were_and_in_their_order(file_name):
    cut = feedparser.parse(delta.only(file_name, WHOLE[file_name], {"urn:uuid:2", "urn:uuid:4"}))
    whole = feedparser.parse(WHOLE[file_name])
    assert not cut.bozo
    assert cut.entries == [whole.entries[1], whole.entries[3]]
    assert cut.feed == whole.feed


def test_the_same_holds_for_json():
    whole = json.loads(json_feed(INFO, ENTRIES))
    cut = json.loads(delta.only("feed.json", json_feed(INFO, ENTRIES), {"urn:uuid:2", "urn:uuid:4"}))
    assert cut.pop("items") == [whole["items"][1], whole["items"][3]]
    assert cut == {name: value for name, value in whole.items() if name != "items"}


def test_text_in_cdata_stays_in_cdata():
    assert delta.only("rss.xml", WHOLE["rss.xml"], {"urn:uuid:1"}).count(b"<![CDATA[") == WHOLE["rss.xml"].count(b"<![CDATA[") // 5


@pytest.mark.parametrize(("file_name", "body"), [("rss.xml", b"<rss"), ("atom.xml", b""), ("feed.json", b"{"), ("feed.json", b"\xff")])
def test_what_is_no_document_is_refused(file_name, body):
    with pytest.raises(ValueError):
        delta.only(file_name, body, {"urn:uuid:1"})


_versions = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123")).map(lambda entries: tuple(entries.items()))


@given(_versions, _versions)
def test_base_and_delta_together_make_the_whole(now, base):
    new = delta.unseen(now, base)
    assert {one for one in now if one[0] in new} | (set(base) & set(now)) == set(now)
    assert not {one for one in now if one[0] in new} & set(base)
