"""Makes the delta that a reader asks for from the versions that are kept, and keeps some deltas: many readers lag by the same version."""

import logging
import threading
from collections.abc import Mapping

from syndication.feeds.answers import delta
from syndication.feeds.answers.conditional import tags_in
from syndication.feeds.encodings import IDENTITY, Variant, variants_of
from syndication.feeds.store import Shelf, Version

MOST_BYTES = 8 * 2**20
TAGS_LOOKED_AT = 8  # of those that a reader lists; more versions are not kept
_SMALLEST = 500  # bytes that a delta counts for at least: also "there is none" takes room

log = logging.getLogger("syndication.feeds")

Forms = Mapping[str, Variant]


class Deltas:
    """The deltas between versions on one shelf, in memory up to a bound. May be shared by threads."""

    def __init__(self, shelf: Shelf, *, most_bytes: int = MOST_BYTES) -> None:
        self._shelf, self._most_bytes = shelf, most_bytes
        self._kept: dict[tuple[str, str, str, str], tuple[Forms, int]] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def since(self, folder: str, version: Version, file_name: str, if_none_match: str) -> Forms | None:
        """The entries of `version` that are new or changed since a version that If-None-Match names, in each encoding.

        None when no such version is kept, and when a delta would save nothing or say nothing: then the whole feed is the answer.
        The tags of these forms are not for sending: a delta has the tag of the whole (RFC 3229 10.4.1).
        """
        base = self._base(folder, version, file_name, if_none_match)
        if base is None:
            return None
        key = (folder, version.name, file_name, base.name)
        kept = self._kept.get(key)
        forms = kept[0] if kept else self._keep(key, _forms(version, base, file_name))
        return forms or None

    def _base(self, folder: str, version: Version, file_name: str, if_none_match: str) -> Version | None:
        for tag in tags_in(if_none_match)[:TAGS_LOOKED_AT]:
            found = self._shelf.older(folder, tag)
            forms = found.documents.get(file_name, {}) if found else {}
            if found and found.name != version.name and any(one.etag == tag for one in forms.values()):
                return found
        return None

    def _keep(self, key: tuple[str, str, str, str], forms: Forms) -> Forms:
        size = _SMALLEST + sum(len(one.body) for one in forms.values())
        with self._lock:
            if key not in self._kept and size <= self._most_bytes:
                self._kept[key] = (forms, size)
                self._bytes += size
            while self._bytes > self._most_bytes:
                self._bytes -= self._kept.pop(next(iter(self._kept)))[1]
        return forms


def _forms(version: Version, base: Version, file_name: str) -> Forms:
    """Empty when the whole feed is the better answer."""
    ids = delta.unseen(version.entries, base.entries)
    if not ids or len(ids) == len(version.entries):
        return {}
    whole = version.documents[file_name][IDENTITY].body
    try:
        body = delta.only(file_name, whole, ids)
    except (ValueError, LookupError, TypeError):
        log.exception("no delta could be made of %s in %s", file_name, version.name)
        return {}
    return variants_of(body) if len(body) < len(whole) else {}
