"""Looks through an entry's HTML for what feed readers must not be given: relative addresses, scripts, forms, newsletter leftovers."""

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from lxml import etree

from syndication.articles.newsletter_leftovers import braces_in, is_personal, is_pixel, is_redirect, merge_tags_in, merge_tags_left

_FORBIDDEN_ELEMENTS = frozenset(
    [
        "script",
        "style",
        "form",
        "input",
        "button",
        "select",
        "textarea",
        "option",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "link",
        "meta",
        "base",
        "noscript",
        "template",
    ]
)
_ADDRESSES = ("href", "src", "poster", "cite", "action", "formaction", "data", "background")
_SCHEMES = frozenset(("http", "https", "mailto", "tel"))
_CANDIDATE = re.compile(r"\s*(\S*[^\s,])(?:\s[^,]*)?(?:,|$)")
_XML_FORBIDS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2
_PARSER = etree.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True)


def forbidden_characters(text: str) -> list[str]:
    """The names of characters that XML cannot carry, each once: "U+0007"."""
    return [f"U+{ord(one):04X}" for one in dict.fromkeys(_XML_FORBIDS.findall(text))]


@lru_cache(maxsize=128)  # the same entries stand in the feeds of tags and authors, and again at the next change
def faults_of(markup: str) -> tuple[str, ...]:
    """What is wrong with the HTML, each fault as "what, what to do"; empty when readers may have it."""
    return tuple(dict.fromkeys(_faults(markup)))


def _faults(markup: str) -> Iterator[str]:
    if not markup.strip():
        return
    for tag in braces_in(markup):
        yield f"the merge field {tag} was not filled: correct it in the article"
    root = etree.fromstring(markup, _PARSER)
    if root is None:  # nothing in it but end tags or comments
        return
    for tag in merge_tags_left(root) if merge_tags_in(html.unescape(markup)) else ():
        yield f"{tag} is a merge tag of another program: take it out of the article"
    for element in root.iter():
        yield from _faults_of_element(element)


def _faults_of_element(element: etree._Element) -> Iterator[str]:
    if element.tag in _FORBIDDEN_ELEMENTS:
        yield f"<{element.tag}> does not work in feed readers: take it out of the article"
    for name, value in element.attrib.items():
        yield from _faults_of_attribute(element, str(name), str(value))


def _faults_of_attribute(element: etree._Element, name: str, value: str) -> Iterator[str]:
    if name.startswith("on"):
        yield f"{name}= is a script: take it out of the article"
    elif name == "style":
        yield "style= is ignored or refused by readers: take it out of the article"
    elif name == "loading" or name.startswith("data-"):
        yield f"{name}= needs a script or a browser: give the picture its address in src"
    elif name in _ADDRESSES:
        yield from _faults_of_address(element, name, value)
    elif name == "srcset":
        for url in _CANDIDATE.findall(value):
            yield from _faults_of_address(element, "src", url)


def _faults_of_address(element: etree._Element, name: str, url: str) -> Iterator[str]:
    if not _is_absolute(url, may_write=name == "href"):
        yield f"{url!r} is not an absolute address: write it with https://, or import the article from its URL"
    elif element.tag == "a" and is_personal(url, " ".join("".join(element.itertext()).split())):  # type: ignore[arg-type]  # text only
        yield f"{url} unsubscribes one reader: take the link out of the article"
    elif is_redirect(url):
        yield f"{url} counts clicks for another program: link to the page itself"
    elif element.tag == "img" and is_pixel(url):
        yield f"{url} only tells that somebody reads: take the picture out of the article"


def _is_absolute(url: str, *, may_write: bool) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme in {"http", "https"}:
        return bool(parts.netloc)
    return may_write and parts.scheme in _SCHEMES
