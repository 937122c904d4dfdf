"""Knows what players and other embedded things show, and what a link to each looks like: readers of mail and feeds see no player.

A frame of a known player becomes a link with its thumbnail, or with its title; other frames (advertisements, comments, counters) are nothing that
a reader would follow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lxml.html import HtmlElement, fragment_fromstring

EMBEDDING = frozenset(("iframe", "video", "audio", "object", "embed", "frame"))
_ID = r"([\w-]{4,40})"


@dataclass(frozen=True, slots=True)
class Embed:
    """What stands in a player's place: a link to `url`, called `title`, over the picture when there is one."""

    url: str
    title: str
    picture: str = ""

    def html(self) -> str:
        """A figure with the linked picture and the linked title below it; or a paragraph with the link."""
        link = f'<a href="{escape(self.url)}">'
        words = f"{link}{escape(self.title, quote=False)}</a>"
        if not self.picture:
            return f"<p>{words}</p>"
        picture = f'<img src="{escape(self.picture)}" alt="{escape(self.title)}">'
        return f"<figure>{link}{picture}</a><figcaption>{words}</figcaption></figure>"


@dataclass(frozen=True, slots=True)
class _Player:
    """place matches host and path of the frame; its groups fill `page` and `picture`."""

    name: str
    place: re.Pattern[str]
    page: str
    picture: str = ""


def _player(name: str, place: str, page: str, picture: str = "") -> _Player:
    return _Player(name, re.compile(place, re.IGNORECASE), page, picture)


_PLAYERS = (
    _player(
        "YouTube",
        rf"(?:(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:embed|v|shorts)/|youtu\.be/)(?!videoseries){_ID}",
        "https://www.youtube.com/watch?v={0}",
        "https://i.ytimg.com/vi/{0}/hqdefault.jpg",
    ),
    _player("Vimeo", r"(?:player\.)?vimeo\.com/(?:video/)?(\d+)", "https://vimeo.com/{0}"),
    _player(
        "Dailymotion",
        r"(?:(?:www|geo)\.)?dailymotion\.com/embed/video/(\w+)",
        "https://www.dailymotion.com/video/{0}",
        "https://www.dailymotion.com/thumbnail/video/{0}",
    ),
    _player("Spotify", r"open\.spotify\.com/embed(?:-podcast)?/(\w+/\w+)", "https://open.spotify.com/{0}"),
    _player("Apple Podcasts", r"embed\.(?:podcasts|music)\.apple\.com/(\S+)", "https://podcasts.apple.com/{0}"),
    _player("TED", r"embed\.ted\.com/talks/([\w/-]+)", "https://www.ted.com/talks/{0}"),
    _player("Loom", r"(?:www\.)?loom\.com/embed/(\w+)", "https://www.loom.com/share/{0}"),
    _player("CodePen", r"codepen\.io/([\w-]+)/embed/(?:preview/)?(\w+)", "https://codepen.io/{0}/pen/{1}"),
    _player("TikTok", r"(?:www\.)?tiktok\.com/embed/(?:v2/)?(\d+)", "https://www.tiktok.com/embed/{0}"),
    _player("Twitch", r"clips\.twitch\.tv/embed", "https://clips.twitch.tv/{clip}"),
    _player("PeerTube", r"([\w.-]+)/videos/embed/([\w-]{20,40})", "https://{0}/w/{1}"),
    _player("archive.org", r"archive\.org/embed/([\w.-]+)", "https://archive.org/details/{0}", "https://archive.org/services/img/{0}"),
)
_AS_THEY_ARE = re.compile(
    r"(?:bandcamp\.com/EmbeddedPlayer|(?:www\.)?mixcloud\.com/widget|(?:www\.)?google\.com/maps/embed|(?:www\.)?openstreetmap\.org/export/embed"
    r"|datawrapper\.dwcdn\.net/|flo\.uri\.sh/|public\.flourish\.studio/|ourworldindata\.org/|player\.(?:captivate|simplecast|megaphone|fireside)"
    r"|share\.transistor\.fm/e/|(?:www\.)?buzzsprout\.com/|anchor\.fm/|podcasters\.spotify\.com/|fast\.wistia\.(?:net|com)/embed|gist\.github\.com/)",
    re.IGNORECASE,
)
"""Frames that open as a page of their own."""


def embed_of(element: HtmlElement) -> Embed | None:
    """The link for an iframe, object, embed, video or audio element; None when it shows nothing that is known."""
    title = _words(element.get("title") or element.get("aria-label") or "")
    if element.tag in {"video", "audio"}:
        return _own_player(element, title)
    source = next((url for url in _sources(element) if url), "")
    return of_frame(source, title)


def of_frame(url: str, title: str = "") -> Embed | None:
    """The link for the page in a frame, or None: nobody knows what it shows."""
    if url.startswith("//"):
        url = f"https:{url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"}:
        return None
    place = f"{parts.netloc}{parts.path}"
    asked = parse_qs(parts.query)
    if re.match(r"w\.soundcloud\.com/player", place) or re.match(r"(?:www\.)?facebook\.com/plugins/(?:video|post)", place):
        target = (asked.get("url") or asked.get("href") or [""])[0]
        return Embed(target, title or _host(target)) if _is_web_address(target) else None
    if re.match(r"(?:www\.)?youtube(?:-nocookie)?\.com/embed/videoseries", place) and asked.get("list"):
        return Embed(f"https://www.youtube.com/playlist?list={quote(asked['list'][0])}", title or "YouTube")
    for player in _PLAYERS:
        if found := player.place.match(place):
            clip = quote((asked.get("clip") or [""])[0])
            page, picture = (form.format(*found.groups(), clip=clip) for form in (player.page, player.picture))
            return Embed(page, title or player.name, picture)
    return Embed(url, title or parts.netloc) if _AS_THEY_ARE.match(place) else None


def put_links(root: HtmlElement) -> Iterator[tuple[int, str, str]]:
    """Put a link in the place of each known player below root; tells the source line, the player's address and what stands there now."""
    for element in list(root.iter(*EMBEDDING)):
        if next(element.iterancestors(*EMBEDDING), None) is not None:
            continue  # the outer one speaks for it
        embed = embed_of(element)
        if embed is None:
            continue
        line, address = element.sourceline or 1, next((url for url in _sources(element) if url), embed.url)
        link = fragment_fromstring(embed.html())
        link.sourceline = line
        link.tail = element.tail
        parent = element.getparent()
        assert parent is not None  # it is below root
        parent.replace(element, link)
        yield line, address, embed.url


def _own_player(element: HtmlElement, title: str) -> Embed | None:
    source = next((url for url in _sources(element) if url), "")
    if not source or source.startswith(("data:", "blob:")):
        return None
    name = title or unquote(urlsplit(source).path.rpartition("/")[2]) or source
    return Embed(source, name, element.get("poster") or "")


def _sources(element: HtmlElement) -> Iterator[str]:
    """The addresses that an embedding element may show, the surest first."""
    for one in (element, *element.iter("source", "embed", "iframe")):
        for name in ("data", "src", "data-src", "data-lazy-src", "data-litespeed-src"):
            url = (one.get(name) or "").strip()
            if url and not url.startswith(("about:", "data:")):
                yield url
    for one in element.iter("param"):
        if (one.get("name") or "").lower() in {"movie", "src", "url"}:
            yield (one.get("value") or "").strip()


def _words(text: str) -> str:
    return " ".join(text.split())


def _host(url: str) -> str:
    return urlsplit(url).netloc


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
