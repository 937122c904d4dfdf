"""Reads an article's HTML as plain text for the search: no tags, and merge fields at their defaults."""

import re
from html import unescape

import lxml.html
from lxml import etree

_BLOCKS = frozenset(
    {"p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "tr", "td", "th", "br", "hr", "figcaption", "figure"}
)
_FIELD = re.compile(r"\{\{.{0,2000}?\}\}|\{%.{0,2000}?%\}|\{#.{0,2000}?#\}", re.DOTALL)
_DEFAULT = re.compile(r"\bdefault\(\s*([\"'])(.*?)\1", re.DOTALL)


def plain_text(html: str) -> str:
    """The words of clean HTML as one line; pictures are told by their alternative texts."""
    if not html.strip():
        return ""
    try:
        root = lxml.html.fragment_fromstring(html, create_parent="div")
    except (etree.ParserError, ValueError):  # what an old row may hold
        return ""
    parts: list[str] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        _read(parts, event, element)
    return without_fields(" ".join("".join(parts).split()))


def _read(parts: list[str], event: str, element: "etree._Element") -> None:
    gap = " " if element.tag in _BLOCKS else ""
    if event == "start":
        text = element.get("alt", "") if element.tag == "img" else element.text or ""
        parts.append(f"{gap}{text} " if element.tag == "img" else f"{gap}{text if isinstance(element.tag, str) else ''}")
    else:
        parts.append(f"{gap}{element.tail or ''}")


def without_fields(text: str) -> str:
    """A text in which each merge field says its default, or nothing."""
    return " ".join(_FIELD.sub(_default_of, text).split())


def _default_of(field: re.Match[str]) -> str:
    found = _DEFAULT.search(unescape(field[0]))
    return found[2] if found and field[0].startswith("{{") else ""
