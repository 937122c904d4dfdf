"""The built-in WebSub hub's door: subscribers post forms here, without a session, a cookie or a CSRF token (WebSub 5.1)."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from syndication.audience.signup.network import client_address, network_of
from syndication.feeds.hub.addresses import HUB_BELL, PATH
from syndication.feeds.hub.ask import ask
from syndication.feeds.hub.errors import HubRefused
from syndication.feeds.hub.wishes import LARGEST_FORM
from syndication.queue import FEEDS, ring_once

TASK = "syndication.tasks.go_hub_round"
TRY_AGAIN_SECONDS = 60
WHAT_IT_IS = (
    "This is a WebSub hub (https://www.w3.org/TR/websub/) for the feeds of this site: feed readers POST hub.mode, hub.topic and "
    "hub.callback here and are told of each new article at once. To read a feed, give its address to a feed reader."
)
TAKEN = "Taken: the callback will be asked whether this is meant."
_HEADERS = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

log = logging.getLogger("syndication.hub")


class HubFirst:
    """A WSGI application that answers for the hub itself and leaves everything else to another one."""

    def __init__(self, other: WSGIApplication) -> None:
        self._other = other

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        if environ["PATH_INFO"] != PATH:
            return self._other(environ, start_response)
        close_old_connections()
        try:
            status, headers, body = answer(environ)
        finally:
            close_old_connections()
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


@csrf_exempt
def hub(request: HttpRequest) -> HttpResponse:
    """The same answer from inside Django, for servers that skip HubFirst and for links made by name."""
    status, headers, body = answer(request.META | {"wsgi.input": request})
    return HttpResponse(body, status=status, headers=headers)


def answer(environ: WSGIEnvironment) -> tuple[HTTPStatus, dict[str, str], bytes]:
    """Status, headers and body for a request to the hub; `environ` as in PEP 3333."""
    if not settings.HUB_ON:
        return _in_words(HTTPStatus.NOT_FOUND, "This site has no WebSub hub of its own; its feeds name the one that they use, if any.")
    if environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
        return _in_words(HTTPStatus.OK, WHAT_IT_IS)
    if environ["REQUEST_METHOD"] != "POST":
        return _in_words(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST with a form.", {"Allow": "GET, HEAD, POST"})
    try:
        _take(environ)
    except HubRefused as error:
        wait = {"Retry-After": str(error.wait_seconds)} if error.wait_seconds else {}
        return _in_words(HTTPStatus(error.status), str(error), wait)
    except DatabaseError:
        log.exception("a request to the hub was not kept")
        wait = {"Retry-After": str(TRY_AGAIN_SECONDS)}
        return _in_words(HTTPStatus.SERVICE_UNAVAILABLE, "The hub cannot take this now; come back in a minute.", wait)
    ring_once(HUB_BELL, TASK, queue=FEEDS)
    return _in_words(HTTPStatus.ACCEPTED, TAKEN)


def _take(environ: WSGIEnvironment) -> None:
    length = environ.get("CONTENT_LENGTH") or "0"
    known = int(length) if length.isascii() and length.isdigit() else 0
    body = environ["wsgi.input"].read(min(known, LARGEST_FORM + 1))
    came_from = client_address(environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES)
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "") or "https"  # only a proxy can tell; without its word it is taken for encrypted
    ask(environ.get("CONTENT_TYPE", ""), body, network=network_of(came_from), is_encrypted=scheme != "http", now=timezone.now())


def _in_words(status: HTTPStatus, sentence: str, more: dict[str, str] | None = None) -> tuple[HTTPStatus, dict[str, str], bytes]:
    body = f"{sentence}\n".encode()
    return status, _HEADERS | {"Content-Length": str(len(body))} | (more or {}), body
