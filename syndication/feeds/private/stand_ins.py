"""Takes out of finished documents the links that a private feed must not have: to itself, and to pages that are not there.

The bytes are shared by many readers and each one's address is a secret, so no document names its own. They are written with stand-ins in
these places, checked like every feed, and freed of them here.
"""

import json
import re
from collections.abc import Mapping

from syndication.feeds.writing.documents import JSON, Format

STAND_IN = "https://private.invalid/"  # RFC 2606 2: no such domain

_LINK = re.compile(
    rb'\s*(?:<(?:atom:)?link\b[^<>]*\bhref="https://private\.invalid/[^<>]*/>|<link>\s*https://private\.invalid/[^<]*</link>)'
)


def without_stand_ins(documents: Mapping[Format, bytes]) -> dict[Format, bytes]:
    """The documents without any link that begins with STAND_IN.

    RFC 4287 4.2.7.2 and the RSS profile say that a feed SHOULD link to itself, JSON Feed 1.1 "strongly recommends" feed_url; none demands
    it. An entry with its whole content needs no link in any of the three (RSS 2.0 "Elements of <item>", RFC 4287 4.1.2, JSON Feed "Items").
    """
    return {written_as: _json(body) if written_as is JSON else _LINK.sub(b"", body) for written_as, body in documents.items()}


def _json(body: bytes) -> bytes:
    feed = json.loads(body)
    del feed["feed_url"]
    for item in feed["items"]:
        if item.get("url", "").startswith(STAND_IN):
            del item["url"]
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"
