"""Answers for one document of a feed by the rules of HTTP: the whole, "unchanged", or what is new; from the files, without Django.

What can be said beforehand is kept: per request there is one look at the link, some at dictionaries, and no body unless it is sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from django.http import HttpResponse

from syndication.feeds.answers.conditional import is_not_newer, is_refused, known_tag, last_modified
from syndication.feeds.answers.negotiation import acceptable, chosen, manipulations
from syndication.feeds.answers.recent_deltas import Deltas, Forms
from syndication.feeds.encodings import GZIP, IDENTITY, Variant
from syndication.feeds.store import Gone, Moved, Shelf, Version
from syndication.feeds.writing.documents import FORMATS

FRESH_SECONDS = 600  # readers time their polls by it (miniflux, liferea)
ARCHIVE_FRESH_SECONDS = 7 * 86_400  # an archive changes only when an old article does
MOST_PREPARED = 4_000  # documents whose headers are kept, some 2 KB each
READ_AGAIN = 3  # times that a version may be dropped between the look at its link and at its body

Headers = list[tuple[str, str]]
Environ = Mapping[str, Any]

EVERYWHERE: Headers = [("Access-Control-Allow-Origin", "*"), ("X-Content-Type-Options", "nosniff")]
_OK, _NOT_MODIFIED = HTTPStatus.OK.value, HTTPStatus.NOT_MODIFIED.value  # plain numbers: an enum costs more than all the rest of an answer
_VARY = ("Vary", "Accept-Encoding, A-IM")  # on every form (RFC 9110 12.5.5); a delta must not be taken for a whole (RFC 3229 5.5)
_EXPOSED = ("Access-Control-Expose-Headers", "ETag, IM, Link")  # what the fetch standard does not show by itself
_CONTENT_TYPE = {written_as.file_name: written_as.content_type for written_as in FORMATS}


class Answer(NamedTuple):
    """A whole HTTP response; the door that sends it leaves the body out for HEAD. Several requests may share the headers."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(slots=True)
class _Choice:
    """What a reader that takes certain encodings is sent of one document.

    tags       of the encodings that it takes, the one to send first
    unchanged  the 304 by tag
    whole      the headers of a 200; empty until its length is known
    """

    encoding: str
    form: Variant
    tags: tuple[str, ...]
    unchanged: dict[str, Answer]
    whole: Headers = field(default_factory=list)


class FeedAnswers:
    """Answers for the documents below one folder of published feeds. May be shared by threads.

    cache_control  instead of "public" with an age for feeds and a longer one for archives
    more           headers that stand on every answer with or about a document
    """

    def __init__(self, shelf: Shelf, *, cache_control: str = "", more: Iterable[tuple[str, str]] = ()) -> None:
        self.shelf = shelf
        self._deltas = Deltas(shelf)
        self._cache_control, self._more = cache_control, list(more)
        self._prepared: dict[tuple[str, str, str], dict[tuple[str, ...], _Choice]] = {}

    def answer(self, environ: Environ, folder: str, file_name: str) -> Answer | Moved | Gone | None:
        """What to say to a GET or HEAD for a document; `environ` as in PEP 3333, or Django's request.META.

        Moved and Gone are the caller's to put into words; None: there is no such document.
        """
        for _ in range(READ_AGAIN):
            found = self.shelf.version(folder)
            if not isinstance(found, Version):
                return found
            if file_name not in found.documents:
                return None
            try:
                return self._of_version(environ, folder, found, file_name)
            except FileNotFoundError:  # of the body: newer versions came meanwhile, so the link has moved on
                continue
        return in_words(HTTPStatus.SERVICE_UNAVAILABLE, "This feed is being replaced. Ask again in a moment.", [("Retry-After", "60")])

    def _of_version(self, environ: Environ, folder: str, version: Version, file_name: str) -> Answer:
        choice = self._choice(environ.get("HTTP_ACCEPT_ENCODING"), folder, version, file_name)
        if "HTTP_IF_MATCH" in environ or "HTTP_IF_UNMODIFIED_SINCE" in environ:  # RFC 9110 13.2.2: these are looked at first
            asked = environ.get("HTTP_IF_MATCH"), environ.get("HTTP_IF_UNMODIFIED_SINCE")
            if is_refused(*asked, choice.tags, version.modified_at):
                return in_words(HTTPStatus.PRECONDITION_FAILED, "The feed has changed since.", [_VARY])
        if_none_match = environ.get("HTTP_IF_NONE_MATCH")
        if if_none_match is None:
            since = environ.get("HTTP_IF_MODIFIED_SINCE")
            if since is not None and is_not_newer(version.modified_at, since):
                return choice.unchanged[choice.tags[0]]
        else:
            tag = if_none_match if if_none_match in choice.unchanged else known_tag(if_none_match, choice.tags)
            if tag is not None:
                return choice.unchanged[tag]
            if "HTTP_A_IM" in environ and "rss2email" not in environ.get("HTTP_USER_AGENT", ""):  # 3.13 asks, and takes a 226 for an error
                asked_for = manipulations(environ["HTTP_A_IM"])
                forms = self._deltas.since(folder, version, file_name, if_none_match) if "feed" in asked_for else None
                if forms:
                    return self._delta(environ, forms, self._whole(choice), squeezed=GZIP in asked_for)
        return Answer(_OK, self._whole(choice), choice.form.body)

    def _whole(self, choice: _Choice) -> Headers:
        if choice.whole[-1][0] != "Content-Length":
            choice.whole = [*choice.whole, ("Content-Length", str(len(choice.form.body)))]
        return choice.whole

    def _delta(self, environ: Environ, forms: Forms, whole: Headers, *, squeezed: bool) -> Answer:
        """A 226: the headers of the whole, its tag too (RFC 3229 10.4.1), but no cache that does not know deltas may keep it (5.5, 10.8).

        Compressed as a content coding where the reader takes one, as every other answer; as the manipulation "gzip" (of the delta,
        so named second: 10.5.2) for a reader that only asks for that.
        """
        encoding = chosen(acceptable(environ.get("HTTP_ACCEPT_ENCODING")), forms)
        squeezed = squeezed and encoding == IDENTITY and GZIP in forms
        body = forms[GZIP if squeezed else encoding].body
        changed = {
            "Cache-Control": f"no-store, im, {dict(whole)['Cache-Control'].removeprefix('public, ')}",
            "Content-Encoding": "" if encoding == IDENTITY else encoding,
            "Content-Length": str(len(body)),
            "IM": "feed, gzip" if squeezed else "feed",
        }
        return Answer(HTTPStatus.IM_USED.value, [(name, value) for name, value in (dict(whole) | changed).items() if value], body)

    def _choice(self, accept_encoding: str | None, folder: str, version: Version, file_name: str) -> _Choice:
        key, takes = (folder, version.name, file_name), acceptable(accept_encoding)
        choices = self._prepared.get(key)
        found = choices.get(takes) if choices else None
        if found is None:
            now = datetime.now(UTC)
            found = self._prepare(takes, version, file_name, now)
            if version.modified_at <= now:  # else its Last-Modified goes on changing
                if len(self._prepared) >= MOST_PREPARED:
                    self._prepared.clear()
                self._prepared.setdefault(key, {})[takes] = found
        return found

    def _prepare(self, takes: tuple[str, ...], version: Version, file_name: str, now: datetime) -> _Choice:
        """Everything but the length of the body, which is not read for that."""
        forms, link = version.documents[file_name], version.links.get(file_name, "")
        encoding = chosen(takes, forms)
        age = ARCHIVE_FRESH_SECONDS if version.is_archive else FRESH_SECONDS
        kept = ("Cache-Control", self._cache_control or f"public, max-age={age}")
        # a reader may hold any form that it takes, so the server may choose that one (RFC 9110 12.1, 13.1.2); one that it does not take
        # is no answer: a cache in between would hand out bytes that the reader cannot unpack (RFC 9111 4.3.4)
        tags = tuple(forms[one].etag for one in dict.fromkeys((encoding, *takes)) if one in forms)
        whole = [
            ("ETag", forms[encoding].etag),
            ("Last-Modified", last_modified(version.modified_at, now)),
            kept,
            _VARY,
            _EXPOSED,
            *EVERYWHERE,
            *self._more,
            *([("Link", link)] if link else []),
            *([] if encoding == IDENTITY else [("Content-Encoding", encoding)]),
            ("Content-Type", _CONTENT_TYPE.get(file_name, "application/octet-stream")),
        ]
        about = [kept, _VARY, _EXPOSED, EVERYWHERE[0], *self._more]  # RFC 9110 15.4.5: what a 304 says, and what browsers want
        return _Choice(encoding, forms[encoding], tags, {tag: Answer(_NOT_MODIFIED, [("ETag", tag), *about]) for tag in tags}, whole)


def in_words(status: HTTPStatus, sentence: str, more: Iterable[tuple[str, str]] = ()) -> Answer:
    """A sentence for whoever looks at it."""
    body = f"{sentence}\n".encode()
    plain = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return Answer(status.value, [*EVERYWHERE, *plain, *more], body)


def as_django(answer: Answer) -> HttpResponse:
    """The same for a view of Django's."""
    response = HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
    if "Content-Type" not in dict(answer.headers):
        del response.headers["Content-Type"]
    return response
