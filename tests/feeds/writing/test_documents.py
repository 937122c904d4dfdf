"""The three documents say the same, in forms that readers understand, whatever an article holds."""

import html
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import feedparser
import pytest
from lxml import etree

from syndication.feeds.checks.checking import problems
from syndication.feeds.writing.documents import ATOM, JSON, RSS, EnclosureInfo, Entry, FeedInfo, History, Tombstone, newest_first
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INFO = FeedInfo(
    id="urn:uuid:00000000-0000-0000-0000-00000000feed",
    title="Field Notes & Co.",
    description="Walks, weather and what grows",
    language="en",
    author="The Field Notes desk",
    site_url="https://news.example.org/a/field-notes/",
    folder_url="https://news.example.org/feeds/field-notes/",
    since=NOON,
)
ATOM_NS = {
    "a": "http://www.w3.org/2005/Atom",
    "m": "http://search.yahoo.com/mrss/",
    "fh": "http://purl.org/syndication/history/1.0",
    "at": "http://purl.org/atompub/tombstones/1.0",
}
SOUND = EnclosureInfo("https://news.example.org/walk.mp3", "audio/mpeg", 4_000_000, "The walk", duration_seconds=1800)
MAP = EnclosureInfo("https://news.example.org/map.pdf", "application/pdf", 90_000)
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"


def entry(number=1, **changed):
    plain = Entry(
        id=f"urn:uuid:00000000-0000-0000-0000-{number:012d}",
        title=f"Walk {number}",
        url=f"https://news.example.org/a/field-notes/walk-{number}/",
        summary="A short walk.",
        html="<p>We went out.</p>",
        author="Ines Halm",
        tags=("walks", "spring"),
        language="",
        published_at=NOON + timedelta(hours=number),
        updated_at=NOON + timedelta(hours=number),
    )
    return replace(plain, **changed)


def documents(entries, info=INFO):
    return {RSS: rss(info, entries), ATOM: atom(info, entries), JSON: json_feed(info, entries)}


def decoded(document, written_as):
    """[(id, title, summary as text, html)] as an XML or JSON parser gives them."""
    if written_as is JSON:
        return [(i["id"], i["title"], i.get("summary", ""), i["content_html"]) for i in json.loads(document)["items"]]
    root = etree.fromstring(document)
    if written_as is ATOM:
        names = ("a:id", "a:title", "a:summary", "a:content")
        return [tuple(e.findtext(name, "", ATOM_NS) for name in names) for e in root.findall("a:entry", ATOM_NS)]
    return [
        (i.findtext("guid"), i.findtext("title"), html.unescape(i.findtext("description", "")), i.findtext(ENCODED, ""))
        for i in root.iterfind("channel/item")
    ]


@pytest.mark.parametrize("written_as", [RSS, ATOM], ids=lambda one: one.name)
def test_feedparser_reads_the_document_without_a_complaint(written_as):
    body = documents([entry(1), entry(2)])[written_as]
    read = feedparser.parse(body, response_headers={"content-type": written_as.content_type})
    assert not read.bozo
    assert [one.id for one in read.entries] == [entry(2).id, entry(1).id]
    assert read.feed.title == INFO.title


def test_the_json_feed_has_every_field_that_its_standard_requires():  # feedparser 6.0 reads no JSON Feed
    feed = json.loads(json_feed(INFO, [entry()]))
    assert (feed["version"], feed["title"]) == ("https://jsonfeed.org/version/1.1", INFO.title)
    assert [set(item) >= {"id", "content_html"} and isinstance(item["id"], str) for item in feed["items"]] == [True]


def test_all_formats_carry_the_same_ids_titles_summaries_and_content_newest_first():
    made = documents([entry(1), entry(3), entry(2)])
    expected = [(entry(n).id, f"Walk {n}", "A short walk.", "<p>We went out.</p>") for n in (3, 2, 1)]
    assert [decoded(body, written_as) for written_as, body in made.items()] == [expected] * 3


def test_all_formats_carry_the_same_dates_to_the_second():
    moment = datetime(2026, 3, 1, 14, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))
    made = documents([entry(published_at=moment, updated_at=moment + timedelta(days=1))])
    item = etree.fromstring(made[RSS]).find("channel/item")
    atom_entry = etree.fromstring(made[ATOM]).find("a:entry", ATOM_NS)
    json_item = json.loads(made[JSON])["items"][0]
    published = {
        parsedate_to_datetime(item.findtext("pubDate")),
        datetime.fromisoformat(atom_entry.findtext("a:published", None, ATOM_NS)),
        datetime.fromisoformat(json_item["date_published"]),
    }
    updated = {item.findtext("a:updated", None, ATOM_NS), atom_entry.findtext("a:updated", None, ATOM_NS), json_item["date_modified"]}
    assert published == {datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)}
    assert updated == {"2026-03-02T12:30:15+00:00"}


def test_the_same_entries_in_any_order_give_the_same_bytes():
    entries = [entry(n, published_at=NOON, updated_at=NOON) for n in range(1, 6)]
    assert documents(entries) == documents(entries[::-1])


def test_the_feed_is_dated_by_its_newest_change_and_never_by_the_clock():
    edited = entry(1, updated_at=NOON + timedelta(days=9))
    made = documents([edited, entry(2)])
    assert etree.fromstring(made[RSS]).findtext("channel/lastBuildDate") == "Tue, 10 Mar 2026 12:00:00 +0000"
    assert etree.fromstring(made[ATOM]).findtext("a:updated", None, ATOM_NS) == "2026-03-10T12:00:00+00:00"


def test_a_feed_without_entries_is_whole_and_dated_by_its_beginning():
    made = documents([])
    assert problems(made, now=NOON) == []
    assert etree.fromstring(made[ATOM]).findtext("a:updated", None, ATOM_NS) == "2026-03-01T12:00:00+00:00"


def test_the_channel_link_is_the_site_and_the_self_link_the_document():
    made = documents([entry()])
    channel = etree.fromstring(made[RSS]).find("channel")
    assert channel.findtext("link") == INFO.site_url
    assert channel.find("a:link[@rel='self']", ATOM_NS).attrib == {
        "href": "https://news.example.org/feeds/field-notes/rss.xml",
        "rel": "self",
        "type": "application/rss+xml",
    }
    feed = etree.fromstring(made[ATOM])
    assert feed.find("a:link[@rel='self']", ATOM_NS).get("href") == "https://news.example.org/feeds/field-notes/atom.xml"
    assert feed.find("a:link[@rel='alternate']", ATOM_NS).get("href") == INFO.site_url
    assert json.loads(made[JSON])["feed_url"] == "https://news.example.org/feeds/field-notes/feed.json"


def test_an_atom_entry_link_says_that_it_is_the_page():
    link = etree.fromstring(atom(INFO, [entry()])).find("a:entry/a:link", ATOM_NS)
    assert dict(link.attrib) == {"href": entry().url, "rel": "alternate", "type": "text/html"}


def test_an_id_is_no_web_address_and_rss_says_so():
    guid = etree.fromstring(rss(INFO, [entry()])).find("channel/item/guid")
    assert (guid.text, guid.get("isPermaLink")) == (entry().id, "false")


def test_titles_are_escaped_exactly_once():
    made = documents([entry(title="Fish & <b>chips</b> &amp; peas")])
    assert b"<title>Fish &amp; &lt;b&gt;chips&lt;/b&gt; &amp;amp; peas</title>" in made[RSS]
    assert b"<title>Fish &amp; &lt;b&gt;chips&lt;/b&gt; &amp;amp; peas</title>" in made[ATOM]
    assert json.loads(made[JSON])["items"][0]["title"] == "Fish & <b>chips</b> &amp; peas"


def test_rss_content_is_a_cdata_section_unless_it_holds_the_end_of_one():
    assert b"<![CDATA[<p>We went out.</p>]]>" in rss(INFO, [entry()])
    assert decoded(rss(INFO, [entry(html="<code>a]]>b</code>")]), RSS)[0][3] == "<code>a]]>b</code>"


def test_a_plain_summary_is_not_read_as_markup_in_rss():
    item = etree.fromstring(rss(INFO, [entry(summary="How <em> works")])).find("channel/item")
    assert item.findtext("description") == "How &lt;em&gt; works"


def test_an_entry_without_author_is_by_the_feeds_author():
    made = documents([entry(author="")])
    assert etree.fromstring(made[RSS]).findtext("channel/item/{http://purl.org/dc/elements/1.1/}creator") == INFO.author
    assert etree.fromstring(made[ATOM]).findtext("a:author/a:name", None, ATOM_NS) == INFO.author
    assert json.loads(made[JSON])["authors"] == [{"name": INFO.author}]


def test_an_article_in_another_language_says_so_in_every_format():
    made = documents([entry(language="de")])
    assert etree.fromstring(made[ATOM]).find("a:entry", ATOM_NS).get("{http://www.w3.org/XML/1998/namespace}lang") == "de"
    assert etree.fromstring(made[RSS]).findtext("channel/item/{http://purl.org/dc/elements/1.1/}language") == "de"
    assert json.loads(made[JSON])["items"][0]["language"] == "de"


def test_entries_of_one_moment_stand_in_the_order_of_their_ids_backwards_as_archives_are_cut():
    assert [one.id for one in newest_first([entry(n, published_at=NOON) for n in (1, 3, 2)])] == [entry(n).id for n in (3, 2, 1)]


def test_only_the_fifty_newest_entries_are_listed():
    entries = [entry(n) for n in range(1, 61)]
    assert [one.id for one in newest_first(entries)] == [entry(n).id for n in range(60, 10, -1)]


def test_an_entry_without_title_borrows_the_beginning_of_its_summary():
    long = "The river rose in the night and took the lower path with it, so we walked on the ridge."
    assert newest_first([entry(title=" \n", summary=long)])[0].title == "The river rose in the night and took the lower path with…"


def test_a_title_that_nobody_sees_is_none():
    assert newest_first([entry(title="\u200b\u202e\u00a0\ufeff", summary="A walk.")])[0].title == "A walk."
    assert newest_first([entry(title="\U0001f331")])[0].title == "\U0001f331"


@pytest.mark.parametrize(("typed", "told"), [("en_US", "en-US"), ("pt-BR", "pt-BR"), ("English, mostly", None), ("", None)])
def test_a_language_is_told_as_readers_know_it_or_not_at_all(typed, told):
    made = documents([entry(language=typed)], replace(INFO, language=typed))
    assert etree.fromstring(made[RSS]).findtext("channel/language") == told
    assert json.loads(made[JSON]).get("language") == told
    assert problems(made, now=NOON + timedelta(days=1)) == []


def test_an_entry_without_title_and_summary_is_named_after_its_day():
    assert newest_first([entry(title="", summary="")])[0].title == "2026-03-01"


def test_an_entry_never_claims_to_be_changed_before_it_was_published():
    assert newest_first([entry(updated_at=NOON - timedelta(days=30))])[0].updated_at == entry().published_at


def test_a_date_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        rss(INFO, [entry(published_at=datetime(2026, 1, 1))])  # noqa: DTZ001  # the naive time is the case


# ------------------------------------------------------------------ hubs, history, tombstones
HUBBED = replace(INFO, hub_urls=("https://news.example.org/hub", "https://hub.example/"))
FOLDER = INFO.folder_url


def links(element, rel):
    return [link.get("href") for link in element.iterfind(f"a:link[@rel='{rel}']", ATOM_NS)]


def test_every_format_names_the_same_hubs():
    made = documents([entry()], HUBBED)
    assert links(etree.fromstring(made[RSS])[0], "hub") == list(HUBBED.hub_urls)
    assert links(etree.fromstring(made[ATOM]), "hub") == list(HUBBED.hub_urls)
    assert json.loads(made[JSON])["hubs"] == [{"type": "WebSub", "url": url} for url in HUBBED.hub_urls]
    assert etree.fromstring(made[RSS]).findtext("channel/link") == INFO.site_url


def test_a_feed_leads_to_its_newest_archive_in_its_own_format():
    made = documents([entry()], replace(INFO, history=History(previous_folder_url=f"{FOLDER}archive/2/")))
    assert links(etree.fromstring(made[RSS])[0], "prev-archive") == [f"{FOLDER}archive/2/rss.xml"]
    assert links(etree.fromstring(made[ATOM]), "prev-archive") == [f"{FOLDER}archive/2/atom.xml"]
    assert json.loads(made[JSON])["next_url"] == f"{FOLDER}archive/2/feed.json"
    assert b"fh:archive" not in made[ATOM] + made[RSS]


def test_an_archive_says_what_it_is_and_leads_to_the_feed_and_to_what_came_before():
    history = History(current_folder_url=FOLDER, previous_folder_url=f"{FOLDER}archive/1/", is_archive=True)
    made = documents([entry()], replace(INFO, folder_url=f"{FOLDER}archive/2/", history=history))
    for head, name in ((etree.fromstring(made[RSS])[0], "rss.xml"), (etree.fromstring(made[ATOM]), "atom.xml")):
        assert head.find("fh:archive", ATOM_NS) is not None
        assert (links(head, "self"), links(head, "current")) == ([f"{FOLDER}archive/2/{name}"], [f"{FOLDER}{name}"])
        assert links(head, "prev-archive") == [f"{FOLDER}archive/1/{name}"]
    assert problems(made, now=NOON + timedelta(days=1)) == []


def test_an_article_that_was_taken_back_is_told_of_in_atom_and_dates_the_feed():
    gone = Tombstone("urn:uuid:00000000-0000-0000-0000-00000000dead", NOON + timedelta(days=3))
    made = documents([entry()], replace(INFO, tombstones=(gone,)))
    feed = etree.fromstring(made[ATOM])
    assert dict(feed.find("at:deleted-entry", ATOM_NS).attrib) == {"ref": gone.id, "when": "2026-03-04T12:00:00+00:00"}
    assert feed.findtext("a:updated", None, ATOM_NS) == "2026-03-04T12:00:00+00:00"
    assert not feedparser.parse(made[ATOM]).bozo


def test_tombstones_in_any_order_give_the_same_bytes():
    gone = [Tombstone(f"urn:uuid:00000000-0000-0000-0000-{n:012d}", NOON) for n in range(3)]
    assert atom(replace(INFO, tombstones=tuple(gone)), []) == atom(replace(INFO, tombstones=tuple(gone[::-1])), [])


# ------------------------------------------------------------------ files, pictures, sources
def test_every_format_tells_of_all_files_with_length_and_type():
    made = documents([entry(enclosures=(MAP, SOUND))])
    item = etree.fromstring(made[RSS]).find("channel/item")
    assert dict(item.find("enclosure").attrib) == {"url": SOUND.url, "length": "4000000", "type": "audio/mpeg"}
    other = item.find("m:content", ATOM_NS)
    assert (other.get("url"), other.get("fileSize"), other.get("type"), other.get("medium")) == (
        MAP.url,
        "90000",
        "application/pdf",
        "document",
    )
    in_atom = etree.fromstring(made[ATOM]).findall("a:entry/a:link[@rel='enclosure']", ATOM_NS)
    assert [dict(one.attrib) for one in in_atom] == [
        {"rel": "enclosure", "href": SOUND.url, "type": "audio/mpeg", "length": "4000000", "title": "The walk"},
        {"rel": "enclosure", "href": MAP.url, "type": "application/pdf", "length": "90000"},
    ]
    assert json.loads(made[JSON])["items"][0]["attachments"] == [
        {"url": SOUND.url, "mime_type": "audio/mpeg", "title": "The walk", "size_in_bytes": 4_000_000, "duration_in_seconds": 1800},
        {"url": MAP.url, "mime_type": "application/pdf", "size_in_bytes": 90_000},
    ]
    assert problems(made, now=NOON + timedelta(days=1)) == []


def test_feedparser_sees_the_sound_in_rss_and_atom():
    made = documents([entry(enclosures=(SOUND,))])
    for written_as in (RSS, ATOM):
        [found] = feedparser.parse(made[written_as]).entries[0].enclosures
        assert (found.href, found.length, found.type) == (SOUND.url, "4000000", "audio/mpeg")


def test_the_picture_of_an_article_is_in_every_format():
    made = documents([entry(image_url="https://news.example.org/i.jpg", image_alt="A <gate>")])
    for one in (etree.fromstring(made[RSS]).find("channel/item"), etree.fromstring(made[ATOM]).find("a:entry", ATOM_NS)):
        picture = one.find("m:content", ATOM_NS)
        assert dict(picture.attrib) == {"url": "https://news.example.org/i.jpg", "medium": "image"}
        assert picture.findtext("m:description", None, ATOM_NS) == "A <gate>"
    assert json.loads(made[JSON])["items"][0]["image"] == "https://news.example.org/i.jpg"


def test_the_picture_of_the_feed_is_in_every_format():
    made = documents([], replace(INFO, image_url="https://news.example.org/logo.png"))
    image = etree.fromstring(made[RSS]).find("channel/image")
    assert [image.findtext(name) for name in ("url", "title", "link")] == ["https://news.example.org/logo.png", INFO.title, INFO.site_url]
    feed = etree.fromstring(made[ATOM])
    assert [feed.findtext(f"a:{name}", None, ATOM_NS) for name in ("icon", "logo")] == ["https://news.example.org/logo.png"] * 2
    assert json.loads(made[JSON])["icon"] == "https://news.example.org/logo.png"


def test_where_an_article_was_brought_in_from_is_linked_in_every_format():
    made = documents([entry(source_url="https://old.example/walk")])
    for one in (etree.fromstring(made[RSS]).find("channel/item"), etree.fromstring(made[ATOM]).find("a:entry", ATOM_NS)):
        assert links(one, "via") == ["https://old.example/walk"]
    assert json.loads(made[JSON])["items"][0]["external_url"] == "https://old.example/walk"


@pytest.mark.parametrize(
    "place",
    [
        "notes/walk.md",
        "http://ada:secret@old.example/walk",
        "http://intranet/walk",
        "http://10.0.0.7/walk",
        "http://wiki.corp/",
        "http://[::1]/",
    ],
)
def test_a_source_that_is_nobodys_business_is_not_told(place):
    assert b"via" not in atom(INFO, [entry(source_url=place)])


@pytest.mark.parametrize("picture", ["/i.jpg", "data:image/png;base64,aa", "https://[x", "ftp://a.example/i.jpg"])
def test_a_picture_that_readers_cannot_load_costs_nobody_the_feed(picture):
    made = documents([entry(image_url=picture)], replace(INFO, image_url=picture))
    assert problems(made, now=NOON + timedelta(days=1)) == []
    assert picture.encode() not in made[JSON]


def test_a_feed_without_sound_and_pictures_declares_no_namespace_for_them():
    made = documents([entry()])
    assert not any(word in made[RSS] + made[ATOM] for word in (b"itunes", b"podcast", b"mrss", b"tombstones", b"history"))


def test_each_entry_of_the_json_feed_has_a_line_of_its_own():
    lines = json_feed(INFO, [entry(1), entry(2)]).decode().splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines[1:-1]] == [entry(2).id, entry(1).id]
