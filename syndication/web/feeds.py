"""Answers readers that ask for a feed, straight from the files, before Django's middleware: no session, no cookie, no wall."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from syndication.feeds.conditional import is_unchanged
from syndication.feeds.documents import FORMATS
from syndication.feeds.files import Shelf

PREFIX = "/feeds/"
FRESH_SECONDS = 600  # readers time their polls by it (miniflux, liferea)
MISSING_SECONDS = 60
_PATH = re.compile(r"/feeds/([-\w]{1,80})/([\w.]{1,20})", re.ASCII)
_FORMAT_OF = {written_as.file_name: written_as for written_as in FORMATS}
_EVERYWHERE = {"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP response; the door that sends it leaves the body out for HEAD."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: bytes = b""


def answer(environ: WSGIEnvironment, shelf: Shelf) -> Answer:
    """What to say to a request below /feeds/; `environ` as in PEP 3333."""
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
        return _in_words(HTTPStatus.METHOD_NOT_ALLOWED, "A feed can only be read: use GET or HEAD.", {"Allow": "GET, HEAD"})
    match = _PATH.fullmatch(environ["PATH_INFO"])
    written_as = _FORMAT_OF.get(match[2]) if match else None
    stored = shelf.read(match[1], match[2]) if match and written_as else None
    if stored is None or written_as is None:
        names = ", ".join(_FORMAT_OF)
        sentence = f"There is no feed at this address. Feeds are at /feeds/<publication>/ and called {names}."
        return _in_words(HTTPStatus.NOT_FOUND, sentence, {"Cache-Control": f"public, max-age={MISSING_SECONDS}"})
    headers = _EVERYWHERE | {
        "ETag": stored.validators.etag,
        "Last-Modified": stored.validators.last_modified,
        "Cache-Control": f"public, max-age={FRESH_SECONDS}",
    }
    asked = {"if_none_match": environ.get("HTTP_IF_NONE_MATCH"), "if_modified_since": environ.get("HTTP_IF_MODIFIED_SINCE")}
    if is_unchanged(stored.validators, **asked):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)  # RFC 9110 15.4.5: the same validators, no body
    length = str(len(stored.body))
    return Answer(HTTPStatus.OK, headers | {"Content-Type": written_as.content_type, "Content-Length": length}, stored.body)


def _in_words(status: HTTPStatus, sentence: str, more: Mapping[str, str]) -> Answer:
    body = f"{sentence}\n".encode()
    plain = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
    return Answer(status, _EVERYWHERE | plain | dict(more), body)


class FeedsFirst:
    """A WSGI application that answers for feeds itself and leaves everything else to another one."""

    def __init__(self, other: WSGIApplication, root: Path) -> None:
        self._other, self._shelf = other, Shelf(root)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        if not environ["PATH_INFO"].startswith(PREFIX):
            return self._other(environ, start_response)
        found = answer(environ, self._shelf)
        start_response(f"{found.status.value} {found.status.phrase}", list(found.headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [found.body]


def document(request: HttpRequest, slug: str, file_name: str) -> HttpResponse:  # noqa: ARG001  # the answer reads the path
    """The same answer from inside Django, for servers that skip FeedsFirst and for links made by name."""
    found = answer(request.META, Shelf(settings.FEEDS))
    return HttpResponse(found.body, status=found.status, headers=dict(found.headers))
