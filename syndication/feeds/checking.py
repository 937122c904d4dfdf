"""Reads finished documents again, as a stranger would, and says what is wrong with them before anybody else sees it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree

from syndication.feeds.documents import ATOM, JSON, RSS, Format

LARGEST_DOCUMENT = 16 * 1024 * 1024  # bytes; readers refuse far smaller ones
_ATOM = {"a": "http://www.w3.org/2005/Atom"}


@dataclass(frozen=True, slots=True)
class _Read:
    """What a document says, in terms that all formats share."""

    self_url: str
    ids: tuple[str, ...]
    urls: tuple[str, ...]
    published: tuple[datetime, ...]


def problems(documents: Mapping[Format, bytes], *, now: datetime) -> list[str]:
    """Why these documents of one feed must not be published; empty when they may.

    Each is well formed UTF-8 without a DTD, small enough, with unique ids, absolute links and no date after `now` (aware);
    and all of them list the same ids and dates in the same order.
    """
    found: list[str] = []
    read: dict[Format, _Read] = {}
    for written_as, body in documents.items():
        try:
            read[written_as] = _READERS[written_as](body)
        except (ValueError, LookupError, TypeError, AttributeError, etree.XMLSyntaxError) as error:
            found.append(f"{written_as.name}: cannot be read back ({error})")
            continue
        found += [f"{written_as.name}: {problem}" for problem in _problems_of_one(read[written_as], len(body), now)]
    if len({(one.ids, one.published) for one in read.values()}) > 1:
        found.append("the formats disagree about ids, dates or their order")
    return found


def _problems_of_one(read: _Read, size_bytes: int, now: datetime) -> list[str]:
    found = []
    if size_bytes > LARGEST_DOCUMENT:
        found.append(f"{size_bytes} bytes are more than {LARGEST_DOCUMENT}")
    if len(set(read.ids)) != len(read.ids) or not all(map(_is_absolute, read.ids)):
        found.append(f"ids must be unique URIs: {', '.join(read.ids)}")
    found += [f"{url!r} is not an absolute address" for url in (read.self_url, *read.urls) if not _is_web_address(url)]
    found += [f"an entry is dated {moment.isoformat()}, which is still to come" for moment in read.published if moment > now]
    return found


def _read_rss(body: bytes) -> _Read:
    channel = _xml(body, "rss")[0]
    items = channel.findall("item")
    return _Read(
        self_url=str(channel.find("a:link[@rel='self']", _ATOM).attrib["href"]),  # type: ignore[union-attr]  # AttributeError is caught above
        ids=tuple(item.findtext("guid", "") for item in items),
        urls=(channel.findtext("link", ""), *(item.findtext("link", "") for item in items)),
        published=tuple(parsedate_to_datetime(item.findtext("pubDate", "")) for item in items),
    )


def _read_atom(body: bytes) -> _Read:
    feed = _xml(body, "{http://www.w3.org/2005/Atom}feed")
    entries = feed.findall("a:entry", _ATOM)
    links = [element.attrib["href"] for element in (*feed.findall("a:link", _ATOM), *feed.findall("a:entry/a:link", _ATOM))]
    return _Read(
        self_url=str(feed.find("a:link[@rel='self']", _ATOM).attrib["href"]),  # type: ignore[union-attr]  # AttributeError is caught above
        ids=tuple(entry.findtext("a:id", "", _ATOM) for entry in entries),
        urls=tuple(map(str, links)),
        published=tuple(datetime.fromisoformat(entry.findtext("a:published", "", _ATOM)) for entry in entries),
    )


def _read_json(body: bytes) -> _Read:
    feed = json.loads(body.decode("utf-8"))
    return _Read(
        self_url=feed["feed_url"],
        ids=tuple(item["id"] for item in feed["items"]),
        urls=(feed["home_page_url"], *(item["url"] for item in feed["items"])),
        published=tuple(datetime.fromisoformat(item["date_published"]) for item in feed["items"]),
    )


_READERS = {RSS: _read_rss, ATOM: _read_atom, JSON: _read_json}


def _xml(body: bytes, root_tag: str) -> etree._Element:
    """The root element. Raises XMLSyntaxError, or ValueError for a DTD or another root."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True))
    doctype: str = root.getroottree().docinfo.doctype  # type: ignore[union-attr]  # the stubs do not know it
    if root.tag != root_tag or doctype:
        raise ValueError(f"starts with {doctype or root.tag!r} instead of <{root_tag}>")
    return root


def _is_absolute(uri: str) -> bool:
    return bool(urlsplit(uri).scheme)


def _is_web_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
