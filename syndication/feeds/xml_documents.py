"""Writes a feed as RSS 2.0 and as Atom 1.0, with feedgen, mending what feedgen 1.0.0 gets wrong.

What is mended, and why, stands at each place; the whole list is in docs/feeds.md. feedgen sets the process's locale while
it writes a date and puts it back (its util.formatRFC2822): render in a worker process, not in a thread of the web server.
"""

import html
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.feeds.documents import ATOM, MEDIA_TYPE_OF_A_PAGE, RSS, Entry, FeedInfo, Format, cleaned_info, last_change, newest_first

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_NAMESPACE = "http://purl.org/rss/1.0/modules/content/"
DC_NAMESPACE = "http://purl.org/dc/elements/1.1/"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def rss(info: FeedInfo, entries: Iterable[Entry]) -> bytes:
    """The feed as RSS 2.0 in UTF-8, with content:encoded, dc:creator and an atom:link to itself. Same arguments, same bytes."""
    document: bytes = _generator(info, entries, RSS).rss_str()
    return document


def atom(info: FeedInfo, entries: Iterable[Entry]) -> bytes:
    """The feed as Atom 1.0 (RFC 4287) in UTF-8. Same arguments, same bytes."""
    document: bytes = _generator(info, entries, ATOM).atom_str()
    return document


def _generator(info: FeedInfo, entries: Iterable[Entry], written_as: Format) -> Any:
    info, entries = cleaned_info(info), newest_first(entries)
    feed = FeedGenerator()
    feed.register_extension("mended", _MendedFeed, _MendedEntry)
    feed.id(info.id)
    feed.title(info.title)
    feed.description(info.description)
    feed.author(name=info.author)
    feed.generator("Syndication")
    feed.docs("https://www.rssboard.org/rss-specification")
    if info.language:
        feed.language(info.language)
    # The last link of any rel becomes the RSS channel's <link>: the site must come last.
    feed.link(href=info.self_url(written_as), rel="self", type=written_as.media_type)
    feed.link(href=info.site_url, rel="alternate", type=MEDIA_TYPE_OF_A_PAGE)
    feed.updated(last_change(info, entries))  # else it is the present moment
    for entry in entries:
        _add(feed, entry, info.author)
    return feed


def _add(feed: Any, entry: Entry, author: str) -> None:
    added = feed.add_entry(order="append")  # the default prepends
    added.id(entry.id)
    added.title(entry.title)
    added.link(href=entry.url)
    if entry.summary:
        added.summary(entry.summary)
    added.content(entry.html, type="html")  # "CDATA" would end up as an invalid type in Atom
    added.published(entry.published_at)
    added.updated(entry.updated_at)
    if entry.author:
        added.author(name=entry.author)
    for tag in entry.tags:
        added.category(term=tag)
    added.mended.hold(entry, author)


class _MendedFeed(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Declares the namespace that the entries use."""

    def extend_ns(self) -> dict[str, str]:
        """Prefixes for the root element of RSS. Atom's root gets them too."""
        return {"dc": DC_NAMESPACE}


class _MendedEntry(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Called by feedgen with each finished entry element; writes what it leaves out."""

    def hold(self, entry: Entry, feed_author: str) -> None:
        """Remember which entry this is."""
        self.entry, self.feed_author = entry, feed_author

    def extend_atom(self, element: etree._Element) -> etree._Element:
        """Entry links lose rel and type in feedgen (lkiesow/python-feedgen 135): they are written anew here."""
        for bare in element.findall("link"):
            bare.attrib.update({"rel": "alternate", "type": MEDIA_TYPE_OF_A_PAGE})
        if self.entry.language:
            element.set(XML_LANG, self.entry.language)
        return element

    def extend_rss(self, element: etree._Element) -> etree._Element:
        """Summary and content in their own elements, the author's name without an address, the date of the last change."""
        self._write_texts(element)
        _append(element, DC_NAMESPACE, "creator", self.entry.author or self.feed_author)
        if self.entry.language:
            _append(element, DC_NAMESPACE, "language", self.entry.language)
        _append(element, ATOM_NAMESPACE, "updated", _rfc3339(self.entry.updated_at))
        return element

    def _write_texts(self, element: etree._Element) -> None:
        for written in (*element.findall("description"), *element.findall(f"{{{CONTENT_NAMESPACE}}}encoded")):
            element.remove(written)
        if self.entry.summary:
            # RSS reads a description as HTML: plain text is escaped for HTML first, then for XML by lxml.
            etree.SubElement(element, "description").text = html.escape(self.entry.summary, quote=False)
        content = etree.SubElement(element, f"{{{CONTENT_NAMESPACE}}}encoded")
        # A CDATA section cannot hold its own end; such a text is escaped instead and reads the same.
        content.text = self.entry.html if "]]>" in self.entry.html else etree.CDATA(self.entry.html)


def _append(element: etree._Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(element, f"{{{namespace}}}{name}").text = text


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat()
