"""What every public page of a publication shows: its name and address, its feeds, its language."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from syndication.articles.models import Publication, Topic
from syndication.feeds.writing.documents import FORMATS
from syndication.rendering.adapt import home_url

FOLDER_OF = {Topic.Kind.TAG: "tags", Topic.Kind.AUTHOR: "authors"}
PAGE_OF = {Topic.Kind.TAG: "tag", Topic.Kind.AUTHOR: "author"}  # the names of routes


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One document of a feed, for autodiscovery and for people; `title` says whose feed it is."""

    name: str
    url: str
    media_type: str
    title: str = ""


def surroundings(publication: Publication, topic: Topic | None = None) -> dict[str, object]:
    """The context of every page; on the page of a topic its own feeds come first."""
    own = feed_links(publication, topic) if topic else []
    return {
        "publication": publication,
        "home": home_url(publication, settings.BASE_URL),
        "feeds": feed_links(publication),
        "feeds_here": [*own, *feed_links(publication)],
        "language": publication.language,
    }


def feed_links(publication: Publication, topic: Topic | None = None) -> list[FeedLink]:
    """The documents of the publication's feed, or of a topic's."""
    below = f"{FOLDER_OF[Topic.Kind(topic.kind)]}/{quote(topic.slug)}/" if topic else ""
    folder = f"{settings.BASE_URL}/feeds/{publication.slug}/{below}"
    title = f"{publication.name}: {topic.name}" if topic else publication.name
    return [FeedLink(one.name, folder + one.file_name, one.media_type, f"{title} ({one.name})") for one in FORMATS]


def topic_path(publication: Publication, topic: Topic) -> str:
    """The page of a tag or an author on this server."""
    return reverse(PAGE_OF[Topic.Kind(topic.kind)], args=[publication.slug, topic.slug])


def absolute(path: str) -> str:
    """The public address of a path on this server."""
    return settings.BASE_URL + path
