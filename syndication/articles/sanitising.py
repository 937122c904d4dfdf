"""The last gate: only the elements and attributes of an article pass, whatever came before."""

import re
from functools import lru_cache
from html import escape

import nh3

URL_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "abbr": {"title"},
    "time": {"datetime"},
}
ELEMENTS = frozenset(
    [
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "blockquote",
        "a",
        "strong",
        "em",
        "b",
        "i",
        "u",
        "s",
        "del",
        "code",
        "pre",
        "figure",
        "figcaption",
        "img",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "br",
        "sub",
        "sup",
        "dl",
        "dt",
        "dd",
        "aside",
        "abbr",
        "cite",
        "time",
        "mark",
        "small",
        "kbd",
    ]
)

_PLAIN_URL = re.compile(r"https?://(?!\S*xn--)(?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}(?:/[\w/.~+%=&;,-]*)?(?:\?[\w/.~+%=&;,-]*)?", re.ASCII)


def sanitised(markup: str) -> str:
    """The HTML with nothing but ELEMENTS, ATTRIBUTES and `<aside class="note">`; no-break spaces are characters, not entities."""
    ampersand = _unused_word(markup)
    cleaned = nh3.clean(
        markup.replace("&amp;", ampersand),  # nh3's time grows with the square of the "&amp;" in one text (0.3.8: 5 MB took 5 minutes)
        tags=set(ELEMENTS),
        attributes=ATTRIBUTES,
        allowed_classes={"aside": {"note"}},
        url_schemes=set(URL_SCHEMES),
        link_rel=None,
        clean_content_tags={"script", "style"},
    )
    return str(cleaned).replace("&nbsp;", "\u00a0").replace(ampersand, "&amp;")


def _unused_word(markup: str) -> str:
    """A plain word that does not occur in the markup; it stands for an ampersand, which means nothing to a URL scheme or a tag."""
    salt = 0
    while f"ampersand{salt}x" in markup.lower():
        salt += 1
    return f"ampersand{salt}x"


@lru_cache(maxsize=1024)
def passes(address: str) -> bool:
    """Would `sanitised` leave this address in a link? Plain addresses need no asking."""
    return bool(_PLAIN_URL.fullmatch(address)) or " href=" in sanitised(f'<a href="{escape(address)}">x</a>')
