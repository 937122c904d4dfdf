"""The real web server, and nginx with our configuration before it, say on the wire what the door says."""

import socket
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from support import nginx
from support.feed_door import MODIFIED, documents
from support.waiting import wait_until
from support.web_servers import free_port, start_web

from syndication.feeds import store
from syndication.feeds.polls.agents import family

pytestmark = pytest.mark.processes

PATH = "/feeds/field-notes/rss.xml"
ARCHIVE_PATH = "/feeds/field-notes/tags/w%C3%A4lder/archive/1/feed.json"


def publish(feeds, *entries, folder="field-notes", seconds=0, is_archive=False):
    content = store.Content(documents(entries), is_archive=is_archive, entries=tuple((text[0], text) for text in entries))
    store.write(feeds, folder, content, modified_at=MODIFIED + timedelta(seconds=seconds))


@pytest.fixture(scope="module")
def home(_template, test_home):
    folder = Path(tempfile.mkdtemp(prefix="served-", dir=test_home))
    home = _template.new_home(folder / "home", SYNDICATION_FEEDS=str(folder / "feeds"))
    home.start_queue()
    home.say("list create news")
    publish(home.feeds, "b second", "a first")
    publish(home.feeds, "a first", folder="field-notes/tags/wälder/archive/1", is_archive=True)
    store.move(home.feeds, "old", "field-notes")
    store.close(home.feeds, "ended")
    home.port = free_port()
    home.server = start_web(home, home.port)
    yield home
    home.stop()


@pytest.fixture(params=["granian", "nginx"], scope="module")
def url(home, request):
    """The address of a server of these feeds."""
    with ExitStack() as stack:
        port = home.port
        if request.param == "nginx":
            if not nginx.find():
                pytest.skip("no nginx found; install the Debian package nginx")
            port, folder = free_port(), Path(tempfile.mkdtemp(dir=home.path))
            stack.enter_context(nginx.serving(folder, home.feeds, port=port, upstream_port=home.port))
            wait_until(lambda: _listens(port), what="nginx")
        yield f"http://127.0.0.1:{port}"


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(url, method="GET", **headers):
    plain = {"Accept-Encoding": "identity", "User-Agent": "test/1"}
    wanted = plain | {name.replace("_", "-"): value for name, value in headers.items()}
    answer = requests.request(method, url, headers=wanted, allow_redirects=False, timeout=30, stream=True)
    answer.bytes = answer.raw.read(decode_content=False)
    return answer


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_whole_feed(url, home, encoding):
    found = ask(url + PATH, Accept_Encoding=encoding)
    suffix = ".gz" if encoding == "gzip" else ""
    assert (found.status_code, found.bytes) == (200, (home.feeds / "field-notes" / "current" / f"rss.xml{suffix}").read_bytes())
    assert found.headers["Content-Type"] == "application/rss+xml; charset=utf-8"
    assert found.headers.get("Content-Encoding", "identity") == encoding
    assert found.headers["Cache-Control"] == "public, max-age=600"
    assert found.headers["Vary"] == "Accept-Encoding, A-IM"
    assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert found.headers["Last-Modified"] == "Sun, 01 Mar 2026 12:00:00 GMT"
    assert parsedate_to_datetime(found.headers["Date"])
    assert "Set-Cookie" not in found.headers


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_unchanged(url, encoding):
    whole = ask(url + PATH, Accept_Encoding=encoding)
    for asked in ({"If_None_Match": f'"x", {whole.headers["ETag"]}'}, {"If_Modified_Since": whole.headers["Last-Modified"]}):
        found = ask(url + PATH, Accept_Encoding=encoding, **asked)
        assert (found.status_code, found.bytes) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert found.headers[name] == whole.headers[name]
        assert "Date" in found.headers
        assert "Content-Length" not in found.headers
        assert "Content-Type" not in found.headers


def test_each_encoding_has_a_strong_tag(url):
    tags = {ask(url + PATH, Accept_Encoding=encoding).headers["ETag"] for encoding in ("identity", "gzip")}
    assert len(tags) == 2
    assert all(tag.startswith('"') for tag in tags)


def test_head(url):
    whole, found = ask(url + PATH), ask(url + PATH, "HEAD")
    assert (found.status_code, found.bytes) == (200, b"")
    names = ("ETag", "Last-Modified", "Content-Length", "Content-Type", "Cache-Control", "Vary")
    assert {name: found.headers[name] for name in names} == {name: whole.headers[name] for name in names}


def test_an_archive_of_a_tag_in_any_script(url):
    found = ask(url + ARCHIVE_PATH)
    assert (found.status_code, found.headers["Cache-Control"]) == (200, "public, max-age=604800")
    assert found.headers["Content-Type"] == "application/feed+json; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("/feeds/old/tags/a/rss.xml?x=1", 301, "/feeds/field-notes/tags/a/rss.xml?x=1"),
        ("/feeds/ended/rss.xml", 410, None),
        ("/feeds/nobody/rss.xml", 404, None),
        ("/feeds/field-notes/about.json", 404, None),
        ("/feeds/field-notes/current/rss.xml", 404, None),
        ("/feeds/field-notes/..%2f..%2fhome/rss.xml", 404, None),
        ("/feeds/%00/rss.xml", (404, 400), None),
        ("/feeds/%ff%fe/rss.xml", 404, None),
        ("/feeds/" + "a" * 3_000 + "/rss.xml", 404, None),
    ],
)
def test_where_nothing_lies(url, path, status, location):
    found = ask(url + path)
    assert found.status_code in (status if isinstance(status, tuple) else (status,))
    assert found.headers.get("Location") == location


def test_other_methods(url):
    found = ask(url + PATH, "POST")
    assert (found.status_code, found.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    found = ask(url + PATH, "OPTIONS", Origin="https://reader.example", Access_Control_Request_Method="GET")
    assert (found.status_code, found.headers["Access-Control-Allow-Methods"]) == (204, "GET, HEAD, OPTIONS")


def test_a_wish_for_a_part(url):
    assert ask(url + PATH, Range="bytes=0-3").status_code == 200


def test_a_delta(url, home):
    tag = ask(url + PATH, A_IM="feed").headers["ETag"]
    publish(home.feeds, "c third", "b second", "a first", seconds=1)
    try:
        found = ask(url + PATH, A_IM="feed", If_None_Match=tag)
        assert (found.status_code, found.headers["IM"], found.bytes.count(b"<item>")) == (226, "feed", 1)
        assert found.headers["Cache-Control"] == "no-store, im, max-age=600"
    finally:
        publish(home.feeds, "b second", "a first")


def test_polls_reach_the_database(request, test_home):
    folder = Path(tempfile.mkdtemp(prefix="polled-", dir=test_home))
    home = request.getfixturevalue("_template").new_home(folder / "home")
    try:
        home.start_queue()
        home.say("list create news")
        [(slug,)] = home.sql("SELECT slug FROM syndication_publication")
        publish(home.feeds, "a first", folder=slug)
        port = free_port()
        start_web(home, port)
        agent = "Feedly/1.0 (7 subscribers)"
        for _ in range(3):
            assert ask(f"http://127.0.0.1:{port}/feeds/{slug}/rss.xml", User_Agent=agent, If_None_Match="*").status_code == 304
        question = "SELECT reader, polls, unchanged, subscribers FROM syndication_feedpoll"
        wait_until(lambda: home.sql(question) == [(family(agent), 3, 3, 7)], what=lambda: f"the polls, not {home.sql(question)}")
    finally:
        home.stop()
