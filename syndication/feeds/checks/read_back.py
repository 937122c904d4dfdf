"""Reads a finished document as a stranger would, into terms that all three formats share."""

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from syndication.feeds.writing.documents import ATOM, JSON, RSS, Format

_NAMESPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "c": "http://purl.org/rss/1.0/modules/content/",
    "m": "http://search.yahoo.com/mrss/",
}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Unreadable(ValueError):
    """A document that no reader could read; its text says why."""


@dataclass(frozen=True, slots=True)
class File:
    """An enclosure as the document tells of it; numbers are still text."""

    url: str
    media_type: str
    length: str


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as read; what is missing is empty, dates are as written."""

    id: str
    title: str
    url: str
    summary: str
    html: str
    tags: tuple[str, ...]
    published: str
    updated: str
    files: tuple[File, ...]
    picture: str


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed as read; `links` are all other addresses in its head."""

    title: str
    description: str
    language: str
    site_url: str
    self_urls: tuple[str, ...]
    hub_urls: tuple[str, ...]
    links: tuple[str, ...]
    items: tuple[Item, ...]


def read_back(written_as: Format, body: bytes) -> Feed:
    """What the document says. Raises Unreadable: not well-formed, a DTD, another kind of document, or a missing part."""
    try:
        return _READERS[written_as](body)
    except (ValueError, LookupError, TypeError, AttributeError, etree.XMLSyntaxError) as error:
        raise Unreadable(str(error)) from error


def _read_rss(body: bytes) -> Feed:
    channel = _xml(body, "rss")[0]
    links = _links(channel)
    return Feed(
        title=channel.findtext("title", ""),
        description=channel.findtext("description", ""),
        language=channel.findtext("language", ""),
        site_url=channel.findtext("link", ""),
        self_urls=_of_rel(links, "self"),
        hub_urls=_of_rel(links, "hub"),
        links=(*(url for rel, url in links if rel not in {"self", "hub"}), *_texts(channel, "image/url", "image/link")),
        items=tuple(map(_rss_item, channel.iterfind("item"))),
    )


def _rss_item(item: etree._Element) -> Item:
    return Item(
        id=item.findtext("guid", ""),
        title=item.findtext("title", ""),
        url=item.findtext("link", ""),
        summary=html.unescape(item.findtext("description", "")),
        html=item.findtext("c:encoded", "", _NAMESPACES),
        tags=_texts(item, "category"),
        published=item.findtext("pubDate", ""),
        updated=item.findtext("a:updated", "", _NAMESPACES),
        files=tuple(_rss_files(item)),
        picture=_picture(item),
    )


def _rss_files(item: etree._Element) -> Iterator[File]:
    for one in item.iterfind("enclosure"):
        yield File(_said(one, "url"), _said(one, "type"), _said(one, "length"))
    for one in item.iterfind("m:content", _NAMESPACES):
        if one.get("fileSize"):
            yield File(_said(one, "url"), _said(one, "type"), _said(one, "fileSize"))


def _read_atom(body: bytes) -> Feed:
    feed = _xml(body, "{http://www.w3.org/2005/Atom}feed")
    links = _links(feed)
    if not feed.findtext("a:id", "", _NAMESPACES) or not feed.findtext("a:updated", "", _NAMESPACES):
        raise Unreadable("the feed has no id or no date")  # RFC 4287 4.1.1
    if not feed.findtext("a:author/a:name", "", _NAMESPACES):
        raise Unreadable("the feed has no author")  # RFC 4287 4.1.1
    return Feed(
        title=feed.findtext("a:title", "", _NAMESPACES),
        description=feed.findtext("a:subtitle", "", _NAMESPACES),
        language=str(feed.get(_LANG) or ""),
        site_url=next(iter(_of_rel(links, "alternate")), ""),
        self_urls=_of_rel(links, "self"),
        hub_urls=_of_rel(links, "hub"),
        links=(*(url for rel, url in links if rel not in {"self", "hub", "alternate"}), *_texts(feed, "a:icon", "a:logo")),
        items=tuple(map(_atom_item, feed.iterfind("a:entry", _NAMESPACES))),
    )


def _atom_item(entry: etree._Element) -> Item:
    links = _links(entry)
    enclosures = entry.iterfind("a:link[@rel='enclosure']", _NAMESPACES)
    return Item(
        id=entry.findtext("a:id", "", _NAMESPACES),
        title=entry.findtext("a:title", "", _NAMESPACES),
        url=next(iter(_of_rel(links, "alternate")), ""),
        summary=entry.findtext("a:summary", "", _NAMESPACES),
        html=entry.findtext("a:content", "", _NAMESPACES),
        tags=tuple(_said(one, "term") for one in entry.iterfind("a:category", _NAMESPACES)),
        published=entry.findtext("a:published", "", _NAMESPACES),
        updated=entry.findtext("a:updated", "", _NAMESPACES),
        files=tuple(File(_said(one, "href"), _said(one, "type"), _said(one, "length")) for one in enclosures),
        picture=_picture(entry),
    )


def _read_json(body: bytes) -> Feed:
    feed: dict[str, Any] = json.loads(body.decode("utf-8"))
    if not str(feed["version"]).startswith("https://jsonfeed.org/version/1"):
        raise Unreadable(f"its version is {feed['version']!r}")
    return Feed(
        title=feed["title"],
        description=feed.get("description", ""),
        language=feed.get("language", ""),
        site_url=feed["home_page_url"],
        self_urls=(feed["feed_url"],),
        hub_urls=tuple(hub["url"] for hub in feed.get("hubs", [])),
        links=tuple(feed[name] for name in ("next_url", "icon", "favicon") if name in feed),
        items=tuple(map(_json_item, feed["items"])),
    )


def _json_item(item: dict[str, Any]) -> Item:
    attachments = item.get("attachments", [])
    return Item(
        id=item["id"],
        title=item.get("title", ""),
        url=item.get("url", ""),
        summary=item.get("summary", ""),
        html=item.get("content_html", ""),
        tags=tuple(item.get("tags", [])),
        published=item["date_published"],
        updated=item.get("date_modified", ""),
        files=tuple(File(one["url"], one["mime_type"], str(one.get("size_in_bytes", ""))) for one in attachments),
        picture=item.get("image", ""),
    )


_READERS = {RSS: _read_rss, ATOM: _read_atom, JSON: _read_json}


def _xml(body: bytes, root_tag: str) -> etree._Element:
    """The root element. Raises XMLSyntaxError, or Unreadable for a DTD or another root."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True))
    doctype: str = root.getroottree().docinfo.doctype  # type: ignore[union-attr]  # the stubs do not know it
    if root.tag != root_tag or doctype:
        raise Unreadable(f"starts with {doctype or root.tag!r} instead of <{root_tag}>")
    return root


def _links(element: etree._Element) -> list[tuple[str, str]]:
    """The rel and address of each Atom link right below the element; RFC 4287 4.2.7.2: alternate when nothing is said."""
    return [(str(link.get("rel") or "alternate"), _said(link, "href")) for link in element.iterfind("a:link", _NAMESPACES)]


def _of_rel(links: list[tuple[str, str]], rel: str) -> tuple[str, ...]:
    return tuple(url for one, url in links if one == rel)


def _picture(element: etree._Element) -> str:
    found = element.find("m:content[@medium='image']", _NAMESPACES)
    return "" if found is None or found.get("fileSize") else _said(found, "url")


def _texts(element: etree._Element, *paths: str) -> tuple[str, ...]:
    return tuple(one.text or "" for path in paths for one in element.iterfind(path, _NAMESPACES))


def _said(element: etree._Element, name: str) -> str:
    return str(element.get(name) or "")
