"""Feed readers are answered from the files, by the rules of HTTP (RFC 9110), before any middleware."""

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.feed_door import LINK, MODIFIED, FeedDoor
from support.publications import NOON, make_article, make_publication

from syndication.feeds import store
from syndication.feeds.polls.counting import Polls, Seen, Tally
from syndication.feeds.publishing.publish import publish
from syndication.web.feed_answers import FeedAnswers

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
ENCODINGS = ["identity", "gzip", "br"]
UNPACKED = {None: bytes, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
def door(tmp_path):
    door = FeedDoor(tmp_path)
    door.publish("b second", "a first")
    (tmp_path / "secret.txt").write_bytes(b"not for readers")
    return door


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
    ],
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_document_comes_with_its_media_type_in_each_encoding(door, name, content_type, encoding):
    found = door.get(f"/feeds/field-notes/{name}", HTTP_ACCEPT_ENCODING=encoding)
    assert (found.status, found.headers["content-type"], found.headers["content-length"]) == (200, content_type, str(len(found.body)))
    assert found.headers.get("content-encoding", "identity") == encoding
    assert UNPACKED[found.headers.get("content-encoding")](found.body) == (door.root / "field-notes" / "current" / name).read_bytes()


def test_each_encoding_has_a_strong_tag_of_its_own(door):
    tags = [door.get(HTTP_ACCEPT_ENCODING=one).headers["etag"] for one in ENCODINGS]
    assert len(set(tags)) == 3
    assert all(tag.startswith('"') for tag in tags)


def test_a_feed_may_be_kept_for_ten_minutes_and_read_by_every_page_and_sets_no_cookie(door):
    headers = door.get().headers
    assert headers["cache-control"] == "public, max-age=600"
    assert headers["access-control-allow-origin"] == "*"
    assert "ETag" in headers["access-control-expose-headers"]
    assert "set-cookie" not in headers


def test_an_archive_may_be_kept_for_a_week(door):
    door.publish("a first", folder="field-notes/archive/1", is_archive=True)
    assert door.get("/feeds/field-notes/archive/1/rss.xml").headers["cache-control"] == "public, max-age=604800"


def test_the_links_to_hub_and_self_are_told_of_the_document_that_has_them(door):
    assert door.get().headers["link"] == door.get(method="HEAD").headers["link"] == LINK
    assert "link" not in door.get("/feeds/field-notes/atom.xml").headers


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_head_answers_like_get_without_a_body(door, encoding):
    whole = door.get(HTTP_ACCEPT_ENCODING=encoding)
    found = door.get(method="HEAD", HTTP_ACCEPT_ENCODING=encoding)
    assert (found.status, found.headers, found.body) == (200, whole.headers, b"")


class TestUnchanged:
    """A reader that has the bytes gets none."""

    @pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"other",W/{} , "x"', " {} ", "*", " * "])
    @pytest.mark.parametrize("encoding", ENCODINGS)
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_tag_that_is_named(self, door, form, encoding, method):
        whole = door.get(HTTP_ACCEPT_ENCODING=encoding).headers
        found = door.get(method=method, HTTP_ACCEPT_ENCODING=encoding, HTTP_IF_NONE_MATCH=form.format(whole["etag"]))
        same = ("etag", "cache-control", "vary", "access-control-allow-origin")
        assert (found.status, found.body) == (304, b"")
        assert {name: found.headers[name] for name in same} == {name: whole[name] for name in same}
        assert not {"content-type", "content-length", "content-encoding", "last-modified"} & set(found.headers)

    @pytest.mark.parametrize("header", ['"other"', "", "etag", '"', "W/*", '*, "x"', "\x00", "'*'", '"' * 9_999])
    def test_any_other_tag_is_sent_the_feed_whatever_the_date_says(self, door, header):
        assert door.get(HTTP_IF_NONE_MATCH=header, HTTP_IF_MODIFIED_SINCE=DATE).status == 200

    @pytest.mark.parametrize(
        "date",
        [
            DATE,
            "Sunday, 01-Mar-26 12:00:00 GMT",
            "Sun Mar  1 12:00:00 2026",
            "Sun, 01 Mar 2026 12:00:01 GMT",
            "Fri, 01 Jan 2100 00:00:00 GMT",
        ],
    )
    def test_a_date_that_is_equal_or_later(self, door, date):
        assert door.get(HTTP_IF_MODIFIED_SINCE=date).status == 304

    @pytest.mark.parametrize("date", ["Sun, 01 Mar 2026 11:59:59 GMT", "soon", "", "2026-03-01T12:00:00Z", "\x00", "1" * 9_999])
    def test_an_earlier_or_broken_date_is_sent_the_feed(self, door, date):
        assert door.get(HTTP_IF_MODIFIED_SINCE=date).status == 200

    def test_a_form_that_the_reader_takes_counts_though_another_would_be_sent(self, door):
        held = door.get(HTTP_ACCEPT_ENCODING="gzip").headers["etag"]
        found = door.get(HTTP_ACCEPT_ENCODING="gzip, br", HTTP_IF_NONE_MATCH=held)
        assert (found.status, found.headers["etag"]) == (304, held)

    def test_a_form_that_the_reader_does_not_take_does_not_count(self, door):
        held = door.get(HTTP_ACCEPT_ENCODING="gzip").headers["etag"]
        assert door.get(HTTP_IF_NONE_MATCH=held).status == 200
        assert door.get(HTTP_ACCEPT_ENCODING="br", HTTP_IF_NONE_MATCH=held).headers["content-encoding"] == "br"

    def test_the_tag_of_another_document_does_not_count(self, door):
        assert door.get(HTTP_IF_NONE_MATCH=door.get("/feeds/field-notes/atom.xml").headers["etag"]).status == 200

    def test_no_body_is_read_for_it(self, door):
        tag = door.get().headers["etag"]
        for path in (door.root / "field-notes" / "current").glob("*.xml*"):
            path.unlink()
        assert FeedDoor(door.root).get(HTTP_IF_NONE_MATCH=tag).status == 304

    def test_a_new_version_is_seen_at_once(self, door):
        tag = door.get().headers["etag"]
        door.publish("c third", "b second", "a first", seconds=1)
        found = door.get(HTTP_IF_NONE_MATCH=tag, HTTP_IF_MODIFIED_SINCE=DATE)
        assert (found.status, found.headers["last-modified"]) == (200, "Sun, 01 Mar 2026 12:00:01 GMT")
        assert door.get(HTTP_IF_MODIFIED_SINCE=DATE).status == 200


class TestInsistence:
    """If-Match and If-Unmodified-Since are obeyed, though no feed reader sends them."""

    def test_other_bytes_are_refused(self, door):
        assert door.get(HTTP_IF_MATCH='"other"').status == 412
        assert door.get(HTTP_IF_MATCH=f"W/{door.get().headers['etag']}").status == 412
        assert door.get(HTTP_IF_UNMODIFIED_SINCE="Sun, 01 Mar 2026 11:59:59 GMT").status == 412

    def test_ours_are_sent(self, door):
        assert door.get(HTTP_IF_MATCH="*").status == door.get(HTTP_IF_MATCH=door.get().headers["etag"]).status == 200
        assert door.get(HTTP_IF_UNMODIFIED_SINCE=DATE).status == door.get(HTTP_IF_UNMODIFIED_SINCE="x").status == 200


@pytest.mark.parametrize("header", ["bytes=0-9", "bytes=-1", "bytes=9-0", "bytes=" + ",".join(["0-1"] * 5_000), "lines=1-2", "\x00"])
def test_a_wish_for_a_part_gets_the_whole(door, header):
    assert (door.get(HTTP_RANGE=header).status, door.get(HTTP_RANGE=header, HTTP_IF_RANGE='"x"').body) == (200, door.get().body)


@pytest.mark.parametrize(
    "header", ["identity;q=0", "*;q=0", "gzip;q=", "gzip," * 5_000, "\xff\xfe", "br;q=1.0000000000001", ";;;", "gzip;q=0, *"]
)
def test_an_absurd_list_of_encodings_gets_the_feed(door, header):
    found = door.get(HTTP_ACCEPT_ENCODING=header)
    assert found.status == 200
    assert UNPACKED[found.headers.get("content-encoding")](found.body) == door.get().body


def test_the_date_of_a_change_is_never_later_than_the_answer(door):
    ahead = datetime.now(UTC) - MODIFIED + timedelta(days=1)
    door.publish("c third", seconds=int(ahead.total_seconds()))
    told = door.get().headers["last-modified"]
    assert parsedate_to_datetime(told) <= datetime.now(UTC)
    assert door.get(HTTP_IF_MODIFIED_SINCE=told).status == 200  # it is not known yet what that second will bring


def test_every_form_names_what_it_was_chosen_by(door):
    tag = door.get().headers["etag"]
    answers = [door.get(), door.get(HTTP_ACCEPT_ENCODING="gzip"), door.get(HTTP_IF_NONE_MATCH=tag), door.get(HTTP_A_IM="feed")]
    assert {found.headers["vary"] for found in answers} == {"Accept-Encoding, A-IM"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "get"])
@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")
def test_other_methods_are_refused_with_the_ones_that_work(door, method):
    found = door.get(method=method)
    assert (found.status, found.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert found.body.startswith(b"A feed can only be read")


def test_a_browser_that_asks_beforehand_may_send_what_readers_send(door):
    found = door.get(method="OPTIONS", HTTP_ORIGIN="https://reader.example", HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET")
    assert (found.status, found.body, found.headers["allow"]) == (204, b"", "GET, HEAD, OPTIONS")
    assert found.headers["access-control-allow-origin"] == "*"
    assert {"A-IM", "If-None-Match", "If-Modified-Since"} <= set(found.headers["access-control-allow-headers"].split(", "))


LOST = [
    "/feeds/",
    "/feeds/nobody/rss.xml",
    "/feeds/field-notes/",
    "/feeds/field-notes/rss",
    "/feeds/field-notes/current/rss.xml",
    "/feeds/../secret.txt",
    "/feeds/field-notes/../../secret.txt",
    "/feeds/field-notes/../field-notes/rss.xml",
    "/feeds/./secret.txt",
    "/feeds/field-notes/.rss.xml",
    "/feeds/field-notes/about.json",
    "/feeds/field-notes/rss.xml.gz",
    "/feeds/field-notes/rss.xml\n",
    "/feeds/field-notes\x00/rss.xml",
    "/feeds/\xc3\xa9/rss.xml",
    "/feeds/\xff\xfe/rss.xml",
    "/feeds/\xed\xa0\x80/rss.xml",
    "/feeds/%2e%2e/rss.xml",
    "/feeds/..\\..\\secret.txt",
    "/feeds//etc/passwd",
    "/feeds/" + "a" * 5_000 + "/rss.xml",
    "/feeds/" + "a/" * 2_000 + "rss.xml",
    "/feeds/field-notes/" + "rss.xml/" * 50,
]


@pytest.mark.parametrize("path", LOST)
def test_an_unknown_feed_is_not_found_and_a_sentence_says_so(door, path):
    found = door.get(path)
    assert (found.status, found.headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert found.body.startswith(b"There is no feed at this address.")
    assert found.headers["cache-control"] == "public, max-age=60"


@given(st.text(st.characters(max_codepoint=255)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_breaks_it_or_leads_out(door, text):
    assert door.get(f"/feeds/{text}").status in {404, 301}
    assert door.get(f"/feeds/field-notes/{text}").status in {200, 404, 301}
    assert door.get(f"/feeds/{text}/rss.xml").status in {404, 301}


@given(
    st.dictionaries(
        st.sampled_from(["ACCEPT_ENCODING", "IF_NONE_MATCH", "IF_MODIFIED_SINCE", "A_IM", "RANGE", "IF_MATCH", "USER_AGENT"]), st.text()
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_headers_break_it(door, headers):
    assert door.get(**{f"HTTP_{name}": value for name, value in headers.items()}).status in {200, 304, 412}


@pytest.mark.parametrize("folder", ["field-notes/tags/wälder", "field-notes/authors/渡辺-直美", "field-notes/tags/walks/archive/12"])
def test_feeds_of_topics_in_any_script_have_addresses(door, folder):
    door.publish("a first", folder=folder)
    assert door.get(f"/feeds/{folder}/atom.xml".encode().decode("latin-1")).status == 200


@pytest.mark.parametrize(
    ("asked", "location"),
    [
        ("/feeds/field-notes/rss.xml/", "/feeds/field-notes/rss.xml"),
        ("/feeds/Field-Notes/RSS.XML", "/feeds/field-notes/rss.xml"),
        ("/feeds//field-notes//rss.xml", "/feeds/field-notes/rss.xml"),
        ("/feeds/field-notes/tags/WA\u0308LDER/rss.xml", "/feeds/field-notes/tags/w%C3%A4lder/rss.xml"),
    ],
)
def test_an_address_that_is_written_otherwise_leads_to_ours(door, asked, location):
    door.publish("a first", folder="field-notes/tags/wälder")
    found = door.get(asked.encode().decode("latin-1"), QUERY_STRING="a=1&b=%C3%A4")
    assert (found.status, found.headers["location"]) == (301, f"{location}?a=1&b=%C3%A4")


class TestMoves:
    """Where a feed went stays known for ever; that it ended, too."""

    @pytest.mark.parametrize(
        ("asked", "location"),
        [
            ("/feeds/old/rss.xml", "/feeds/field-notes/rss.xml"),
            ("/feeds/old/tags/w\xc3\xa4lder/archive/3/feed.json", "/feeds/field-notes/tags/w%C3%A4lder/archive/3/feed.json"),
            ("/feeds/old/", "/feeds/field-notes/"),
            ("/feeds/old", "/feeds/field-notes"),
            ("/feeds/old/any/thing.css", "/feeds/field-notes/any/thing.css"),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_a_folder_that_moved_and_all_below_it(self, door, asked, location, method):
        store.move(door.root, "old", "field-notes")
        found = door.get(asked, method, QUERY_STRING="x=%0d%0a&y")
        assert (found.status, found.headers["location"]) == (301, f"{location}?x=%0d%0a&y")
        assert found.headers["cache-control"] == "public, max-age=86400"

    def test_several_moves_are_one_answer(self, door):
        for old, new in (("one", "two"), ("two", "field-notes"), ("field-notes/tags/tree", "field-notes/tags/trees")):
            store.move(door.root, old, new)
        assert door.get("/feeds/one/tags/tree/rss.xml").headers["location"] == "/feeds/field-notes/tags/trees/rss.xml"

    def test_moves_in_a_circle_are_not_followed(self, door):
        store.move(door.root, "one", "two")
        store.move(door.root, "two", "one")
        assert door.get("/feeds/one/rss.xml").status == 404

    @pytest.mark.parametrize("path", ["/feeds/ended/rss.xml", "/feeds/ended/tags/walks/feed.json", "/feeds/ended/"])
    def test_a_feed_that_ended_and_all_below_it(self, door, path):
        store.close(door.root, "ended")
        found = door.get(path)
        assert (found.status, found.headers["content-type"]) == (410, "text/plain; charset=utf-8")
        assert found.body.startswith(b"This feed has ended")

    def test_a_feed_that_moved_to_one_that_ended(self, door):
        store.move(door.root, "old", "ended")
        store.close(door.root, "ended")
        assert door.get("/feeds/old/rss.xml").status == 410

    def test_a_feed_that_ends_while_it_is_known(self, door):
        assert door.get().status == 200
        store.close(door.root, "field-notes")
        assert door.get().status == 410

    def test_a_query_cannot_write_headers(self, door):
        store.move(door.root, "old", "field-notes")
        assert door.get("/feeds/old/rss.xml", QUERY_STRING="a\r\nSet-Cookie: b").headers["location"].endswith("?a%0D%0ASet-Cookie:%20b")


def test_a_query_changes_nothing(door):
    assert door.get(QUERY_STRING="cachebuster=1").headers == door.get().headers


def test_everything_else_goes_on_to_the_pages(door):
    assert door.get("/a/field-notes/").body == b"elsewhere"


class LateShelf(store.Shelf):
    """Shows a version once more after it was dropped, as if eight others came between the look at the link and at the body."""

    late = None

    def version(self, folder):
        shown, self.late = self.late or super().version(folder), None
        return shown


def test_a_version_that_is_dropped_between_two_looks_is_looked_for_again(door):
    shelf = LateShelf(door.root)
    shelf.late = shelf.version("field-notes")
    for number in range(1, 10):
        newest = door.publish(f"a {number}", seconds=number)
    found = FeedAnswers(shelf).answer({}, "field-notes", "rss.xml")
    assert (found.status, found.body) == (200, newest.documents["rss.xml"]["identity"].body)


def test_polls_are_counted_for_each_answer_with_or_about_a_document(tmp_path):
    taken = []
    polls = Polls(lambda counted: taken.append(dict(counted)), every_seconds=3_600)
    door = FeedDoor(tmp_path, polls)
    door.publish("a first")
    whole = door.get(HTTP_USER_AGENT="one")
    door.get(HTTP_USER_AGENT="one", HTTP_IF_NONE_MATCH=whole.headers["etag"])
    for path in ("/feeds/field-notes/none.xml", "/feeds/nobody/rss.xml"):
        door.get(path, HTTP_USER_AGENT="one")
    polls.end()
    path = "field-notes/rss.xml"
    assert taken == [{Seen(path, "one", 200): Tally(1, len(whole.body)), Seen(path, "one", 304): Tally(1, 0)}]


@pytest.mark.django_db
@pytest.mark.database
def test_what_was_published_is_served_by_django_alone_too(client, settings, tmp_path):
    settings.FEEDS = tmp_path
    publication = make_publication()
    make_article(publication)
    publish(publication.pk, now=NOON + timedelta(hours=1))
    response = client.get("/feeds/field-notes/feed.json")
    assert response.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    assert response.json()["items"][0]["title"] == "The first walk"
    unchanged = client.get("/feeds/field-notes/feed.json", headers={"If-None-Match": response.headers["ETag"]})
    assert (unchanged.status_code, "Content-Type" in unchanged.headers) == (304, False)
    assert client.get("/feeds/field-notes/tags/walks/rss.xml").status_code == 200
    assert not response.cookies
