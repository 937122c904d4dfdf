"""From an article that is published to the callback of whoever subscribed, by the steps that the tasks call."""

import io
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from support.publications import make_article

from syndication.articles.publish import unpublish
from syndication.feeds.hub.models import HubSubscription
from syndication.feeds.hub.rounds import go_round, waits
from syndication.feeds.places import folder_of, folder_url
from syndication.feeds.publishing.publish import publish, publish_all
from syndication.web.hub import answer

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def subscribe(topic, callback):
    body = urlencode({"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": callback}).encode()
    form = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    return answer({"REQUEST_METHOD": "POST", "PATH_INFO": "/hub", **form})[0]


def test_each_change_of_a_published_feed_reaches_its_subscribers_and_nothing_else_does(publication, subscriber, hub_settings):
    article = make_article(publication, tags=["Wälder"])
    topic = publication.topics.get(kind="tag")
    publish_all(publication.pk, now=timezone.now())
    base = folder_url(folder_of(publication), "https://news.example.org")
    of_tag = folder_url(folder_of(publication, topic), "https://news.example.org")
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert subscribe(base + name, subscriber.url(f"/ok/{name}")) == 202
    assert subscribe(of_tag + "atom.xml", subscriber.url("/ok/tag")) == 202
    go_round()
    assert HubSubscription.objects.count() == 4
    publish_all(publication.pk, now=timezone.now() + timedelta(minutes=1))
    assert not waits(timezone.now())
    unpublish(article.pk, now=timezone.now())
    publish(publication.pk, now=timezone.now() + timedelta(minutes=2))
    go_round()
    came = {one.target: one for one in subscriber.posts()}
    assert len(came) == len(subscriber.posts()) == 4
    for name in ("rss.xml", "atom.xml", "feed.json"):
        assert came[f"/ok/{name}"].body == (hub_settings.FEEDS / "field-notes/current" / name).read_bytes()
    assert came["/ok/tag"].headers["link"].endswith(f'<{of_tag}atom.xml>; rel="self"')
    assert b"deleted-entry" in came["/ok/atom.xml"].body
