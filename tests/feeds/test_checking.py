"""The publisher's own checks refuse what would make readers complain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndication.feeds.checking import problems
from syndication.feeds.documents import ATOM, JSON, RSS, Entry, FeedInfo
from syndication.feeds.json_document import json_feed
from syndication.feeds.xml_documents import atom, rss

NOW = datetime(2026, 5, 1, tzinfo=UTC)
INFO = FeedInfo("urn:uuid:1", "Tides", "", "en", "", "https://example.org/a/tides/", "https://example.org/feeds/tides/", NOW)
ENTRY = Entry("urn:uuid:2", "High water", "https://example.org/a/tides/high/", "", "<p>x</p>", "", (), "", NOW, NOW)
GOOD = {RSS: rss(INFO, [ENTRY]), ATOM: atom(INFO, [ENTRY]), JSON: json_feed(INFO, [ENTRY])}


def test_what_we_write_passes():
    assert problems(GOOD, now=NOW) == []


@pytest.mark.parametrize("written_as", [RSS, ATOM, JSON], ids=lambda one: one.name)
def test_a_document_cut_short_is_refused(written_as):
    assert "cannot be read back" in problems({written_as: GOOD[written_as][:-20]}, now=NOW)[0]


def test_a_document_type_declaration_is_refused():
    body = GOOD[RSS].replace(b"<rss", b'<!DOCTYPE rss [<!ENTITY a "b">]><rss', 1)
    assert "DOCTYPE" in problems({RSS: body}, now=NOW)[0]


def test_two_entries_with_one_id_are_refused():
    twice = [ENTRY, replace(ENTRY, url="https://example.org/a/tides/again/")]
    assert "ids must be unique" in problems({JSON: json_feed(INFO, twice)}, now=NOW)[0]


def test_a_relative_link_is_refused():
    [found] = problems({ATOM: atom(INFO, [replace(ENTRY, url="/a/tides/high/")])}, now=NOW)
    assert found.startswith("Atom: article 'High water' (urn:uuid:2): '/a/tides/high/' is not an absolute address")


def test_an_entry_of_tomorrow_is_refused():
    tomorrow = replace(ENTRY, published_at=NOW + timedelta(days=1))
    assert "still to come" in problems({RSS: rss(INFO, [tomorrow])}, now=NOW)[0]


def test_formats_that_disagree_are_refused():
    assert "RSS and JSON Feed disagree about ids or their order" in problems(GOOD | {JSON: json_feed(INFO, [])}, now=NOW)[0]
