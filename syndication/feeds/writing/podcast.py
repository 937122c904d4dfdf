"""What podcast programs read in a feed with sound: Apple's tags and those of Podcasting 2.0, written into RSS.

A value that the rules forbid is left out, so that it never costs a listener the episode; wishes() tells staff what is missing.
Sources: podcasters.apple.com "A Podcaster's Guide to RSS" and "Podcast RSS feed requirements"; github.com/Podcastindex-org/podcast-namespace.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from lxml import etree

from syndication.feeds.writing.documents import EnclosureInfo, Entry, FeedInfo, Person, PodcastInfo

ITUNES_NAMESPACE = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST_NAMESPACE = "https://podcastindex.org/namespace/1.0"
LONGEST_SUMMARY = 4000  # characters, Apple
LONGEST_NAME = 128  # characters of a person's name, Podcasting 2.0
CHAPTERS_TYPE = "application/json+chapters"
TRANSCRIPT_TYPES = frozenset({"text/plain", "text/html", "text/vtt", "application/json", "application/x-subrip", "application/srt"})
EPISODE_TYPES = frozenset(
    {"audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac", "video/mp4", "video/x-m4v", "video/quicktime", "application/pdf"}
)
"""What Apple plays or shows; other programs play more, Ogg and Opus among them."""
_GUID_SPACE = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")  # Podcasting 2.0, guid
_CATEGORY_SEPARATOR = " > "
_PICTURE = re.compile(r"\.(?:jpe?g|png)\Z", re.IGNORECASE)

CATEGORIES: dict[str, tuple[str, ...]] = {
    "Arts": ("Books", "Design", "Fashion & Beauty", "Food", "Performing Arts", "Visual Arts"),
    "Business": ("Careers", "Entrepreneurship", "Investing", "Management", "Marketing", "Non-Profit"),
    "Comedy": ("Comedy Interviews", "Improv", "Stand-Up"),
    "Education": ("Courses", "How To", "Language Learning", "Self-Improvement"),
    "Fiction": ("Comedy Fiction", "Drama", "Science Fiction"),
    "Government": (),
    "History": (),
    "Health & Fitness": ("Alternative Health", "Fitness", "Medicine", "Mental Health", "Nutrition", "Sexuality"),
    "Kids & Family": ("Education for Kids", "Parenting", "Pets & Animals", "Stories for Kids"),
    "Leisure": ("Animation & Manga", "Automotive", "Aviation", "Crafts", "Games", "Hobbies", "Home & Garden", "Video Games"),
    "Music": ("Music Commentary", "Music History", "Music Interviews"),
    "News": (
        "Business News",
        "Daily News",
        "Entertainment News",
        "News Commentary",
        "Politics",
        "Sports News",
        "Tech News",
    ),
    "Religion & Spirituality": ("Buddhism", "Christianity", "Hinduism", "Islam", "Judaism", "Religion", "Spirituality"),
    "Science": (
        "Astronomy",
        "Chemistry",
        "Earth Sciences",
        "Life Sciences",
        "Mathematics",
        "Natural Sciences",
        "Nature",
        "Physics",
        "Social Sciences",
    ),
    "Society & Culture": ("Documentary", "Personal Journals", "Philosophy", "Places & Travel", "Relationships"),
    "Sports": (
        "Baseball",
        "Basketball",
        "Cricket",
        "Fantasy Sports",
        "Football",
        "Golf",
        "Hockey",
        "Rugby",
        "Running",
        "Soccer",
        "Swimming",
        "Tennis",
        "Volleyball",
        "Wilderness",
        "Wrestling",
    ),
    "Technology": (),
    "True Crime": (),
    "TV & Film": ("After Shows", "Film History", "Film Interviews", "Film Reviews", "TV Reviews"),
}
"""Apple's categories and what is below each."""


def guid_of(feed_url: str) -> UUID:
    """The podcast's id, made once from its first address and then kept: without scheme and without slashes at the end."""
    return uuid5(_GUID_SPACE, re.sub(r"\A\w+://", "", feed_url).rstrip("/"))


def category_names() -> tuple[str, ...]:
    """All that PodcastInfo.category may be, in Apple's order: "Leisure", "Leisure > Animation & Manga" and so on."""
    return tuple(name for top, below in CATEGORIES.items() for name in (top, *(f"{top}{_CATEGORY_SEPARATOR}{one}" for one in below)))


def is_category(name: str) -> bool:
    """Whether Apple knows the category."""
    return name in _CATEGORY_NAMES


_CATEGORY_NAMES = frozenset(category_names())


def episode_of(entry: Entry) -> EnclosureInfo | None:
    """The sound or film that makes a cleaned entry an episode: the enclosure that RSS readers see, which is the first."""
    first = entry.enclosures[0] if entry.enclosures else None
    return first if first and first.is_played else None


def namespaces(info: FeedInfo, entries: Iterable[Entry]) -> dict[str, str]:
    """The prefixes that write_channel() and write_item() use for these."""
    if info.podcast or any(map(episode_of, entries)):
        return {"itunes": ITUNES_NAMESPACE, "podcast": PODCAST_NAMESPACE}
    return {}


def write_channel(channel: etree._Element, info: FeedInfo) -> None:
    """Append what the podcast says of itself; nothing for a feed that is none. Expects a cleaned FeedInfo."""
    show = info.podcast
    if show is None:
        return
    _itunes(channel, "author", info.author)
    _itunes(channel, "summary", info.description[:LONGEST_SUMMARY])
    _itunes(channel, "type", "serial" if show.is_serial else "episodic")
    _itunes(channel, "explicit", _true_or_false(value=show.is_explicit))
    _write_category(channel, show)
    if _is_picture(info.image_url):
        _itunes(channel, "image", href=info.image_url)
    if show.owner_address:  # directories write there to see who owns the podcast
        owner = _itunes(channel, "owner")
        _itunes(owner, "name", info.author)
        _itunes(owner, "email", show.owner_address)
    if show.guid:
        _podcast(channel, "guid", show.guid)
    asked = {"owner": show.owner_address} if show.owner_address else {}
    _podcast(channel, "locked", "yes" if show.is_locked else "no", asked)


def write_item(item: etree._Element, entry: Entry, info: FeedInfo) -> None:
    """Append what podcast programs read of an episode; nothing for an entry without sound."""
    episode = episode_of(entry)
    if episode is None:
        return
    _itunes(item, "author", entry.author or info.author)
    if entry.summary:
        _itunes(item, "summary", entry.summary[:LONGEST_SUMMARY])
    if episode.duration_seconds:
        _itunes(item, "duration", str(episode.duration_seconds))
    if _is_picture(entry.image_url):
        _itunes(item, "image", href=entry.image_url)
    _itunes(item, "explicit", _true_or_false(value=bool(info.podcast and info.podcast.is_explicit)))
    _itunes(item, "episodeType", "full")
    if _is_web_address(episode.transcript_url) and episode.transcript_type in TRANSCRIPT_TYPES:
        _podcast(item, "transcript", "", {"url": episode.transcript_url, "type": episode.transcript_type})
    if _is_web_address(episode.chapters_url):
        _podcast(item, "chapters", "", {"url": episode.chapters_url, "type": CHAPTERS_TYPE})
    for person in episode.people:
        _podcast(item, "person", person.name[:LONGEST_NAME], _of_person(person))


def wishes(info: FeedInfo, entries: Iterable[Entry]) -> Iterator[str]:
    """What a podcast still needs before directories such as Apple's take it, in sentences for staff; nothing for other feeds."""
    if info.podcast is None:
        return
    if not _is_picture(info.image_url):
        yield "Give the publication a square picture, JPEG or PNG, 1400 to 3000 pixels wide: Apple takes no podcast without one."
    if not is_category(info.podcast.category):
        yield "Choose one of Apple's categories for the podcast."
    if not info.description:
        yield "Describe the publication: directories show it below the title."
    for entry in entries:
        yield from _wishes_for(entry)


def _wishes_for(entry: Entry) -> Iterator[str]:
    episode = episode_of(entry)
    if episode is None:
        return
    if episode.media_type not in EPISODE_TYPES:
        yield f"{entry.title!r}: Apple does not play {episode.media_type}; attach the sound as audio/mpeg or audio/x-m4a."
    if not episode.duration_seconds:
        yield f"{entry.title!r}: say how long the sound lasts."
    if episode.transcript_url and episode.transcript_type not in TRANSCRIPT_TYPES:
        yield f"{entry.title!r}: the transcript's type must be one of {', '.join(sorted(TRANSCRIPT_TYPES))}."


def _write_category(channel: etree._Element, show: PodcastInfo) -> None:
    if not is_category(show.category):
        return
    top, _, below = show.category.partition(_CATEGORY_SEPARATOR)
    category = _itunes(channel, "category", text=top)
    if below:
        etree.SubElement(category, f"{{{ITUNES_NAMESPACE}}}category", {"text": below})


def _of_person(person: Person) -> dict[str, str]:
    told = {"role": person.role.lower()} if person.role else {}
    return told | ({"href": person.url} if _is_web_address(person.url) else {})


def _itunes(parent: etree._Element, name: str, words: str = "", **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{ITUNES_NAMESPACE}}}{name}", attributes)
    element.text = words or None
    return element


def _podcast(parent: etree._Element, name: str, words: str, attributes: dict[str, str] | None = None) -> None:
    etree.SubElement(parent, f"{{{PODCAST_NAMESPACE}}}{name}", attributes or {}).text = words or None


def _true_or_false(*, value: bool) -> str:
    return "true" if value else "false"


def _is_picture(url: str) -> bool:
    """Apple takes JPEG and PNG, and looks at the ending of the address."""
    return _is_web_address(url) and bool(_PICTURE.search(_path(url)))


def _path(url: str) -> str:
    return urlsplit(url).path


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)
