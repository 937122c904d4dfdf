"""Writes a feed as RSS 2.0 and as Atom 1.0, with feedgen, mending what feedgen 1.0.0 gets wrong.

What is mended, and why, stands at each place; the whole list is in docs/feeds.md. feedgen sets the process's locale while
it writes a date and puts it back (its util.formatRFC2822): render in a worker process, not in a thread of the web server.
"""

import html
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from syndication.feeds.writing import podcast
from syndication.feeds.writing.documents import (
    ATOM,
    MEDIA_TYPE_OF_A_PAGE,
    RSS,
    EnclosureInfo,
    Entry,
    FeedInfo,
    Format,
    cleaned_info,
    last_change,
    newest_first,
)

ATOM_NAMESPACE = "http://www.w3.org/2005/Atom"
CONTENT_NAMESPACE = "http://purl.org/rss/1.0/modules/content/"
DC_NAMESPACE = "http://purl.org/dc/elements/1.1/"
MEDIA_NAMESPACE = "http://search.yahoo.com/mrss/"  # Media RSS 1.5.1
HISTORY_NAMESPACE = "http://purl.org/syndication/history/1.0"  # RFC 5005 1.2
TOMBSTONE_NAMESPACE = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721 2
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MEDIUMS = frozenset({"image", "audio", "video"})  # of Media RSS; anything else is a document


def rss(info: FeedInfo, entries: Iterable[Entry]) -> bytes:
    """The feed as RSS 2.0 in UTF-8, with content:encoded, dc:creator and atom:link; podcast tags where there is sound. Same arguments, same bytes."""
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
    feed.mended.hold(info, entries, written_as)
    feed.id(info.id)
    feed.title(info.title)
    feed.description(info.description)
    feed.author(name=info.author)
    feed.generator("Syndication")
    feed.docs("https://www.rssboard.org/rss-specification")
    if info.language:
        feed.language(info.language)
    if info.image_url:
        feed.icon(info.image_url)  # square, RFC 4287 4.2.5
        feed.logo(info.image_url)
        feed.image(url=info.image_url, title=info.title, link=info.site_url)
    # The last link of any rel becomes the RSS channel's <link>: the site must come last.
    feed.link(href=info.self_url(written_as), rel="self", type=written_as.media_type)
    feed.link(href=info.site_url, rel="alternate", type=MEDIA_TYPE_OF_A_PAGE)
    feed.updated(last_change(info, entries))  # else it is the present moment
    for entry in entries:
        _add(feed, entry, info)
    return feed


def _add(feed: Any, entry: Entry, info: FeedInfo) -> None:
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
    added.mended.hold(entry, info)


class _MendedFeed(BaseExtension):  # type: ignore[misc]  # feedgen ships no types
    """Declares the namespaces in use, and writes what feedgen leaves out of the feed's head."""

    def hold(self, info: FeedInfo, entries: tuple[Entry, ...], written_as: Format) -> None:
        """Remember which feed this is."""
        self.info, self.entries, self.written_as = info, entries, written_as

    def extend_ns(self) -> dict[str, str]:
        """Prefixes for the root element: those in use, so that most feeds stay free of podcasts and the like."""
        history = self.info.history
        has_media = any(entry.image_url or len(entry.enclosures) > 1 for entry in self.entries)
        used: dict[str, str] = {"media": MEDIA_NAMESPACE} if has_media else {}
        if history.is_archive:
            used["fh"] = HISTORY_NAMESPACE
        if self.written_as is ATOM:
            return used | ({"at": TOMBSTONE_NAMESPACE} if self.info.tombstones else {})
        return used | {"dc": DC_NAMESPACE} | podcast.namespaces(self.info, self.entries)

    def extend_atom(self, element: etree._Element) -> etree._Element:
        """Hub and history links, the mark of an archive, and the entries that were taken back."""
        for link in _head_links(self.info, self.written_as):
            etree.SubElement(element, "link", link)
        self._mark_archive(element)
        for one in self.info.tombstones:
            # RFC 6721 3: ref is the entry's id, when the moment
            etree.SubElement(element, f"{{{TOMBSTONE_NAMESPACE}}}deleted-entry", {"ref": one.id, "when": one.deleted_at.isoformat()})
        return element

    def extend_rss(self, element: etree._Element) -> etree._Element:
        """The same links as in Atom: feedgen writes none but the self link into RSS."""
        channel = element[0]
        for link in _head_links(self.info, self.written_as):
            etree.SubElement(channel, f"{{{ATOM_NAMESPACE}}}link", link)
        self._mark_archive(channel)
        podcast.write_channel(channel, self.info)
        return element

    def _mark_archive(self, head: etree._Element) -> None:
        if self.info.history.is_archive:
            etree.SubElement(head, f"{{{HISTORY_NAMESPACE}}}archive")  # RFC 5005 4


class _MendedEntry(BaseEntryExtension):  # type: ignore[misc]  # feedgen ships no types
    """Called by feedgen with each finished entry element; writes what it leaves out."""

    def hold(self, entry: Entry, info: FeedInfo) -> None:
        """Remember which entry this is."""
        self.entry, self.info = entry, info

    def extend_atom(self, element: etree._Element) -> etree._Element:
        """Entry links lose rel, type and length in feedgen (lkiesow/python-feedgen 135): they are written anew here."""
        entry = self.entry
        for bare in element.findall("link"):
            bare.attrib.update({"rel": "alternate", "type": MEDIA_TYPE_OF_A_PAGE})
        for enclosure in entry.enclosures:
            etree.SubElement(element, "link", _enclosure_link(enclosure))
        if entry.source_url:
            etree.SubElement(element, "link", {"rel": "via", "href": entry.source_url})  # RFC 4287 4.2.7.2
        _write_picture(element, entry)
        if entry.language:
            element.set(XML_LANG, entry.language)
        return element

    def extend_rss(self, element: etree._Element) -> etree._Element:
        """Summary and content in their own elements, the author's name without an address, the date of the last change."""
        entry = self.entry
        self._write_texts(element)
        _append(element, DC_NAMESPACE, "creator", entry.author or self.info.author)
        if entry.language:
            _append(element, DC_NAMESPACE, "language", entry.language)
        _append(element, ATOM_NAMESPACE, "updated", _rfc3339(entry.updated_at))
        if entry.source_url:  # RSS's own <source> must lead to a feed; this is a page
            etree.SubElement(element, f"{{{ATOM_NAMESPACE}}}link", {"rel": "via", "href": entry.source_url})
        self._write_enclosures(element)
        _write_picture(element, entry)
        podcast.write_item(element, entry, self.info)
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

    def _write_enclosures(self, element: etree._Element) -> None:
        """RSS readers take one enclosure; the others are told of as Media RSS."""
        for place, one in enumerate(self.entry.enclosures):
            if place == 0:
                told = {"url": one.url, "length": str(one.length_bytes), "type": one.media_type}
                etree.SubElement(element, "enclosure", told)
                continue
            told = {"url": one.url, "fileSize": str(one.length_bytes), "type": one.media_type, "medium": _medium(one.media_type)}
            if one.duration_seconds:
                told["duration"] = str(one.duration_seconds)
            media = etree.SubElement(element, f"{{{MEDIA_NAMESPACE}}}content", told)
            if one.title:
                _append(media, MEDIA_NAMESPACE, "title", one.title)


def _head_links(info: FeedInfo, written_as: Format) -> Iterator[dict[str, str]]:
    """The links of the feed itself, besides its site and itself."""
    for url in info.hub_urls:
        yield {"rel": "hub", "href": url}  # WebSub 4
    history = info.history
    linked = {"current": history.current_folder_url if history.is_archive else "", "prev-archive": history.previous_folder_url}
    for rel, folder_url in linked.items():  # RFC 5005 4
        if folder_url:
            yield {"rel": rel, "href": folder_url + written_as.file_name, "type": written_as.media_type}


def _enclosure_link(one: EnclosureInfo) -> dict[str, str]:
    link = {"rel": "enclosure", "href": one.url, "type": one.media_type, "length": str(one.length_bytes)}
    return link | ({"title": one.title} if one.title else {})


def _write_picture(element: etree._Element, entry: Entry) -> None:
    if not entry.image_url:
        return
    media = etree.SubElement(element, f"{{{MEDIA_NAMESPACE}}}content", {"url": entry.image_url, "medium": "image"})
    if entry.image_alt:
        etree.SubElement(media, f"{{{MEDIA_NAMESPACE}}}description", {"type": "plain"}).text = entry.image_alt


def _medium(media_type: str) -> str:
    kind = media_type.partition("/")[0]
    return kind if kind in _MEDIUMS else "document"


def _append(element: etree._Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(element, f"{{{namespace}}}{name}").text = text


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat()
