"""A reader that says "A-IM: feed" and names a version that is kept gets only what is new to it (RFC 3229)."""

import gzip
import json
import zlib

import brotli
import pytest
from support.feed_door import FeedDoor

from syndication.feeds.answers.recent_deltas import Deltas
from syndication.feeds.store import Shelf

OLD, NEW = ("b second", "a first"), ("c third", "b second, changed", "a first")
NAMES = ["rss.xml", "atom.xml", "feed.json"]


@pytest.fixture
def door(tmp_path):
    door = FeedDoor(tmp_path)
    door.publish(*OLD)
    return door


@pytest.fixture
def held(door):
    """The tags that a reader holds by document, before something new was published."""
    tags = {name: door.get(f"/feeds/field-notes/{name}").headers["etag"] for name in NAMES}
    door.publish(*NEW, seconds=1)
    return tags


def ids(name, body):
    if name == "feed.json":
        return [item["id"] for item in json.loads(body)["items"]]
    tag = b"guid" if name == "rss.xml" else b"id"
    return [part[:1].decode() for part in body.split(b"<" + tag + b">")[1:]]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_only_new_and_changed_entries_come_with_the_tag_of_the_whole(door, held, name, method):
    path = f"/feeds/field-notes/{name}"
    whole, found = door.get(path), door.get(path, method, HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held[name])
    assert (found.status, found.headers["im"]) == (226, "feed")
    assert found.headers["etag"] == whole.headers["etag"]
    assert found.headers["content-type"] == whole.headers["content-type"]
    assert (ids(name, found.body) == ["c", "b"]) if method == "GET" else found.body == b""
    assert int(found.headers["content-length"]) < len(whole.body)


def test_caches_that_know_no_deltas_keep_none(door, held):
    found = door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held["rss.xml"])
    assert found.headers["cache-control"] == "no-store, im, max-age=600"
    assert found.headers["vary"] == "Accept-Encoding, A-IM"


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("br", brotli.decompress)])
def test_a_delta_is_packed_as_any_answer_is_and_has_the_tag_of_that_form(door, held, encoding, unpack):
    found = door.get(HTTP_A_IM="feed, gzip", HTTP_IF_NONE_MATCH=held["rss.xml"], HTTP_ACCEPT_ENCODING=encoding)
    assert (found.status, found.headers["im"], found.headers["content-encoding"]) == (226, "feed", encoding)
    assert found.headers["etag"] == door.get(HTTP_ACCEPT_ENCODING=encoding).headers["etag"]
    assert ids("rss.xml", unpack(found.body)) == ["c", "b"]


def test_packing_as_a_manipulation_is_for_whoever_only_asks_for_that(door, held):
    found = door.get(HTTP_A_IM="feed, gzip", HTTP_IF_NONE_MATCH=held["rss.xml"])
    assert (found.status, found.headers["im"], "content-encoding" in found.headers) == (226, "feed, gzip", False)
    assert ids("rss.xml", zlib.decompress(found.body, zlib.MAX_WBITS | 16)) == ["c", "b"]


def test_the_tag_of_the_delta_means_unchanged_the_next_time(door, held):
    tag = door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held["rss.xml"]).headers["etag"]
    assert door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=tag).status == 304


def test_the_tag_of_any_encoding_is_a_base(door):
    tag = door.get(HTTP_ACCEPT_ENCODING="br").headers["etag"]
    door.publish(*NEW, seconds=1)
    assert door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=f'"unknown", W/{tag}').status == 226


@pytest.mark.parametrize("header", ["", "vcdiff", "feed;q=0", "feeds", "gzip", "\x00", "feed;x", "feed," * 1_000])
def test_whoever_does_not_ask_for_it_gets_the_whole(door, held, header):
    found = door.get(HTTP_A_IM=header, HTTP_IF_NONE_MATCH=held["rss.xml"])
    assert (found.status, "im" in found.headers) == (200, False)


@pytest.mark.parametrize("header", [None, '"unknown"', "garbage", ""])
def test_whoever_names_no_version_that_is_kept_gets_the_whole(door, held, header):
    named = {} if header is None else {"HTTP_IF_NONE_MATCH": header}
    assert door.get(HTTP_A_IM="feed", **named).status == 200


def test_the_tag_of_another_document_is_no_base(door, held):
    assert door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held["atom.xml"]).status == 200


def test_a_version_that_was_dropped_is_no_base(door, held):
    for second in range(2, 12):
        door.publish(*NEW, f"d {second}", seconds=second)
    assert door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held["rss.xml"]).status == 200


@pytest.mark.parametrize("now", [("d all", "e new"), ("a first",)])
def test_a_delta_that_saves_nothing_or_says_nothing_is_the_whole(door, now):
    tag = door.get().headers["etag"]
    door.publish(*now, seconds=1)
    assert door.get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=tag).status == 200


def test_a_document_that_cannot_be_cut_is_sent_whole(door, held):
    path = door.root / "field-notes" / "current" / "rss.xml"
    path.write_bytes(b"<rss" + path.read_bytes())
    assert FeedDoor(door.root).get(HTTP_A_IM="feed", HTTP_IF_NONE_MATCH=held["rss.xml"]).status == 200


def test_a_program_that_asks_for_deltas_and_takes_them_for_errors_gets_the_whole(door, held):
    asked = {"HTTP_A_IM": "feed", "HTTP_IF_NONE_MATCH": held["rss.xml"]}
    assert door.get(HTTP_USER_AGENT="rss2email/3.13.1 (https://github.com/rss2email/rss2email)", **asked).status == 200


def test_the_deltas_that_are_kept_take_a_bounded_room(door):
    first = door.get().headers["etag"]
    deltas = Deltas(Shelf(door.root), most_bytes=2_000)
    for second in range(1, 8):
        version = door.publish(f"{second} new", *OLD, seconds=second)
        assert deltas.since("field-notes", version, "rss.xml", first)
        assert deltas._bytes <= 2_000
        assert 0 < len(deltas._kept) < 4
