"""Knows which files may come with an article, and what to call them when their server does not know."""

import re
from pathlib import PurePosixPath
from urllib.parse import urlsplit

SOUND, PICTURE, TRANSCRIPT, CHAPTERS = "sound", "picture", "transcript", "chapters"
"""What a file is attached as."""

_OF_ENDING = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".oga": "audio/ogg",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".pdf": "application/pdf",
    ".epub": "application/epub+zip",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".json": "application/json",
    ".txt": "text/plain",
    ".html": "text/html",
}
_SAYS_NOTHING = {"", "application/octet-stream", "binary/octet-stream", "application/x-unknown", "text/plain"}
"""Types that servers give to files that they do not know; the ending says more."""
_SPELLINGS = {
    "audio/mp3": "audio/mpeg",
    "audio/x-mpeg": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "application/ogg": "audio/ogg",
    "audio/x-wav": "audio/wav",
    "image/jpg": "image/jpeg",
    "application/srt": "application/x-subrip",
}
_MAY_BE = {
    SOUND: re.compile(r"(?:audio|video)/[\w.+-]+|application/(?:pdf|epub\+zip)"),
    PICTURE: re.compile(r"image/(?:jpeg|png|gif|webp|avif)"),
    TRANSCRIPT: re.compile(r"text/(?:vtt|html|plain)|application/(?:json|x-subrip)"),
    CHAPTERS: re.compile(r"application/json(?:\+chapters)?"),
}
WANTED = {
    SOUND: "a file of sound or film (or a PDF or EPUB)",
    PICTURE: "a picture (JPEG, PNG, GIF, WebP or AVIF)",
    TRANSCRIPT: "a transcript (WebVTT, SRT, JSON, HTML or text)",
    CHAPTERS: "a file of chapters (JSON, Podcasting 2.0)",
}
"""In words for people."""


def type_of(said: str, url: str) -> str:
    """The media type of a file: what its server said, in its usual spelling; by the ending of the address when that says nothing."""
    plain = said.partition(";")[0].strip().lower()
    by_ending = _OF_ENDING.get(PurePosixPath(urlsplit(url).path).suffix.lower(), "")
    if plain in _SAYS_NOTHING and by_ending:
        return by_ending
    return _SPELLINGS.get(plain, plain)


def may_be(media_type: str, what: str) -> bool:
    """Whether a file of this type may be attached as `what`."""
    return bool(_MAY_BE[what].fullmatch(media_type))


def seconds_of(text: str) -> int | None:
    """How long "75", "12:34" or "1:02:03" lasts; None for an empty text. Raises ValueError for anything else."""
    if not text.strip():
        return None
    parts = [int(part) for part in text.strip().split(":") if part.isascii() and part.isdigit()]
    if len(parts) != text.count(":") + 1 or len(parts) > 3 or any(part > 59 for part in parts[1:]):  # noqa: PLR2004  # hours, minutes, seconds
        raise ValueError(text)
    return sum(int(part * 60**place) for place, part in enumerate(reversed(parts)))
