"""Cuts a document down to the entries that a reader has not seen (RFC 3229 with the instance manipulation "feed")."""

import json
from collections.abc import Collection

from lxml import etree

from syndication.feeds.writing.documents import ATOM, JSON, RSS

_ATOM = "{http://www.w3.org/2005/Atom}"

Entries = Collection[tuple[str, str]]
"""(id, digest of what the entry says) of each entry of a version."""


def unseen(entries: Entries, base: Entries) -> frozenset[str]:
    """The ids of entries that are not in `base`, or say something else there."""
    return frozenset(entry_id for entry_id, _ in set(entries) - set(base))


def only(file_name: str, body: bytes, ids: Collection[str]) -> bytes:
    """The document `body`, as it is called on disk, with the entries of these ids alone; all that it says of the feed itself stays.

    Raises ValueError when it is no such document (lxml's XMLSyntaxError is a SyntaxError: it is turned into one).
    """
    return _CUTTERS[file_name](body, ids)


def _only_json(body: bytes, ids: Collection[str]) -> bytes:
    document = json.loads(body)
    document["items"] = [item for item in document["items"] if item["id"] in ids]
    return json.dumps(document, ensure_ascii=False).encode()


def _only_rss(body: bytes, ids: Collection[str]) -> bytes:
    return _only_xml(body, "channel/item", "guid", ids)


def _only_atom(body: bytes, ids: Collection[str]) -> bytes:
    return _only_xml(body, f"{_ATOM}entry", f"{_ATOM}id", ids)


def _only_xml(body: bytes, entry_path: str, id_tag: str, ids: Collection[str]) -> bytes:
    parser = etree.XMLParser(strip_cdata=False, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(f"a document that starts with {body[:40]!r} is not well formed: {error}") from error
    for entry in root.findall(entry_path):
        parent = entry.getparent()
        if parent is not None and entry.findtext(id_tag) not in ids:
            parent.remove(entry)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


_CUTTERS = {RSS.file_name: _only_rss, ATOM.file_name: _only_atom, JSON.file_name: _only_json}
