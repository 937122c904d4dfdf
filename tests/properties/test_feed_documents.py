"""Whatever an article holds, it becomes three well-formed documents that say the same and pass our own checks."""

import html
import json
from datetime import UTC, datetime, timedelta

import feedparser
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from syndication.feeds.checks.checking import problems
from syndication.feeds.checks.content_check import faults_of
from syndication.feeds.writing.documents import ATOM, JSON, RSS, EnclosureInfo, Entry, FeedInfo, History, Tombstone, newest_first
from syndication.feeds.writing.json_document import json_feed
from syndication.feeds.writing.xml_documents import atom, rss
from syndication.rendering.article import Brand, Content, feed_html, plain_summary, plain_title
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.characters import allowed, one_line

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOON + timedelta(days=9)
BASE = "https://news.example.org"
BRAND = Brand("Field Notes", "", "en", "", "Desk", "desk@news.example.org", "", "news.example.org", "", "", f"{BASE}/a/notes/", "UTC")
NS = {"a": "http://www.w3.org/2005/Atom", "c": "http://purl.org/rss/1.0/modules/content/"}

NASTY = [
    *(
        "\x00",
        "\x0b",
        "\x0c",
        "\x1f",
        "\x7f",
        "\x85",
        "\ud800",
        "\udfff",
        "\ud83d",
        "\ufffe",
        "\uffff",
        "\ufeff",
        "\U0001fffe",
        "\U0010ffff",
    ),
    *(
        "\u202e",
        "\u2066",
        "\u2069",
        "\u200f",
        "\u2028",
        "\u2029",
        "\u200d",
        "\r\n",
        "\r",
        "\t",
        "\n",
        "\u00a0",
        "\U0001f331",
        "e\u0301",
        "𝒳",
    ),
]
MARKUP = [
    *("]]>", "]]", "<![CDATA[", "&amp;", "&nbsp;", "&#0;", "&#x1f;", "&#xd800;", "&bogus;", "&", "<", ">", "<p>", "</p>", "<!--", "-->", "--", "<?xml ?>", '"', "'", " "),
    *("<ul><li>", "<pre><code>", "</code></pre>", "<table><tr><td>", "<b>", "</i>", "<br/>", "<h2>", "<svg><a>", "<math>", "<title>", "<plaintext>", "<textarea>"),
    *("<script>x()</script>", "<style>p{}</style>", "<form><input>", '<p onclick="x()" style="a">', "<iframe src=//x.example></iframe>", "<noscript>", "<base href=x>"),
    *('<a href="/x">', '<a href="#part">', '<a href="javascript:x()">', '<a href="http://[x">', '<a href="https:x">', '<a href="http://">', '<a href="x y\n">', "</a>"),
    *('<img src="a.png" alt="]]>">', '<img data-src="/b.png" loading="lazy">', '<img srcset="/a.png 1x, b,c.png 2x,">', '<img src="data:,x">', '<img src="mailto:x">'),
    *('<img src="//x.example/p.gif" width="1" height="1">', '<video src="/v.mp4" poster="p.jpg">', '<audio src="s.mp3"></audio>', '<blockquote cite="/c">', "<source srcset=x>"),
    *('<iframe src="https://www.youtube.com/embed/dQw4w9WgXcQ" title="<b>">', "</iframe>", '<object data="https://www.youtube.com/v/dQw4w9WgXcQ"></object>'),
    *("*|FNAME|*", "*|", "|*", "%%name%%", "[unsubscribe]", "{$name}", "<%name%>", "<code>*|X|*</code>", "&lt;%name%&gt;", "*&#124;FNAME|*", "*<b>|FNAME|*</b>"),
    *('<a href="https://x.list-manage.com/unsubscribe?u=1">Unsubscribe</a>', '<a href="https://x.ct.sendgrid.net/ls/click?upn=1">', '<a href="https://e.example/*|ID|*">'),
    *('<a href="https://safelinks.protection.outlook.com/?url=https%3A%2F%2Fa.ct.sendgrid.net%2Fx">', f'<a href="{BASE}/u/abcdefghijklmnop/">', "{{ unsubscribe_url }}"),
    *("{% raw %}{{ x }}{% endraw %}", '{{ subscriber.name | default("you") }}', "{&#123; y }}", "{", "}", "%"),
]  # fmt: skip
any_text = st.lists(
    st.one_of(st.sampled_from(NASTY + MARKUP), st.text(st.characters(exclude_categories=()), max_size=12)), max_size=14
).map("".join)
any_name = st.one_of(
    st.just(""), st.just(" \n"), st.lists(st.one_of(st.sampled_from(NASTY + MARKUP[:20]), st.text(max_size=8)), max_size=6).map("".join)
)
any_moment = st.datetimes(datetime(1990, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the strategy adds the zone
any_file = st.builds(
    EnclosureInfo,
    st.sampled_from([f"{BASE}/s.mp3", f"{BASE}/&.pdf"]),
    st.sampled_from(["audio/mpeg", "Application/PDF"]),
    st.integers(1, 2**40),
    any_name,
)


@st.composite
def any_entry(draw) -> Entry:
    """An entry as the publisher makes it of an article that anybody may have written."""
    number, written, summary, title = draw(st.integers(1, 10**9)), draw(any_text), draw(any_name), draw(any_name)
    url = f"{BASE}/a/notes/{number}/"
    content = Content(one_line(title), one_line(summary), allowed(written), one_line(draw(any_name)), "en", NOON, f"urn:uuid:{number}", url)
    try:
        html_of_feed = feed_html(content, BRAND, base_url=BASE)
        said = plain_title(content, BRAND), plain_summary(content, BRAND)
    except BadTemplate:  # such an article is refused when it is written
        assume(False)  # noqa: FBT003  # hypothesis takes it so
    tags, files = tuple(draw(st.lists(any_name, max_size=3))), tuple(draw(st.lists(any_file, max_size=2)))
    moments = draw(any_moment), draw(any_moment)
    return Entry(content.permanent_id, said[0], url, said[1], html_of_feed, content.author, tags, "", *moments, files)


def info(name: str) -> FeedInfo:
    gone = (Tombstone("urn:uuid:0", NOON),)
    history = History(previous_folder_url=f"{BASE}/feeds/notes/archive/1/")
    return FeedInfo(
        *("urn:uuid:9", name, name, "en", name, f"{BASE}/a/notes/", f"{BASE}/feeds/notes/", NOON),
        hub_urls=(f"{BASE}/hub",),
        tombstones=gone,
        history=history,
    )


def documents(name: str, entries: list[Entry]):
    return {RSS: rss(info(name), entries), ATOM: atom(info(name), entries), JSON: json_feed(info(name), entries)}


def decoded(body: bytes, written_as) -> list[tuple[str, ...]]:
    """(id, title, summary, content) of each entry, as an XML or JSON parser gives them: on purpose not by our own reader."""
    if written_as is JSON:
        return [(one["id"], one["title"], one.get("summary", ""), one["content_html"]) for one in json.loads(body)["items"]]
    root = etree.fromstring(body)
    if written_as is ATOM:
        names = ("a:id", "a:title", "a:summary", "a:content")
        return [tuple(one.findtext(name, "", NS) for name in names) for one in root.iterfind("a:entry", NS)]
    return [
        (one.findtext("guid"), one.findtext("title"), html.unescape(one.findtext("description", "")), one.findtext("c:encoded", "", NS))
        for one in root.iterfind("channel/item")
    ]


entries_of_a_feed = st.lists(any_entry(), max_size=3, unique_by=lambda one: one.id)


@settings(max_examples=60)
@given(entries_of_a_feed, any_name)
def test_any_articles_give_documents_whose_decoded_content_is_the_clean_article(entries, name):
    made = documents(name, entries)
    expected = [(one.id, one.title, one_line(one.summary), one.html) for one in newest_first(entries)]
    assert [decoded(body, written_as) for written_as, body in made.items()] == [expected] * 3
    assert all(one.title for one in newest_first(entries))


@settings(max_examples=60)
@given(entries_of_a_feed, any_name)
def test_any_articles_give_documents_that_pass_our_own_checks(entries, name):
    assert problems(documents(name, entries), now=LATER) == []


@settings(max_examples=60)
@given(entries_of_a_feed, any_name)
def test_feedparser_never_complains_about_any_articles(entries, name):
    made = documents(name, entries)
    for written_as in (RSS, ATOM):
        read = feedparser.parse(made[written_as], response_headers={"content-type": written_as.content_type})
        assert not read.bozo
        assert [one.id for one in read.entries] == [one.id for one in newest_first(entries)]


@given(any_text)
@example("&#x1f;0<video src=/x>&#xfffe;")
@example("<p>*|A<b>*|B|*</b>|*</p>*|A*|B|*|*")
@example("<p>*|A<b>|*</b></p>")
@example('<a href="https://google.com/url?q=https://x.list-manage.com/track/click?u=1">x</a>')
def test_feed_html_of_any_text_holds_nothing_that_readers_must_not_be_given(written):
    content = Content("T", "", allowed(written), "", "en", NOON, "urn:uuid:1", f"{BASE}/a/notes/1/")
    try:
        made = feed_html(content, BRAND, base_url=BASE)
    except BadTemplate:
        assume(False)  # noqa: FBT003
    assert faults_of(made) == ()


@settings(max_examples=30)
@given(entries_of_a_feed)
def test_the_same_articles_in_any_order_give_the_same_bytes(entries):
    assert documents("Notes", entries) == documents("Notes", entries[::-1])


@given(any_text)
def test_cleaning_a_text_twice_changes_nothing_more(text):
    assert allowed(allowed(text)) == allowed(text)
    assert one_line(one_line(text)) == one_line(text)


@given(st.text())
def test_text_that_xml_can_carry_is_left_alone(text):
    clean = "".join(one for one in text if one not in "\r\ufffe\uffff" and (one >= " " or one in "\t\n"))
    assert allowed(clean) == clean
