"""Answers readers that ask for a feed, straight from the files, before Django's middleware: no session, no cookie, no wall."""

import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from syndication.feeds.polls.counting import Polls
from syndication.feeds.store import Gone, Moved, Shelf, Version
from syndication.feeds.writing.documents import FORMATS
from syndication.web.feed_answers import EVERYWHERE, Answer, Environ, FeedAnswers, as_django, in_words

PREFIX = "/feeds/"
MISSING_SECONDS = 60
FOR_EVER_SECONDS = 86_400  # how long a cache keeps that a feed moved or ended; a day, so that a mistake can be mended
LONGEST_PATH = 1_000  # characters
MOST_FOLDERS = 5  # <publication>/tags/<tag>/archive/<n>
MOVES_FOLLOWED = 8
METHODS = "GET, HEAD, OPTIONS"

_READ = frozenset(("GET", "HEAD"))
_BAD_REQUEST = HTTPStatus.BAD_REQUEST.value
_NAMES = frozenset(written_as.file_name for written_as in FORMATS)
_SENTENCE_OF_404 = (
    f"There is no feed at this address. Feeds are at {PREFIX}<publication>/, {PREFIX}<publication>/tags/<tag>/ and "
    f"{PREFIX}<publication>/authors/<author>/, and called {', '.join(written_as.file_name for written_as in FORMATS)}."
)
_PREFLIGHT = [  # RFC 9110 9.3.7; the fetch standard, "CORS-preflight request"
    ("Allow", METHODS),
    ("Access-Control-Allow-Methods", METHODS),
    ("Access-Control-Allow-Headers", "A-IM, Accept, Cache-Control, If-Modified-Since, If-None-Match, Pragma, Range, X-Requested-With"),
    ("Access-Control-Max-Age", "86400"),
]


class Door:
    """Says what to answer below /feeds/. May be shared by threads."""

    def __init__(self, root: Path, polls: Polls | None = None) -> None:
        self._answers = FeedAnswers(Shelf(root))
        self._polls = polls

    def answer(self, environ: Environ) -> Answer:
        """What to say to a request; `environ` as in PEP 3333."""
        if environ["REQUEST_METHOD"] not in _READ:
            return _other_method(environ["REQUEST_METHOD"])
        path, folder, file_name = _parts(environ["PATH_INFO"])
        found = self._answers.answer(environ, folder, file_name) if file_name in _NAMES else None
        if not isinstance(found, Answer):
            return self._instead(path, environ.get("QUERY_STRING", ""))
        if self._polls and found.status < _BAD_REQUEST:
            self._polls.note(path, environ.get("HTTP_USER_AGENT", ""), found.status, len(found.body))
        return found

    def _instead(self, path: str, query: str) -> Answer:
        """What to say where nothing lies: where it went, that it is gone, how it is written, or that it never was."""
        folder, _, name = path.rpartition("/")
        if name not in _NAMES:
            folder = path.rstrip("/")
        match self._followed(folder):
            case Moved(folder=now_in):
                return _moved_to(f"{now_in}{path[len(folder) :]}", query)
            case Gone():
                sentence = "This feed has ended and will not come back. Please stop asking for it."
                return in_words(HTTPStatus.GONE, sentence, _kept_for(FOR_EVER_SECONDS))
        as_written = _as_written(path)
        if as_written != path and self._is_there(as_written):
            return _moved_to(as_written, query)
        return in_words(HTTPStatus.NOT_FOUND, _SENTENCE_OF_404, _kept_for(MISSING_SECONDS))

    def _followed(self, folder: str) -> Moved | Gone | None:
        """Where a folder went in the end, so that readers are sent there at once; None when it did not move, or in a circle."""
        last = None
        for _ in range(MOVES_FOLLOWED):
            found = self._answers.shelf.version(folder) if _is_short(folder) else None
            if not isinstance(found, Moved):
                return found if isinstance(found, Gone) else last
            last, folder = found, found.folder
        return None

    def _is_there(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        found = self._answers.shelf.version(folder) if name in _NAMES else None
        return isinstance(found, Moved | Gone) or (isinstance(found, Version) and name in found.documents)


@lru_cache(maxsize=2048)
def _parts(path_info: str) -> tuple[str, str, str]:
    """The path after /feeds/, and of it the folder and the name."""
    path = _path(path_info)
    folder, _, file_name = path.rpartition("/")
    return path, folder, file_name


def _path(path_info: str) -> str:
    """What stands after /feeds/, as text; empty when it cannot be an address of ours.

    PEP 3333 hands the bytes of an unquoted path over as Latin-1; they are UTF-8.
    """
    try:
        path = path_info.removeprefix(PREFIX).encode("latin-1").decode()
    except UnicodeError:
        return ""
    return path if path.isprintable() and _is_short(path.rpartition("/")[0]) else ""


def _is_short(folder: str) -> bool:
    return len(folder) <= LONGEST_PATH and folder.count("/") < MOST_FOLDERS + 1


def _as_written(path: str) -> str:
    """The path as we write it: slugs are lower case in NFKC, no slash is doubled or stands at the end."""
    return "/".join(filter(None, unicodedata.normalize("NFKC", path).lower().split("/")))


def _moved_to(path: str, query: str) -> Answer:
    address = PREFIX + quote(path)
    location = f"{address}?{quote(query, safe=_QUERY)}" if query else address
    return in_words(HTTPStatus.MOVED_PERMANENTLY, f"This feed is now at {location}", [("Location", location), *_kept_for(FOR_EVER_SECONDS)])


_QUERY = "!$%&'()*+,-./:;=?@_~"  # RFC 3986 3.4


def _kept_for(seconds: int) -> list[tuple[str, str]]:
    return [("Cache-Control", f"public, max-age={seconds}")]


def _other_method(method: str) -> Answer:
    if method == "OPTIONS":
        return Answer(HTTPStatus.NO_CONTENT.value, [*EVERYWHERE, *_PREFLIGHT])
    return in_words(HTTPStatus.METHOD_NOT_ALLOWED, "A feed can only be read: use GET or HEAD.", [("Allow", METHODS)])


class FeedsFirst:
    """A WSGI application that answers for feeds itself and leaves everything else to another one."""

    def __init__(self, other: WSGIApplication, root: Path, polls: Polls | None = None) -> None:
        self._other, self._door = other, Door(root, polls)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self._other(environ, start_response)
        found = self._door.answer(environ)
        start_response(_LINES[found.status], found.headers.copy())
        return [found.body] if found.body and environ["REQUEST_METHOD"] != "HEAD" else []


_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


def document(request: HttpRequest, **_: str) -> HttpResponse:
    """The same answer from inside Django, for servers that skip FeedsFirst and for links made by name."""
    return as_django(_door(settings.FEEDS).answer(request.META))


@cache
def _door(root: Path) -> Door:
    return Door(root)
