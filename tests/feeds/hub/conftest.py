"""A hub with one feed on disk, and a subscriber on loopback."""

import ipaddress
from datetime import timedelta

import pytest
from django.utils import timezone
from support.callbacks import CallbackServer
from support.certificates import Authority
from support.publications import make_publication

from syndication.articles.models import Topic
from syndication.feeds import store
from syndication.feeds.hub.addresses import hub_urls
from syndication.feeds.models import Feed
from syndication.feeds.places import folder_of, folder_url


@pytest.fixture(autouse=True)
def hub_settings(settings, tmp_path):
    settings.FEEDS = tmp_path / "feeds"
    settings.FEEDS.mkdir()
    settings.HUB_ALLOWED_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    settings.HUB_SECONDS_FOR_A_CALLBACK = 5.0
    return settings


@pytest.fixture
def subscriber():
    server = CallbackServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("hub-authority"), "authority")


class PublishedFeed:
    """A feed whose bytes a test says."""

    def __init__(self, publication, topic=None):
        self.row = Feed.objects.create(publication=publication, topic=topic)
        self.moment = timezone.now() - timedelta(days=1)
        self.say("first")

    @property
    def folder(self):
        return folder_of(self.row.publication, self.row.topic)

    def url(self, file_name="atom.xml"):
        return folder_url(self.folder, "https://news.example.org") + file_name

    def write(self, text, **only):
        """The files alone: what a publisher has done who dies before its row is written. `only`: atom="…" for a document of its own."""
        bodies = {name: f"{name} {only.get(name.partition('.')[0], text)}".encode() for name in ("rss.xml", "atom.xml", "feed.json")}
        hubs = [f'<{url}>; rel="hub"' for url in hub_urls()]
        links = {name: ", ".join([*hubs, f'<{self.url(name)}>; rel="self"']) for name in bodies}
        content = store.Content(bodies, links=links)
        self.moment += timedelta(seconds=1)
        store.write(self._root, self.folder, content, modified_at=self.moment)
        return content.digest

    def say(self, text, **only):
        digest = self.write(text, **only)
        Feed.objects.filter(pk=self.row.pk).update(digest=digest, changed_at=self.moment)

    def end(self):
        store.close(self._root, self.folder)
        Feed.objects.filter(pk=self.row.pk).update(is_gone=True)

    @property
    def _root(self):
        from django.conf import settings

        return settings.FEEDS


@pytest.fixture
def publication():
    return make_publication()


@pytest.fixture
def feed(publication):
    return PublishedFeed(publication)


@pytest.fixture
def tag_feed(publication):
    return PublishedFeed(publication, Topic.objects.create(publication=publication, kind="tag", slug="wälder", name="Wälder"))
