"""Knows where the feeds of a publication lie: their folders on disk, and the addresses that lead there."""

from urllib.parse import quote

from syndication.articles.models import Publication, Topic
from syndication.rendering.adapt import home_url

_SHELF_OF = {Topic.Kind.TAG: "tags", Topic.Kind.AUTHOR: "authors"}


def folder_of(publication: Publication, topic: Topic | None = None) -> str:
    """Below settings.FEEDS: "field-notes", "field-notes/tags/wälder"; the letters of a slug stand as they are."""
    return topic_folder(publication.slug, topic.kind, topic.slug) if topic else publication.slug


def topic_folder(publication_slug: str, kind: str, slug: str) -> str:
    """The folder of a tag or an author by their names."""
    return f"{publication_slug}/{_SHELF_OF[Topic.Kind(kind)]}/{slug}"


def archive_folder(folder: str, number: int) -> str:
    """The folder of an archive document of the feed in `folder`; 1 is the oldest."""
    return f"{folder}/archive/{number}"


def folder_url(folder: str, base_url: str) -> str:
    """The address of a folder, with a slash at the end; letters outside ASCII are percent-encoded (RFC 3986 2.1)."""
    return f"{base_url}/feeds/{quote(folder)}/"


def page_url(publication: Publication, topic: Topic | None, base_url: str) -> str:
    """The page for people that a feed belongs to."""
    home = home_url(publication, base_url)
    return f"{home}{_SHELF_OF[Topic.Kind(topic.kind)]}/{quote(topic.slug)}/" if topic else home
