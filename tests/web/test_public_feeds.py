"""Feed readers are answered from the files, by the rules of HTTP, before any middleware."""

from datetime import timedelta
from io import BytesIO
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from support.publications import NOON, make_article, make_publication

from syndication.feeds import files
from syndication.feeds.publish import publish
from syndication.web.feeds import FeedsFirst


@pytest.fixture
def ask(tmp_path):
    """A call of the WSGI door that gives status, headers in lower case and body; "elsewhere" is what lies behind the door."""
    for name in ("rss.xml", "atom.xml", "feed.json"):
        files.replace(tmp_path / "field-notes" / name, f"the bytes of {name}".encode())
    files.replace(tmp_path / "secret.txt", b"not for readers")

    def elsewhere(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"elsewhere"]

    application = validator(FeedsFirst(elsewhere, tmp_path))

    def call(path="/feeds/field-notes/rss.xml", method="GET", **environ):
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": "", "SCRIPT_NAME": "", "wsgi.input": BytesIO()} | environ
        setup_testing_defaults(environ)
        answered = {}

        def start_response(status, headers, exc_info=None):
            answered.update(status=int(status[:3]), headers={name.lower(): value for name, value in headers})

        chunks = application(environ, start_response)
        body = b"".join(chunks)
        chunks.close()
        return answered["status"], answered["headers"], body

    return call


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
    ],
)
def test_each_document_comes_with_its_media_type(ask, name, content_type):
    status, headers, body = ask(f"/feeds/field-notes/{name}")
    assert (status, headers["content-type"], body) == (200, content_type, f"the bytes of {name}".encode())


def test_a_feed_may_be_kept_for_ten_minutes_and_read_by_every_page_and_sets_no_cookie(ask):
    _, headers, _ = ask()
    assert headers["cache-control"] == "public, max-age=600"
    assert headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in headers


def test_head_answers_like_get_without_a_body(ask):
    status, headers, body = ask(method="HEAD")
    assert (status, headers, body) == (200, ask()[1], b"")


@pytest.mark.parametrize("prefix", ["", "W/", '"other", '])
def test_a_reader_that_has_the_bytes_gets_no_body(ask, prefix):
    etag = ask()[1]["etag"]
    status, headers, body = ask(HTTP_IF_NONE_MATCH=prefix + etag)
    assert (status, body, headers["etag"], headers["cache-control"]) == (304, b"", etag, "public, max-age=600")
    assert "content-type" not in headers


def test_the_date_of_the_file_serves_readers_without_tags(ask):
    assert ask(HTTP_IF_MODIFIED_SINCE=ask()[1]["last-modified"])[0] == 304


def test_another_tag_wins_over_an_equal_date(ask):
    assert ask(HTTP_IF_NONE_MATCH='"other"', HTTP_IF_MODIFIED_SINCE=ask()[1]["last-modified"])[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused_with_the_ones_that_work(ask, method):
    status, headers, body = ask(method=method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert body.startswith(b"A feed can only be read")


@pytest.mark.parametrize(
    "path",
    [
        "/feeds/",
        "/feeds/nobody/rss.xml",
        "/feeds/field-notes/",
        "/feeds/field-notes/rss",
        "/feeds/field-notes/rss.xml/",
        "/feeds/../secret.txt",
        "/feeds/field-notes/../../secret.txt",
        "/feeds/./secret.txt",
        "/feeds/field-notes/.rss.xml",
        "/feeds/field-notes/rss.xml\n",
        "/feeds/\xc3\xa9/rss.xml",
        "/feeds/" + "a" * 5_000 + "/rss.xml",
    ],
)
def test_an_unknown_feed_is_not_found_and_a_sentence_says_so(ask, path):
    status, headers, body = ask(path)
    assert (status, headers["content-type"]) == (404, "text/plain; charset=utf-8")
    assert body.startswith(b"There is no feed at this address.")


def test_everything_else_goes_on_to_the_pages(ask):
    assert ask("/a/field-notes/")[2] == b"elsewhere"


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
    assert client.get("/feeds/field-notes/feed.json", headers={"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert not response.cookies
