"""Leads whoever asks an old host name of this site to the present one, before anything else answers: pages and feeds, for ever.

What was given to one person, or is sent by a program, goes on working where it was sent: links in mails (/u/, /c/, /p/), forms,
one-click POSTs, hub requests, notices of providers; and what such pages are made with (/static/).
"""

from collections.abc import Collection, Iterable
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

STAYS = ("/u/", "/c/", "/p/", "/hooks/", "/static/", "/healthz", "/readyz")
MOVED_SECONDS = 86_400
_PATH_LETTERS = "/:@!$&'()*+,;=~-._"  # RFC 3986 3.3
_QUERY_LETTERS = _PATH_LETTERS + "?%"


class OldHostsFirst:
    """A WSGI application that answers 301 for GET and HEAD to old hosts and leaves everything else to another one."""

    def __init__(self, other: WSGIApplication, hosts: Collection[str], base_url: str) -> None:
        self._other, self._hosts, self._base_url = other, frozenset(hosts), base_url

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """As PEP 3333 says."""
        if not self._hosts or not self._moves(environ):
            return self._other(environ, start_response)
        body = b"This site has moved.\n"
        headers = [
            ("Location", self._base_url + _path_and_query(environ)),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", f"public, max-age={MOVED_SECONDS}"),
            ("Access-Control-Allow-Origin", "*"),  # a reader that runs in a browser may follow
        ]
        start_response("301 Moved Permanently", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _moves(self, environ: WSGIEnvironment) -> bool:
        host = environ.get("HTTP_HOST", "").lower().partition(":")[0].rstrip(".")
        is_read = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        return is_read and host in self._hosts and not environ["PATH_INFO"].startswith(STAYS)


def _path_and_query(environ: WSGIEnvironment) -> str:
    """As they were asked for; PEP 3333 hands the path over unquoted, as bytes in latin-1."""
    path = quote(environ["PATH_INFO"].encode("latin-1", "replace"), safe=_PATH_LETTERS)
    query = quote(environ.get("QUERY_STRING", "").encode("latin-1", "replace"), safe=_QUERY_LETTERS)
    return f"{path}?{query}" if query else path
