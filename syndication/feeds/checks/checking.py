"""Reads finished documents again, as a stranger would, and says what is wrong with them before anybody else sees it."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from urllib.parse import urlsplit

from syndication.articles.newsletter_leftovers import merge_tags_in
from syndication.feeds.checks.content_check import faults_of, forbidden_characters
from syndication.feeds.checks.read_back import Feed, File, Item, Unreadable, read_back
from syndication.feeds.writing.documents import JSON, LANGUAGE, RSS, Format

LARGEST_DOCUMENT = 16 * 1024 * 1024  # bytes; readers refuse far smaller ones
LARGE_DOCUMENT = 1024 * 1024  # bytes; above this some readers and proxies give up (JSON Feed: "too much memory")
MOST_PROBLEMS = 50  # that are told; nobody reads more

_RFC822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d [+-]\d{4}", re.ASCII
)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")  # RFC 3986 3
_SAME = ("title", "url", "summary", "html", "tags", "files", "picture")
_DATES = ("published", "updated")


def problems(documents: Mapping[Format, bytes], *, now: datetime) -> list[str]:
    """Why these documents of one feed must not be published; empty when they may. Each names the article and what to do.

    Each document is well formed UTF-8 without a DTD, has its required parts, and addresses that are absolute; ids are unique URIs
    free of web addresses; dates have the right weekday and zone, none is after `now` (aware); enclosures have a length and a type; the content holds
    nothing that feed readers must not be given. All of them agree about themselves, their hubs, ids, dates, order and content.
    """
    found: list[str] = []
    read: dict[Format, Feed] = {}
    for written_as, body in documents.items():
        if len(body) > LARGEST_DOCUMENT:
            found.append(f"{written_as.name}: {len(body)} bytes are more than {LARGEST_DOCUMENT}: show fewer entries")
        try:
            read[written_as] = read_back(written_as, body)
        except Unreadable as error:
            found.append(f"{written_as.name}: cannot be read back ({error}): report this as a fault of Syndication")
    for written_as, feed in read.items():
        found += [f"{written_as.name}: {problem}" for problem in _problems_of_one(feed, written_as, now)]
    found += _disagreements(read)
    found = list(dict.fromkeys(found + list(_problems_of_content(read))))
    more = len(found) - MOST_PROBLEMS
    return found if more <= 0 else [*islice(found, MOST_PROBLEMS), f"and {more} problems more"]


def remarks(documents: Mapping[Format, bytes]) -> list[str]:
    """What may be published but will cost readers something, in sentences for staff."""
    return [
        f"{written_as.name} is {len(body) / 2**20:.1f} MB: some readers take no more than one; show fewer entries in the feeds"
        for written_as, body in documents.items()
        if len(body) > LARGE_DOCUMENT
    ]


def _problems_of_one(feed: Feed, written_as: Format, now: datetime) -> Iterator[str]:
    if not feed.title or (written_as is RSS and not feed.description):
        yield "the feed has no title or description: name and describe the publication"
    if feed.language and not LANGUAGE.fullmatch(feed.language):
        yield f"{feed.language!r} is no language: choose one for the publication"
    if len(feed.self_urls) != 1:  # WebSub 4: exactly one
        yield f"the feed has {len(feed.self_urls)} links to itself instead of one: report this as a fault of Syndication"
    if feed.site_url in feed.self_urls:
        yield f"the link to the site leads to the feed itself ({feed.site_url}): report this as a fault of Syndication"
    for url in (feed.site_url, *feed.self_urls, *feed.hub_urls, *feed.links):
        if not _is_web_address(url):
            yield f"{url!r} is not an absolute address: correct it in the settings of the publication"
    seen: set[str] = set()
    for item in feed.items:
        for problem in _problems_of_item(item, written_as, now):
            yield f"{_named(item)}: {problem}"
        if item.id in seen:
            yield f"{_named(item)}: ids must be unique: unpublish one of the articles with this id"
        seen.add(item.id)


def _problems_of_item(item: Item, written_as: Format, now: datetime) -> Iterator[str]:
    if not _URI.fullmatch(item.id):
        yield "its id is no URI, so ids must be mended: report this as a fault of Syndication"
    elif item.id.startswith(("http:", "https:")):  # rules: free of domain and slug
        yield "its id is a web address, which changes when the site moves: give it a urn:uuid: or tag: id"
    if not item.title:
        yield "it has no title: give it one"
    if not _is_web_address(item.url):
        yield f"{item.url!r} is not an absolute address: report this as a fault of Syndication"
    if item.picture and not _is_web_address(item.picture):
        yield f"its picture {item.picture!r} is not an absolute address: write it with https://"
    for file in item.files:
        yield from _problems_of_file(file)
    moments = [(_rfc822 if written_as is RSS else _rfc3339)(item.published), _rfc3339(item.updated)]
    if not all(moments):
        yield f"{item.published!r} or {item.updated!r} is no date with the right weekday and zone: report this as a fault of Syndication"
    elif moments[0] and moments[0] > now:
        yield f"it is dated {moments[0].isoformat()}, which is still to come: publish it then, or correct its date"


def _problems_of_file(file: File) -> Iterator[str]:
    if not _is_web_address(file.url):
        yield f"its file {file.url!r} is not an absolute address: attach it again"
    if not (file.length.isdecimal() and int(file.length)):
        yield f"its file {file.url} has no length in bytes ({file.length!r}): attach it again, so that its server is asked"
    if not _MEDIA_TYPE.fullmatch(file.media_type):
        yield f"its file {file.url} has no media type ({file.media_type!r}): attach it again, so that its server is asked"


def _problems_of_content(read: Mapping[Format, Feed]) -> Iterator[str]:
    """Once for all formats, which agree about it or are refused for that."""
    for written_as, feed in read.items():
        for item in feed.items:
            for fault in faults_of(item.html):
                yield f"{_named(item)}: {fault}"
            for tag in merge_tags_in(f"{item.title}\n{item.summary}"):
                yield f"{_named(item)}: {tag} is a merge tag of another program: take it out of the title and the summary"
            if written_as is JSON:  # an XML parser refuses them; JSON can carry them
                yield from _forbidden_in(item)


def _forbidden_in(item: Item) -> Iterator[str]:
    for text in (item.id, item.title, item.url, item.summary, *item.tags, item.html):
        for character in forbidden_characters(text):
            yield f"{_named(item)}: it holds {character}, which XML forbids: take the character out of the article"


def _disagreements(read: Mapping[Format, Feed]) -> Iterator[str]:
    """Where the formats do not say the same."""
    if len(read) <= 1:
        return
    first_format, first = next(iter(read.items()))
    for written_as, feed in islice(read.items(), 1, None):
        both = f"{first_format.name} and {written_as.name}"
        for name, tell in _HEADS.items():
            if tell(feed) != tell(first):
                yield f"{both} disagree about {name}: report this as a fault of Syndication"
        if [item.id for item in feed.items] != [item.id for item in first.items]:
            yield f"{both} disagree about ids or their order: report this as a fault of Syndication"
            continue
        for one, other in zip(first.items, feed.items, strict=True):
            if differing := [name for name in _SAME if getattr(one, name) != getattr(other, name)] + _other_dates(one, other):
                yield f"{_named(one)}: {both} disagree about its {', '.join(differing)}: report this as a fault of Syndication"


def _other_dates(one: Item, other: Item) -> list[str]:
    return [name for name in _DATES if _moment(getattr(one, name)) != _moment(getattr(other, name))]


_HEADS: dict[str, Callable[[Feed], object]] = {
    "the title": lambda feed: feed.title,
    "the language": lambda feed: feed.language,
    "the site's address": lambda feed: feed.site_url,
    "the hubs": lambda feed: feed.hub_urls,
    "where they lie (the links to themselves)": lambda feed: [url.rpartition("/")[0] for url in feed.self_urls],
}


def _named(item: Item) -> str:
    return f"article {item.title!r} ({item.id})"


def _moment(text: str) -> datetime | None:
    return _rfc3339(text) or _rfc822(text)


@lru_cache(maxsize=1024)
def _rfc822(text: str) -> datetime | None:
    """The moment, or None for anything but a date with four-digit year, zone and the right weekday (RSS 2.0, RFC 822 5.1)."""
    if not _RFC822.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if _WEEKDAYS[moment.weekday()] == text[:3] and moment.tzinfo else None


@lru_cache(maxsize=1024)
def _rfc3339(text: str) -> datetime | None:
    """The moment, or None for anything but RFC 3339 with a zone (RFC 4287 3.3)."""
    try:
        return datetime.fromisoformat(text) if _RFC3339.fullmatch(text) else None
    except ValueError:
        return None


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
