"""A door to published feeds, with versions of made-up documents behind it, and a way to knock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from syndication.feeds import store
from syndication.web.feeds import FeedsFirst

MODIFIED = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINK = '<https://news.example.org/hub>; rel="hub", <https://news.example.org/feeds/field-notes/rss.xml>; rel="self"'


@dataclass(frozen=True)
class Answered:
    """Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FeedDoor:
    """Knock with `get`; what lies behind the door says "elsewhere"."""

    def __init__(self, root: Path, polls=None) -> None:
        self.root = root
        self._application = validator(FeedsFirst(_elsewhere, root, polls))

    def get(self, path="/feeds/field-notes/rss.xml", method="GET", **environ) -> Answered:
        """`environ` adds to the request, such as HTTP_ACCEPT_ENCODING="gzip"."""
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "QUERY_STRING": "", "SCRIPT_NAME": "", "wsgi.input": BytesIO()} | environ
        setup_testing_defaults(environ)
        said = {}

        def start_response(status, headers, exc_info=None):
            said.update(status=int(status[:3]), headers=dict(headers))
            assert len(said["headers"]) == len(headers), "a header stands twice"

        chunks = self._application(environ, start_response)
        body = b"".join(chunks)
        chunks.close()
        return Answered(said["status"], {name.lower(): value for name, value in said["headers"].items()}, body)

    def publish(self, *entries: str, folder="field-notes", seconds=0, is_archive=False) -> store.Version:
        """A version whose entries have these texts, newest first; the first letter of each is its id."""
        content = store.Content(
            documents(entries),
            is_archive=is_archive,
            links={"rss.xml": LINK},
            entries=tuple((text[0], text) for text in entries),
        )
        store.write(self.root, folder, content, modified_at=MODIFIED + timedelta(seconds=seconds))
        return store.Shelf(self.root).version(folder)


def documents(entries) -> dict[str, bytes]:
    """Three small documents that compress well."""
    rss = "".join(f"<item><guid>{text[0]}</guid><description>{text * 40}</description></item>" for text in entries)
    atom = "".join(f"<entry><id>{text[0]}</id><summary>{text * 40}</summary></entry>" for text in entries)
    items = [{"id": text[0], "content_text": text * 40} for text in entries]
    return {
        "rss.xml": f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>é</title>{rss}</channel></rss>'.encode(),
        "atom.xml": f'<feed xmlns="http://www.w3.org/2005/Atom"><title>é</title>{atom}</feed>'.encode(),
        "feed.json": json.dumps({"title": "é", "items": items}, ensure_ascii=False).encode(),
    }


def _elsewhere(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"elsewhere"]
