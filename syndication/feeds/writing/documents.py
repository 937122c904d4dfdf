"""What a feed says, before it is written as RSS, Atom or JSON: the feed, its entries, their order and dates."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlsplit

from syndication.rendering.characters import allowed, one_line

MOST_ENTRIES = 50
LONGEST_STAND_IN_TITLE = 60  # characters
_PRIVATE_ENDINGS = (".local", ".localhost", ".internal", ".home.arpa", ".lan", ".intranet", ".corp")  # RFC 6761, 6762, 8375, and custom
_NUMERIC_HOST = re.compile(r"[0-9a-f.:]*[0-9.:]", re.IGNORECASE)  # an IP address
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")  # BCP 47, in outline
MEDIA_TYPE_OF_A_PAGE = "text/html"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a feed: what people call it, the name of its file, its media type."""

    name: str
    file_name: str
    media_type: str

    @property
    def content_type(self) -> str:
        """The media type with its charset, as in the Content-Type header."""
        return f"{self.media_type}; charset=utf-8"


RSS = Format("RSS", "rss.xml", "application/rss+xml")
ATOM = Format("Atom", "atom.xml", "application/atom+xml")  # RFC 4287 7
JSON = Format("JSON Feed", "feed.json", "application/feed+json")  # JSON Feed 1.1, "Suggestions for publishers"
FORMATS = (RSS, ATOM, JSON)


@dataclass(frozen=True, slots=True)
class Person:
    """Who took part in a recording. role: one of the podcast namespace's roles, such as "host" or "guest"; empty: not said."""

    name: str
    role: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class EnclosureInfo:
    """A file that comes with an entry, sound mostly; every format tells of all of them.

    length_bytes      > 0, what its server said
    duration_seconds  for sound and film; None when nobody knows
    chapters_url      JSON chapters (Podcasting 2.0)
    """

    url: str
    media_type: str
    length_bytes: int
    title: str = ""
    duration_seconds: int | None = None
    transcript_url: str = ""
    transcript_type: str = ""
    chapters_url: str = ""
    people: tuple[Person, ...] = ()

    @property
    def is_played(self) -> bool:
        """Whether it is sound or film."""
        return self.media_type.startswith(("audio/", "video/"))


@dataclass(frozen=True, slots=True)
class PodcastInfo:
    """What podcast programs ask of a feed with sound.

    guid         a UUID that outlives every address of the feed (podcast.guid_of() makes the first)
    is_locked    other hosts are asked not to take the feed over; owner_address is who may allow it, and may be empty
    category     as Apple names it: "Technology", or "Leisure > Games"; empty or unknown: none is written
    is_serial    to be heard from the oldest episode on
    """

    guid: str
    is_locked: bool = True
    owner_address: str = ""
    category: str = ""
    is_explicit: bool = False
    is_serial: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An entry that was taken back (RFC 6721); deleted_at is aware."""

    id: str
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Where the older entries are (RFC 5005 4).

    current_folder_url   the feed itself, for an archive document; empty for the feed
    previous_folder_url  the archive with the entries before these; empty when there is none
    Both end with a slash; each format adds its own file's name.
    """

    current_folder_url: str = ""
    previous_folder_url: str = ""
    is_archive: bool = False


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """The feed itself.

    id          a URI that never changes, free of domain and slug: "urn:uuid:…"
    title, description, author   plain text; author is the name that stands where an entry has none
    language    BCP 47, such as "en" or "pt-BR"
    site_url    the web page that the feed belongs to
    folder_url  where its documents lie, with a slash at the end; the self link of each is below it
    since       aware time; the feed's date while it has no entry
    hub_urls    WebSub hubs that tell of its changes
    image_url   a square picture, or empty
    tombstones  entries taken back, that readers should forget
    """

    id: str
    title: str
    description: str
    language: str
    author: str
    site_url: str
    folder_url: str
    since: datetime
    hub_urls: tuple[str, ...] = ()
    image_url: str = ""
    podcast: PodcastInfo | None = None
    tombstones: tuple[Tombstone, ...] = ()
    history: History = History()

    def self_url(self, written_as: Format) -> str:
        """The canonical address of one document (RFC 4287 4.2.7.2, rel="self")."""
        return self.folder_url + written_as.file_name


@dataclass(frozen=True, slots=True)
class Entry:
    """One article in a feed.

    id       a URI that never changes, the same in every format
    title, summary, author, tags   plain text
    html     the whole content, every URL absolute
    language BCP 47, or empty for the feed's
    published_at, updated_at   aware times
    image_url, image_alt   the picture that stands for the article
    source_url   the web page that it was brought in from
    """

    id: str
    title: str
    url: str
    summary: str
    html: str
    author: str
    tags: tuple[str, ...]
    language: str
    published_at: datetime
    updated_at: datetime
    enclosures: tuple[EnclosureInfo, ...] = ()
    image_url: str = ""
    image_alt: str = ""
    source_url: str = ""


def newest_first(entries: Iterable[Entry], *, most: int = MOST_ENTRIES) -> tuple[Entry, ...]:
    """At most `most` entries, cleaned, newest first; those of one moment by their ids, backwards. Any input order gives the same result."""
    return tuple(sorted(map(_cleaned, entries), key=lambda entry: (entry.published_at, entry.id), reverse=True)[:most])


def cleaned_info(info: FeedInfo) -> FeedInfo:
    """`info` with characters that every format can carry; a missing description says the title (RSS requires one)."""
    title = one_line(info.title) or info.site_url
    return replace(
        info,
        title=title,
        description=one_line(info.description) or title,
        author=one_line(info.author) or title,
        language=_language(info.language),
        since=_whole_second(info.since),
        hub_urls=tuple(dict.fromkeys(filter(None, map(one_line, info.hub_urls)))),
        image_url=_web_address(info.image_url),
        tombstones=tuple(
            sorted((_cleaned_tombstone(one) for one in info.tombstones), key=lambda one: (one.deleted_at, one.id), reverse=True)
        ),
    )


def last_change(info: FeedInfo, entries: Iterable[Entry]) -> datetime:
    """The newest date in the feed; never the present moment, so that the same state gives the same bytes."""
    moments = [*(entry.updated_at for entry in entries), *(one.deleted_at for one in info.tombstones)]
    return max(moments, default=info.since)


@lru_cache(maxsize=64)  # each format asks for the same entries, and so do the feeds of tags and authors
def _cleaned(entry: Entry) -> Entry:
    published_at = _whole_second(entry.published_at)
    summary = one_line(entry.summary)
    return replace(
        entry,
        id=one_line(entry.id),
        title=_seen(one_line(entry.title)) or _stand_in_title(summary, published_at),
        url=one_line(entry.url),
        summary=summary,
        html=allowed(entry.html),
        author=one_line(entry.author),
        tags=tuple(dict.fromkeys(filter(None, map(one_line, entry.tags)))),
        language=_language(entry.language),
        published_at=published_at,
        updated_at=max(published_at, _whole_second(entry.updated_at)),
        # RSS has room for one, the first; podcast programs look for sound there
        enclosures=tuple(sorted(map(_cleaned_enclosure, entry.enclosures), key=lambda one: not one.is_played)),
        image_url=_web_address(entry.image_url),
        image_alt=one_line(entry.image_alt),
        source_url=_public_page(entry.source_url),
    )


def _cleaned_enclosure(enclosure: EnclosureInfo) -> EnclosureInfo:
    people = (Person(one_line(one.name), one_line(one.role), one_line(one.url)) for one in enclosure.people)
    return replace(
        enclosure,
        url=one_line(enclosure.url),
        media_type=one_line(enclosure.media_type).lower(),
        title=one_line(enclosure.title),
        transcript_url=one_line(enclosure.transcript_url),
        transcript_type=one_line(enclosure.transcript_type),
        chapters_url=one_line(enclosure.chapters_url),
        people=tuple(one for one in people if one.name),
    )


def _cleaned_tombstone(tombstone: Tombstone) -> Tombstone:
    return Tombstone(one_line(tombstone.id), _whole_second(tombstone.deleted_at))


def _seen(text: str) -> str:
    """The text, or nothing when all of it is invisible: joiners, marks of direction, no-break spaces."""
    return text if any(unicodedata.category(one)[0] not in "CZ" for one in text) else ""


def _language(text: str) -> str:
    """The language as BCP 47 writes it, or nothing: "en_US" becomes "en-US"."""
    tag = one_line(text).replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else ""


def _web_address(url: str) -> str:
    """The address of a picture, or nothing: a feed does without one rather than not being published."""
    url = one_line(url).replace(" ", "%20")
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname else ""


def _public_page(url: str) -> str:
    """The address of a page that everybody may see, or nothing: no path of a file, no password, no host of a private network."""
    address = _web_address(url)
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.username or parts.password or "." not in host or host.endswith(_PRIVATE_ENDINGS) or _NUMERIC_HOST.fullmatch(host):
        return ""
    return address


def _stand_in_title(summary: str, published_at: datetime) -> str:
    """RFC 4287 4.1.2 wants a title: the beginning of the summary, or the day in a form that every language reads."""
    if len(summary) <= LONGEST_STAND_IN_TITLE:
        return summary or f"{published_at:%Y-%m-%d}"
    return summary[:LONGEST_STAND_IN_TITLE].rpartition(" ")[0].rstrip(" ,;:") + "…"


def _whole_second(moment: datetime) -> datetime:
    """UTC without a fraction: RFC 822 dates have none, and the formats must agree."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; feeds need aware times")
    return moment.astimezone(UTC).replace(microsecond=0)
