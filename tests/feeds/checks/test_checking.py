"""The publisher's own checks refuse what would make readers complain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndication.feeds.checks.checking import MOST_PROBLEMS, problems, remarks
from syndication.feeds.writing.documents import ATOM, JSON, RSS, EnclosureInfo, Entry, FeedInfo
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss

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


# ------------------------------------------------------------------ what readers complain about
SOUND = EnclosureInfo("https://example.org/1.mp3", "audio/mpeg", 1000)


def made(info=INFO, **changed):
    entry = replace(ENTRY, **changed)
    return {RSS: rss(info, [entry]), ATOM: atom(info, [entry]), JSON: json_feed(info, [entry])}


def swapped(written_as, old, new):
    """The good documents with one place of one of them changed."""
    assert old in GOOD[written_as]
    return GOOD | {written_as: GOOD[written_as].replace(old, new)}


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ('<p><a href="/x">t</a></p>', "'/x' is not an absolute address"),
        ('<p><a href="#part">t</a></p>', "'#part' is not an absolute address"),
        ('<img src="x.png" alt="">', "'x.png' is not an absolute address"),
        ('<img src="https://a.example/x.png" srcset="https://a.example/x.png 1x, y.png 2x" alt="">', "'y.png' is not an absolute address"),
        ('<a href="javascript:x()">t</a>', "'javascript:x()' is not an absolute address"),
        ("<script>x()</script>", "<script> does not work in feed readers"),
        ("<form><input></form>", "<form> does not work in feed readers"),
        ('<iframe src="https://a.example/"></iframe>', "<iframe> does not work in feed readers"),
        ("<style>p {}</style>", "<style> does not work in feed readers"),
        ('<p onclick="x()">t</p>', "onclick= is a script"),
        ('<p style="color: red">t</p>', "style= is ignored or refused"),
        ('<img src="https://a.example/x.png" loading="lazy" alt="">', "loading= needs a script or a browser"),
        ('<img data-src="https://a.example/x.png" alt="">', "data-src= needs a script or a browser"),
        ("<p>Hello {{ subscriber.first_name }}</p>", "the merge field {{ subscriber.first_name }} was not filled"),
        ("<p>{% if x %}</p>", "the merge field {% if x %} was not filled"),
        ("<p>Dear *|FNAME|*</p>", "*|FNAME|* is a merge tag of another program"),
        ('<a href="https://a.us1.list-manage.com/unsubscribe?u=1">t</a>', "unsubscribes one reader"),
        ('<a href="https://a.example/unsubscribe">Unsubscribe</a>', "unsubscribes one reader"),
        ('<a href="https://u1.ct.sendgrid.net/ls/click?upn=1">t</a>', "counts clicks for another program"),
        ('<img src="https://a.us1.list-manage.com/track/open.php?u=1" alt="">', "only tells that somebody reads"),
    ],
)
def test_content_that_readers_must_not_be_given_is_refused_once_with_its_article_and_remedy(markup, said):
    found = problems(made(html=markup), now=NOW)
    assert [one for one in found if one.startswith("article 'High water' (urn:uuid:2): ") and said in one and one.rpartition(": ")[2]]
    assert len(found) == len(set(found))


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "<!-- -->",
        "<p>1 < 2 & 3 > 2, 100 %% and [name]</p>",
        "<p>&#123;{ shown }}</p>",
        "<pre><code>*|FNAME|*</code></pre>",
        '<a href="mailto:a@example.org">write</a> <a href="tel:+4930">call</a>',
        '<a href="https://example.org/docs/unsubscribe">how to leave</a>',
        '<img src="https://example.org/x.png" srcset="https://example.org/w_1,h_2/x.png 1x, https://example.org/y.png 2x" alt="">',
    ],
)
def test_content_that_readers_may_have_passes(markup):
    assert problems(made(html=markup), now=NOW) == []


def test_a_merge_tag_in_a_title_is_refused():
    assert "*|FNAME|* is a merge tag" in problems(made(title="For *|FNAME|*"), now=NOW)[0]


def test_a_wrong_weekday_is_refused():
    assert "is no date with the right weekday" in problems(swapped(RSS, b"<pubDate>Fri,", b"<pubDate>Mon,"), now=NOW)[0]


@pytest.mark.parametrize(
    "date",
    [b"Fri, 01 May 26 00:00:00 +0000", b"2026-05-01T00:00:00Z", b"Fri, 01 Mai 2026 00:00:00 +0000", b"Fri, 01 May 2026 00:00:00 UTC"],
)
def test_a_date_in_another_form_is_refused_in_rss(date):
    assert "is no date" in problems(swapped(RSS, b"<pubDate>Fri, 01 May 2026 00:00:00 +0000", b"<pubDate>" + date), now=NOW)[0]


def test_dates_that_differ_between_formats_are_refused():
    found = problems(swapped(JSON, b'"date_published": "2026-05-01T00:00:00', b'"date_published": "2026-04-30T00:00:00'), now=NOW)
    assert "RSS and JSON Feed disagree about its published" in found[0]


@pytest.mark.parametrize("written_as", [RSS, ATOM, JSON], ids=lambda one: one.name)
def test_content_that_differs_between_formats_is_refused(written_as):
    old = b"&lt;p&gt;x" if written_as is ATOM else b"<p>x"
    assert "disagree about its html" in problems(swapped(written_as, old, old[:-1] + b"y"), now=NOW)[0]


def test_formats_that_name_other_hubs_are_refused():
    documents = made(replace(INFO, hub_urls=("https://example.org/hub",)))
    found = problems(documents | {JSON: GOOD[JSON]}, now=NOW)
    assert "RSS and JSON Feed disagree about the hubs" in found[0]


def test_formats_that_lie_in_other_places_are_refused():
    found = problems(swapped(ATOM, b"/feeds/tides/atom.xml", b"/feeds/other/atom.xml"), now=NOW)
    assert "RSS and Atom disagree about where they lie" in found[0]


def test_a_second_link_to_itself_is_refused():
    link = b'<atom:link href="https://example.org/feeds/tides/rss.xml" rel="self" type="application/rss+xml"/>'
    assert "2 links to itself instead of one" in problems(swapped(RSS, link, link * 2), now=NOW)[0]


def test_a_site_link_that_leads_to_the_feed_is_refused():
    assert "leads to the feed itself" in problems(made(replace(INFO, site_url="https://example.org/feeds/tides/rss.xml")), now=NOW)[0]


@pytest.mark.parametrize("identity", ["https://example.org/a/tides/high/", "2"])
def test_an_id_that_would_change_or_is_none_is_refused(identity):
    assert "id is" in problems(made(id=identity), now=NOW)[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"length_bytes": 0}, "has no length in bytes"),
        ({"media_type": ""}, "has no media type"),
        ({"media_type": "sound"}, "has no media type"),
        ({"url": "/1.mp3"}, "is not an absolute address"),
    ],
)
def test_an_enclosure_without_length_type_or_address_is_refused(wrong, said):
    assert said in problems(made(enclosures=(replace(SOUND, **wrong),)), now=NOW)[0]


def test_enclosures_and_pictures_pass():
    assert (
        problems(made(enclosures=(SOUND, replace(SOUND, url="https://example.org/2.pdf")), image_url="https://example.org/i.png"), now=NOW)
        == []
    )


def test_characters_that_xml_forbids_are_refused_in_json_too():
    found = problems({JSON: GOOD[JSON].replace(b"High water", b"High\\u0007water")}, now=NOW)
    assert any("U+0007, which XML forbids" in one for one in found)


@pytest.mark.parametrize("written_as", [RSS, ATOM], ids=lambda one: one.name)
def test_a_character_that_xml_forbids_makes_a_document_unreadable(written_as):
    assert "cannot be read back" in problems({written_as: GOOD[written_as].replace(b"High", b"H\x07gh")}, now=NOW)[0]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"version": "2", "items": []}', b"<rss/>", b"\xff\xfe"])
@pytest.mark.parametrize("written_as", [RSS, ATOM, JSON], ids=lambda one: one.name)
def test_anything_else_is_refused_and_never_raises(written_as, body):
    assert "cannot be read back" in problems({written_as: body}, now=NOW)[0]


def test_an_atom_feed_without_author_is_refused():
    body = GOOD[ATOM].replace(b"<author><name>Tides</name></author>", b"", 1)
    assert "no author" in problems({ATOM: body}, now=NOW)[0]


def test_a_language_that_is_none_is_refused():
    assert "'en_US' is no language" in problems(swapped(RSS, b"<language>en<", b"<language>en_US<"), now=NOW)[0]


def test_no_more_problems_are_told_than_a_person_reads():
    entries = [replace(ENTRY, id=f"urn:uuid:{n}", html=f'<a href="{n}">x</a><i style="x">y</i>') for n in range(50)]
    found = problems({JSON: json_feed(INFO, entries)}, now=NOW)
    assert (len(found), found[-1]) == (MOST_PROBLEMS + 1, "and 50 problems more")


def test_a_document_of_more_than_a_megabyte_is_remarked():
    large = made(html=f"<p>{'x' * 2**20}</p>")
    assert problems(large, now=NOW) == []
    assert len(remarks(large)) == 3
    assert remarks(GOOD) == []
