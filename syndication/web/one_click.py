"""Answers a mail program's one-click POST before Django's middleware: no session, no cookie, no page that nobody reads (RFC 8058 3.1)."""

import io
import logging
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from syndication.audience.self_service.one_click import leave_at_once
from syndication.web.link_pages import UNSEEN

BODY = b"List-Unsubscribe=One-Click"  # RFC 8058 3.2
LONGEST_BODY = 64  # bytes; a longer one is Django's
ANSWER = b"You are unsubscribed.\n"
_PATH = re.compile(r"/u/([0-9a-f]{16,120})/", re.ASCII).fullmatch
_HEADERS = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(ANSWER))),
    ("X-Content-Type-Options", "nosniff"),
    *UNSEEN.items(),
]

log = logging.getLogger("syndication.one-click")


class OneClickFirst:
    """A WSGI application that obeys plain one-clicks itself and leaves everything else to another one."""

    def __init__(self, other: WSGIApplication) -> None:
        self._other = other

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        token = _token(environ)
        if not token:
            return self._other(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        if body.strip() == BODY and _leave(token):
            start_response("200 OK", _HEADERS)
            return [ANSWER]
        environ["wsgi.input"] = io.BytesIO(body)
        return self._other(environ, start_response)


def _token(environ: WSGIEnvironment) -> str:
    """The token of a request that looks like a plain one-click, else empty."""
    found = _PATH(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
    length = environ.get("CONTENT_LENGTH", "")
    is_plain = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
    return found[1] if found and is_plain and length.isdigit() and int(length) <= LONGEST_BODY else ""


def _leave(token: str) -> bool:
    """Whether it is done; when the database is in trouble Django tries once more, and says so if it must."""
    close_old_connections()
    try:
        return leave_at_once(token, now=timezone.now())
    except DatabaseError:
        log.exception("a one-click was not obeyed at once")
        return False
    finally:
        close_old_connections()
