"""Subscribing, renewing and leaving: each asked of the callback itself, on both databases."""

import io
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from syndication.feeds.hub import limits
from syndication.feeds.hub.models import HubHost, HubSubscription, HubWish
from syndication.feeds.hub.rounds import go_round, tidy, waits
from syndication.web.hub import HubFirst, answer

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def post():
    """Posts to the hub as a WSGI server hands it over; the status and the sentence."""

    def post(topic, callback, mode="subscribe", *, more=None, **fields):
        form = {"mode": mode, "topic": topic, "callback": callback} | fields
        body = urlencode({f"hub.{name}": value for name, value in form.items()}).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/hub",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "203.0.113.9",
            "wsgi.input": io.BytesIO(body),
        } | (more or {})
        status, headers, sentence = answer(environ)
        assert headers["Content-Type"] == "text/plain; charset=utf-8"
        return status, sentence.decode()

    return post


def subscription():
    return HubSubscription.objects.get()


def seconds_left(one):
    return (one.expires_at - timezone.now()).total_seconds()


def test_a_subscription_exists_once_the_callback_has_said_so(post, feed, subscriber):
    assert post(feed.url(), subscriber.url("/ok?own=1&hub.x=y"), secret="word", lease_seconds="86400") == (
        202,
        "Taken: the callback will be asked whether this is meant.\n",
    )
    assert not HubSubscription.objects.exists()
    assert waits(timezone.now())
    assert not go_round()
    (asked,) = subscriber.gets()
    assert asked.target.startswith("/ok?own=1&hub.x=y&hub.mode=subscribe&")
    assert (asked.asked["hub.topic"], asked.asked["hub.lease_seconds"]) == (feed.url(), "86400")
    assert len(asked.asked["hub.challenge"]) > 20
    one = subscription()
    assert (one.feed_id, one.file_name, one.secret) == (feed.row.pk, "atom.xml", "word")
    assert 86_300 < seconds_left(one) <= 86_400
    assert not HubWish.objects.exists()
    assert not waits(timezone.now())


@pytest.mark.parametrize("path", ["/chunked", "/old", "/interim"])
def test_the_challenge_may_come_back_in_any_framing(post, feed, subscriber, path):
    post(feed.url(), subscriber.url(path))
    go_round()
    assert HubSubscription.objects.count() == 1


@pytest.mark.parametrize("path", ["/wrong", "/refuse", "/redirect", "/gigabyte", "/endless"])
def test_any_other_answer_is_no_consent_and_the_wish_is_forgotten(post, feed, subscriber, path):
    post(feed.url(), subscriber.url(path))
    go_round()
    assert not HubSubscription.objects.exists()
    assert not HubWish.objects.exists()
    assert len(subscriber.came) == 1


@pytest.mark.parametrize("path", ["/hang", "/drip", "/shut", "/nonsense", "/long-head"])
def test_a_callback_without_an_answer_is_asked_again_twice_and_then_forgotten(post, feed, subscriber, hub_settings, path):
    hub_settings.HUB_SECONDS_FOR_A_CALLBACK = 0.3
    post(feed.url(), subscriber.url(path))
    for tries in (1, 2):
        go_round()
        one = HubWish.objects.get()
        assert one.tries == tries
        assert one.due_at > timezone.now() + timedelta(seconds=20)
        HubWish.objects.update(due_at=timezone.now())
    go_round()
    assert not HubWish.objects.exists()
    assert not HubSubscription.objects.exists()
    assert HubHost.objects.get().failures == 3


def test_subscribing_again_changes_nothing_before_the_callback_has_said_so(post, feed, subscriber):
    post(feed.url(), subscriber.url("/wrong"), secret="old")
    HubSubscription.objects.create(
        **{
            name: getattr(HubWish.objects.get(), name)
            for name in ("key", "feed_id", "file_name", "topic_url", "callback", "host", "secret")
        },
        since=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )
    post(feed.url(), subscriber.url("/wrong"), secret="new", lease_seconds="864000")
    go_round()
    one = subscription()
    assert one.secret == "old"
    assert seconds_left(one) <= 86_400


def test_subscribing_again_renews_the_lease_and_keeps_what_is_owed(post, feed, subscriber):
    post(feed.url(), subscriber.url(), secret="old", lease_seconds="600")
    go_round()
    HubSubscription.objects.update(owed="an older etag", tries=3)
    post(feed.url(), subscriber.url(), secret="new", lease_seconds="864000")
    go_round()
    one = subscription()
    assert (one.secret, one.owed, one.tries) == ("new", "an older etag", 3)
    assert seconds_left(one) > 800_000


def test_leaving_is_asked_of_the_callback_too(post, feed, subscriber):
    post(feed.url(), subscriber.url())
    go_round()
    assert post(feed.url(), subscriber.url(), "unsubscribe")[0] == 202
    assert HubSubscription.objects.exists()
    go_round()
    assert not HubSubscription.objects.exists()
    asked = subscriber.gets()[-1].asked
    assert asked["hub.mode"] == "unsubscribe"
    assert "hub.lease_seconds" not in asked


def test_nobody_can_end_a_subscription_of_somebody_else(post, feed, subscriber):
    post(feed.url(), subscriber.url("/wrong"))
    wish = HubWish.objects.get()
    HubSubscription.objects.create(
        key=wish.key,
        feed_id=wish.feed_id,
        file_name=wish.file_name,
        topic_url=wish.topic_url,
        callback=wish.callback,
        host=wish.host,
        since=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )
    post(feed.url(), subscriber.url("/wrong"), "unsubscribe")
    go_round()
    assert HubSubscription.objects.exists()


def test_the_last_wish_counts_when_two_wait(post, feed, subscriber):
    post(feed.url(), subscriber.url())
    post(feed.url(), subscriber.url(), "unsubscribe")
    go_round()
    assert [one.asked["hub.mode"] for one in subscriber.gets()] == ["unsubscribe"]
    assert not HubSubscription.objects.exists()


def test_each_document_and_each_feed_is_a_topic_of_its_own(post, feed, tag_feed, subscriber):
    for one in (feed, tag_feed):
        for name in ("rss.xml", "atom.xml", "feed.json"):
            assert post(one.url(name), subscriber.url())[0] == 202
    go_round()
    assert HubSubscription.objects.count() == 6
    assert HubSubscription.objects.filter(feed=tag_feed.row).count() == 3


@pytest.mark.parametrize(
    ("topic", "status"),
    [
        ("https://elsewhere.example/feeds/field-notes/atom.xml", 404),
        ("https://news.example.org/feeds/nobody/atom.xml", 404),
        ("https://news.example.org/feeds/field-notes/other.xml", 404),
        ("https://news.example.org/feeds/field-notes/archive/1/atom.xml", 404),
        ("https://news.example.org/f/token/atom.xml", 404),
        ("https://news.example.org/feeds/field%2Dnotes/atom.xml", 400),
        ("not a url", 404),
    ],
)
def test_what_is_no_feed_of_ours_is_refused_at_once(post, feed, subscriber, topic, status):
    found, sentence = post(topic, subscriber.url())
    assert found == status
    assert sentence.endswith(".\n")
    assert not HubWish.objects.exists()


def test_whoever_asks_for_a_moved_feed_is_told_where_it_lives(post, feed, subscriber, settings):
    old = settings.FEEDS / "old-notes"
    old.mkdir()
    (old / "moved-to").write_text("field-notes\n")
    status, sentence = post("https://news.example.org/feeds/old-notes/atom.xml", subscriber.url())
    assert status == 400
    assert feed.url() in sentence


def test_a_feed_that_has_ended_takes_nobody_and_tells_those_who_wait(post, feed, subscriber):
    post(feed.url(), subscriber.url())
    feed.end()
    assert post(feed.url(), subscriber.url("/ok?2"))[0] == 410
    go_round()
    (told,) = subscriber.gets()
    assert (told.asked["hub.mode"], told.asked["hub.topic"]) == ("denied", feed.url())
    assert not HubSubscription.objects.exists()


def test_subscribers_of_a_feed_that_ends_are_told_once(post, feed, subscriber):
    for number in range(3):
        post(feed.url(), subscriber.url(f"/ok/{number}"))
    go_round()
    feed.end()
    go_round()
    assert sorted(one.target.partition("?")[0] for one in subscriber.gets() if one.asked["hub.mode"] == "denied") == [
        "/ok/0",
        "/ok/1",
        "/ok/2",
    ]
    assert not HubSubscription.objects.exists()
    assert not HubWish.objects.exists()
    assert not waits(timezone.now())


def test_a_lease_that_has_ended_gets_nothing_and_is_removed(post, feed, subscriber):
    post(feed.url(), subscriber.url())
    go_round()
    HubSubscription.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    feed.say("second")
    go_round()
    assert subscriber.posts() == []
    tidy(timezone.now())
    assert not HubSubscription.objects.exists()


def test_a_name_that_leads_inside_is_not_asked(post, feed, subscriber, hub_settings):
    assert post(feed.url(), subscriber.url(host="localhost"))[0] == 202  # names are looked up later
    hub_settings.HUB_ALLOWED_NETWORKS = ()
    go_round()
    assert subscriber.came == []
    assert not HubWish.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"lease_seconds": "1"}, {"lease_seconds": "999999999"}, {"secret": "x" * 200}, {"mode": "list"}],
)
def test_a_wish_that_makes_no_sense_is_refused_with_a_sentence(post, feed, subscriber, fields):
    status, sentence = post(feed.url(), subscriber.url(), **fields)
    assert status == 400
    assert sentence.endswith(".\n")


@pytest.mark.parametrize("callback", ["http://127.0.0.1:9/", "http://u:p@reader.example.net/", "http://[::1]/", "http://10.0.0.1/"])
def test_a_callback_inside_or_with_credentials_is_refused(post, feed, hub_settings, callback):
    hub_settings.HUB_ALLOWED_NETWORKS = ()
    assert post(feed.url(), callback)[0] == 400


def test_a_secret_that_came_in_clear_through_a_proxy_is_refused(post, feed, subscriber):
    assert post(feed.url(), subscriber.url(), secret="word", more={"HTTP_X_FORWARDED_PROTO": "http"})[0] == 400
    assert post(feed.url(), subscriber.url(), secret="word", more={"HTTP_X_FORWARDED_PROTO": "https"})[0] == 202


def test_one_network_and_one_host_have_their_limits(post, feed, subscriber, monkeypatch):
    monkeypatch.setattr(limits, "NETWORK_AN_HOUR", 3)
    assert [post(feed.url(), subscriber.url(f"/{number}"))[0] for number in range(4)] == [202, 202, 202, 429]
    assert post(feed.url(), subscriber.url("/5"), more={"REMOTE_ADDR": "198.51.100.1"})[0] == 202


def test_a_host_whose_wishes_wait_gets_no_more_of_them(post, feed, subscriber, monkeypatch):
    monkeypatch.setattr(limits, "MOST_WISHES_OF_A_HOST", 2)
    assert [post(feed.url(), subscriber.url(f"/{number}"))[0] for number in range(3)] == [202, 202, 429]


def test_a_full_table_takes_renewals_only(post, feed, subscriber, monkeypatch):
    post(feed.url(), subscriber.url("/1"))
    go_round()
    monkeypatch.setattr(limits, "MOST_SUBSCRIPTIONS", 1)
    assert post(feed.url(), subscriber.url("/2"))[0] == 503
    assert post(feed.url(), subscriber.url("/1"))[0] == 202


def test_the_door_explains_itself_and_allows_what_it_allows(client, feed):
    found = client.get("/hub")
    assert found.status_code == 200
    assert b"WebSub hub" in found.content
    assert found["Content-Type"] == "text/plain; charset=utf-8"
    assert client.head("/hub").content == b""
    assert (client.put("/hub").status_code, client.put("/hub")["Allow"]) == (405, "GET, HEAD, POST")


def test_the_door_takes_forms_of_strangers_inside_django_too(feed, subscriber):
    from django.test import Client

    form = {"hub.mode": "subscribe", "hub.topic": feed.url(), "hub.callback": subscriber.url()}
    found = Client(enforce_csrf_checks=True).post("/hub", urlencode(form), content_type="application/x-www-form-urlencoded")
    assert found.status_code == 202
    assert not found.cookies


def test_a_hub_that_is_off_says_so(client, hub_settings):
    hub_settings.HUB_ON = False
    assert client.get("/hub").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_server_answers_before_django_and_leaves_it_the_rest(feed, subscriber):
    said = []
    hub = HubFirst(lambda *_: [b"another page"])

    def ask(**environ):
        return b"".join(hub(environ, lambda status, headers: said.append((status, dict(headers)))))

    assert ask(PATH_INFO="/hub/", REQUEST_METHOD="GET") == b"another page"
    assert ask(PATH_INFO="/hub", REQUEST_METHOD="HEAD") == b""
    body = urlencode({"hub.mode": "subscribe", "hub.topic": feed.url(), "hub.callback": subscriber.url()}).encode()
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    assert ask(PATH_INFO="/hub", REQUEST_METHOD="POST", **form).startswith(b"Taken")
    assert [status for status, _ in said] == ["200 OK", "202 Accepted"]
    assert HubWish.objects.count() == 1
