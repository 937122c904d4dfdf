"""Delivering what has changed to whoever subscribed, and to nobody twice without need; on both databases."""

import hashlib
import hmac
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from support.callbacks import CallbackServer

from syndication.feeds.hub import fan_out, lanes, shift
from syndication.feeds.hub.callbacks import parsed
from syndication.feeds.hub.models import HubFeed, HubHost, HubPing, HubSubscription
from syndication.feeds.hub.report import report
from syndication.feeds.hub.rounds import go_round, waits
from syndication.feeds.hub.wishes import subscription_key

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def subscribe(feed):
    """Makes subscriptions as if their callbacks had consented, after what the feed says now has been told."""

    def subscribe(*callbacks, file_name="atom.xml", of=feed, secret=""):
        go_round()
        now = timezone.now()
        for callback in callbacks:
            HubSubscription.objects.create(
                key=subscription_key(of.url(file_name), callback),
                feed=of.row,
                file_name=file_name,
                topic_url=of.url(file_name),
                callback=callback,
                host=parsed(callback).host,
                secret=secret,
                since=now,
                expires_at=now + timedelta(days=1),
            )

    return subscribe


def make_due_again():
    HubSubscription.objects.filter(due_at__isnull=False).update(due_at=timezone.now())
    HubHost.objects.update(rest_until=None)


def tell_and_die():
    """A worker ends before what it has made due is committed."""
    with transaction.atomic():
        fan_out.tell_changes(timezone.now())
        raise KeyboardInterrupt


def test_a_change_is_delivered_whole_signed_and_with_its_links(feed, subscriber, subscribe):
    subscribe(subscriber.url(), secret="ünder")
    assert not waits(timezone.now())
    feed.say("second")
    assert waits(timezone.now())
    assert not go_round()
    (came,) = subscriber.posts()
    assert came.body == b"atom.xml second"
    assert came.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert came.headers["link"] == f'<https://news.example.org/hub>; rel="hub", <{feed.url()}>; rel="self"'
    assert came.headers["x-hub-signature"] == "sha256=" + hmac.new("ünder".encode(), came.body, hashlib.sha256).hexdigest()
    one = HubSubscription.objects.get()
    assert (one.due_at, one.tries, one.problem) == (None, 0, "")
    assert one.delivered_at
    assert not waits(timezone.now())


def test_without_a_secret_nothing_is_signed(feed, subscriber, subscribe):
    subscribe(subscriber.url())
    feed.say("second")
    go_round()
    assert "x-hub-signature" not in subscriber.posts()[0].headers


def test_each_gets_its_own_document_and_only_when_that_changed(feed, tag_feed, subscriber, subscribe):
    for name in ("rss.xml", "feed.json"):
        subscribe(subscriber.url(f"/ok/{name}"), file_name=name)
    subscribe(subscriber.url("/ok/tag"), of=tag_feed)
    feed.say("first", rss="second")
    go_round()
    assert [(one.target, one.body) for one in subscriber.posts()] == [("/ok/rss.xml", b"rss.xml second")]
    tag_feed.say("other")
    go_round()
    assert [one.target for one in subscriber.posts()] == ["/ok/rss.xml", "/ok/tag"]


def test_what_was_told_is_not_told_again(feed, subscriber, subscribe):
    subscribe(subscriber.url())
    feed.say("second")
    for _ in range(3):
        go_round()
    assert len(subscriber.posts()) == 1


def test_a_crash_between_the_feeds_commit_and_its_telling_loses_nothing(feed, subscriber, subscribe):
    subscribe(*[subscriber.url(f"/ok/{number}") for number in range(5)])
    feed.say("second")  # and the worker dies: only the rows are left
    assert HubFeed.objects.get(feed=feed.row).etags["atom.xml"]
    with pytest.raises(KeyboardInterrupt):
        tell_and_die()
    assert not HubSubscription.objects.exclude(due_at=None).exists()
    fan_out.tell_changes(timezone.now())  # all is due, and the worker dies again
    assert waits(timezone.now())
    go_round()
    assert sorted(one.target for one in subscriber.posts()) == [f"/ok/{number}" for number in range(5)]


def test_a_round_that_died_on_its_way_is_followed_by_another(feed, subscriber, subscribe):
    subscribe(subscriber.url())
    feed.say("second")
    now = timezone.now()
    died = shift.begin(now)
    fan_out.tell_changes(now)
    HubSubscription.objects.update(round=died.number, tries=1, due_at=now + timedelta(minutes=1))  # taken, and never settled
    assert not go_round()
    assert subscriber.posts() == []
    assert shift.begin(now + shift.LASTS + timedelta(seconds=1))
    shift.HubShift.objects.update(until=None)
    make_due_again()
    go_round()
    assert len(subscriber.posts()) == 1


def test_only_one_round_goes_on_at_a_time(feed):
    now = timezone.now()
    first = shift.begin(now)
    assert shift.begin(now) is None
    second = shift.begin(now + shift.LASTS)
    assert second.number == first.number + 1
    assert not first.keep(now)
    first.end()
    assert shift.begin(now + shift.LASTS) is None
    second.end()
    assert shift.begin(now + shift.LASTS)


def test_files_that_are_ahead_of_their_row_are_not_told_yet(feed, subscriber, subscribe):
    subscribe(subscriber.url())
    feed.say("second")
    feed.write("third")
    assert not go_round()  # or a worker would go round and round
    assert waits(timezone.now())
    assert subscriber.posts() == []
    feed.say("third")
    go_round()
    assert [one.body for one in subscriber.posts()] == [b"atom.xml third"]


def test_gone_ends_the_subscription(feed, subscriber, subscribe):
    subscribe(subscriber.url("/gone"))
    feed.say("second")
    go_round()
    assert not HubSubscription.objects.exists()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/fail", "answered 500"),
        ("/redirect", "answered 307"),
        ("/hang", "no whole answer"),
        ("/drip", "no whole answer"),
        ("/shut", "the connection ended"),
    ],
)
def test_a_delivery_that_fails_is_tried_again_later_and_the_subscription_stays(feed, subscriber, subscribe, hub_settings, path, problem):
    hub_settings.HUB_SECONDS_FOR_A_CALLBACK = 0.3
    subscribe(subscriber.url(path))
    feed.say("second")
    go_round()
    one = HubSubscription.objects.get()
    assert one.problem.startswith(problem)
    assert one.tries == 1
    assert timedelta(seconds=20) < one.due_at - timezone.now() < timedelta(seconds=40)
    assert len(subscriber.posts()) == 1
    assert not waits(timezone.now())


def test_a_gigabyte_in_answer_to_a_delivery_is_a_delivery(feed, subscriber, subscribe):
    subscribe(subscriber.url("/gigabyte"))
    feed.say("second")
    go_round()
    assert HubSubscription.objects.get().due_at is None


def test_a_callback_may_say_when_to_come_again(feed, subscriber, subscribe):
    subscribe(subscriber.url("/busy"))
    feed.say("second")
    go_round()
    assert HubSubscription.objects.get().due_at > timezone.now() + timedelta(seconds=7100)


def test_after_so_many_tries_a_version_is_given_up_and_the_next_one_is_delivered(feed, subscriber, subscribe):
    subscribe(subscriber.url("/fail"))
    feed.say("second")
    for _ in range(9):
        go_round()
        make_due_again()
    one = HubSubscription.objects.get()
    assert one.due_at is None
    assert one.problem == "given up after 9 tries: answered 500"
    assert len(subscriber.posts()) == 9
    feed.say("third")
    go_round()
    assert subscriber.posts()[-1].body == b"atom.xml third"
    assert HubSubscription.objects.get().tries == 1


def test_a_newer_version_takes_the_place_of_one_that_waits(feed, subscriber, subscribe):
    subscribe(subscriber.url("/fail"))
    feed.say("second")
    go_round()
    feed.say("third")
    go_round()
    make_due_again()
    go_round()
    assert [one.body for one in subscriber.posts()] == [b"atom.xml second", b"atom.xml third", b"atom.xml third"]


def test_a_silent_host_costs_a_few_tries_however_many_wait_for_it(feed, subscriber, subscribe, hub_settings):
    hub_settings.HUB_SECONDS_FOR_A_CALLBACK = 0.2
    subscribe(
        *[subscriber.url(f"/hang/{number}", host="127.0.0.9") for number in range(60)],
        *[subscriber.url(f"/ok/{number}") for number in range(60)],
    )
    feed.say("second")
    go_round()
    assert len(subscriber.posts()) < 60 + 10
    assert sum(one.target.startswith("/ok/") for one in subscriber.posts()) == 60
    host = HubHost.objects.get()
    assert (host.host, host.failures) == ("127.0.0.9", 5)
    assert host.rest_until > timezone.now()
    assert not waits(timezone.now())


def test_a_host_that_answers_again_is_well_again(feed, subscriber, subscribe):
    subscribe(subscriber.url())
    HubHost.objects.create(host="127.0.0.1", failures=7, since=timezone.now(), rest_until=timezone.now() - timedelta(seconds=1))
    feed.say("second")
    go_round()
    assert len(subscriber.posts()) == 1
    assert not HubHost.objects.exists()


def test_a_round_whose_time_is_up_leaves_the_rest_to_the_next(feed, subscriber, subscribe):
    subscribe(*[subscriber.url(f"/ok/{number}") for number in range(5)])
    feed.say("second")
    fan_out.tell_changes(timezone.now())
    assert go_round(run_seconds=0)
    assert subscriber.posts() == []
    assert not go_round()
    assert len(subscriber.posts()) == 5


def test_one_host_gets_few_at_once_and_all_in_the_end(feed, subscriber, subscribe):
    subscribe(*[subscriber.url(f"/ok/{number}") for number in range(120)])
    feed.say("second")
    go_round()
    assert len({one.target for one in subscriber.posts()}) == len(subscriber.posts()) == 120
    assert subscriber.most_at_once <= lanes.AT_ONCE


def test_a_subscriber_who_comes_during_the_round_gets_the_next_change(feed, subscriber, subscribe):
    feed.say("second")
    subscribe(subscriber.url())
    go_round()
    assert subscriber.posts() == []
    feed.say("third")
    go_round()
    assert len(subscriber.posts()) == 1


def test_outside_hubs_are_told_of_each_changed_document(feed, hub_settings):
    hub = CallbackServer()
    hub_settings.OUTSIDE_HUBS = (hub.url("/ok/publish"),)
    hub_settings.HUB_ALLOWED_NETWORKS = ()
    hub_settings.HUB_ON = False
    feed.say("second")
    go_round()
    told = [dict(pair.split("=") for pair in one.body.decode().split("&")) for one in hub.posts()]
    feed.say("second", json="x", feed="third")
    go_round()
    hub.close()
    assert len(told) == 3
    assert {one["hub.mode"] for one in told} == {"publish"}
    assert all(one["hub.url"] == one["hub.topic"] for one in told)
    assert len(hub.posts()) == 4
    assert hub.posts()[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_an_outside_hub_that_is_away_hears_of_it_later(feed, hub_settings):
    hub = CallbackServer()
    hub_settings.OUTSIDE_HUBS = (hub.url("/fail"),)
    go_round()
    assert HubPing.objects.filter(problem="answered 500", tries=1, due_at__gt=timezone.now()).count() == 3
    hub.close()


def test_staff_see_who_subscribes_and_what_fails(feed, tag_feed, publication, subscriber, subscribe, hub_settings):
    hub_settings.OUTSIDE_HUBS = (subscriber.url("/fail"),)
    hub_settings.HUB_SECONDS_FOR_A_CALLBACK = 0.3
    subscribe(subscriber.url(), subscriber.url("/fail"))
    subscribe(subscriber.url("/hang", host="127.0.0.9"), of=tag_feed, file_name="rss.xml")
    feed.say("second")
    tag_feed.say("second")
    go_round()
    found = report(publication.pk)
    assert found.hub_urls == ("https://news.example.org/hub", subscriber.url("/fail"))
    assert [(one.topic_url, one.subscribers, one.waiting, one.failing) for one in found.topics] == [
        (feed.url(), 2, 1, 1),
        (tag_feed.url("rss.xml"), 1, 1, 1),
    ]
    assert found.topics[0].last_delivery_at
    assert [(one.host, one.subscriptions) for one in found.hosts] == [("127.0.0.1", 1), ("127.0.0.9", 1)]
    assert [one.problem for one in found.hosts] == ["answered 500", "no whole answer within 0.3 seconds"]
    assert {one.problem for one in found.outside} == {"answered 500"}
