"""Knows the addresses of our feeds: which folder and document a topic is."""

import re
from collections.abc import Collection
from urllib.parse import unquote

_SELF = re.compile(r'<([^>]*)>; *rel="?self"?')
_FOLDER = re.compile(r"([^/]+)(?:/(tags|authors)/([^/]+))?")
PREFIX = "/feeds/"


def parsed(topic_url: str, *, base_url: str, file_names: Collection[str]) -> tuple[str, str] | None:
    """The folder and the file name; None for what cannot be one of our feeds. Archives are none: they never change."""
    if not topic_url.startswith(f"{base_url}{PREFIX}"):
        return None
    try:
        path = unquote(topic_url.removeprefix(f"{base_url}{PREFIX}"), errors="strict")
    except UnicodeDecodeError:
        return None
    folder, _, file_name = path.rpartition("/")
    return (folder, file_name) if file_name in file_names and _FOLDER.fullmatch(folder) else None


def self_url(link_header: str) -> str:
    """The canonical address that a document's Link header names; empty when it names none."""
    found = _SELF.search(link_header)
    return found[1] if found else ""


def place_of(folder: str) -> tuple[str, str, str]:
    """The publication's slug, and the kind ("tag" or "author") and slug of a topic, both empty for the publication's own feed.

    Raises ValueError for another folder.
    """
    found = _FOLDER.fullmatch(folder)
    if found is None:
        raise ValueError(f"{folder} is no folder of a feed")
    return found[1], (found[2] or "").removesuffix("s"), found[3] or ""
