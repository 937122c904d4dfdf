"""The site has another domain: whoever asks the old one is led to the new one, and what is in people's mails goes on working."""

import io
from wsgiref.util import setup_testing_defaults

import pytest
from django.test import Client
from django.utils import timezone
from support.publications import make_article, make_list, make_publication

from syndication.audience import subscribe
from syndication.environment import SettingError, read_hosts
from syndication.web.old_hosts import OldHostsFirst

BASE = "https://news.example.org"
OLD = "old.example.net"


def ask(path, *, host=OLD, method="GET", query="", raw=None):
    """Status and headers of an answer; what is behind the layer answers 200."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": raw or path.encode().decode("latin-1"), "QUERY_STRING": query, "HTTP_HOST": host}
    setup_testing_defaults(environ)
    environ["wsgi.input"] = io.BytesIO()
    said = {}

    def behind(_environ, start_response):
        start_response("200 OK", [])
        return [b"behind"]

    body = OldHostsFirst(behind, [OLD, "older.example.net"], BASE)(
        environ, lambda status, headers: said.update(status=int(status[:3]), **dict(headers))
    )
    return said | {"body": b"".join(body)}


@pytest.mark.parametrize(
    "path", ["/", "/a/notes/", "/a/notes/first-walk/", "/feeds/notes/rss.xml", "/f/abc/rss.xml", "/sitemap.xml", "/s/notes/", "/studio/"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_pages_and_feeds_lead_to_the_same_place_on_the_new_host(path, method):
    found = ask(path, method=method)
    assert (found["status"], found["Location"]) == (301, BASE + path)
    assert bool(found["body"]) is (method == "GET")


@pytest.mark.parametrize("host", [OLD, "OLD.example.net", "older.example.net", f"{OLD}:443", f"{OLD}."])
def test_an_old_host_is_known_however_it_is_written(host):
    assert ask("/a/x/", host=host)["status"] == 301


@pytest.mark.parametrize("host", ["news.example.org", "127.0.0.1", "localhost:8000", "evil.example", "", "x.old.example.net"])
def test_other_hosts_are_not_touched(host):
    assert ask("/a/x/", host=host)["status"] == 200


def test_query_and_letters_of_the_path_stay_as_they_were():
    assert ask("/a/n/search/", query="q=%C3%A4+b&page=2")["Location"] == f"{BASE}/a/n/search/?q=%C3%A4+b&page=2"
    assert ask("/a/n/tags/größe/")["Location"] == f"{BASE}/a/n/tags/gr%C3%B6%C3%9Fe/"


@pytest.mark.parametrize("path", ["//evil.example/", "/\r\nSet-Cookie: a=b", "/\\evil.example", "/@evil.example", "/%0d%0aX: y"])
def test_no_path_leads_anywhere_else(path):
    found = ask("/", raw=path)
    assert found["Location"].startswith(f"{BASE}/")
    assert not set(found["Location"]) & set("\r\n \\")


@pytest.mark.parametrize(
    "path",
    ["/u/abc/", "/c/abc/", "/p/abc/", "/p/abc/lists/weekly/", "/u/abc", "/hooks/postmark/", "/static/public.css", "/healthz", "/readyz"],
)
def test_what_is_in_peoples_mails_stays_where_it_is(path):
    assert ask(path)["status"] == 200


@pytest.mark.parametrize("path", ["/u/abc/", "/s/notes/", "/hub", "/hooks/postmark/", "/api/x"])
def test_what_is_sent_is_taken_where_it_was_sent(path):
    assert ask(path, method="POST")["status"] == 200


@pytest.mark.django_db
@pytest.mark.database
def test_a_link_of_a_mail_from_before_the_move_still_leaves(settings):
    settings.ALLOWED_HOSTS = ["news.example.org", OLD]
    publication = make_publication()
    weekly = make_list(publication)
    make_article(publication)
    reader = subscribe.add(subscribe.Person("mara@example.org"), to=weekly, confirmed=True, how="staff", now=timezone.now())
    from syndication.audience.self_service.leave import unsubscribe_token

    token = unsubscribe_token(reader.subscriber_id, weekly.pk)
    client = Client(headers={"host": OLD})
    assert client.get(f"/u/{token}/").status_code == 200
    assert client.post(f"/u/{token}/", {"List-Unsubscribe": "One-Click"}).status_code == 200
    reader.refresh_from_db()
    assert reader.state == "unsubscribed"


def test_old_hosts_are_read_from_the_environment():
    assert read_hosts({"X": "Old.example.net older.example.net."}, "X", present="news.example.org") == (
        "old.example.net",
        "older.example.net",
    )
    assert read_hosts({}, "X", present="news.example.org") == ()


@pytest.mark.parametrize(
    "wrong", ["https://old.example.net", "old.example.net:443", "a b/c", "news.example.org", "*", "-x.example", ".example"]
)
def test_a_wrong_old_host_names_itself(wrong):
    with pytest.raises(SettingError, match=r"^X="):
        read_hosts({"X": wrong}, "X", present="news.example.org")
