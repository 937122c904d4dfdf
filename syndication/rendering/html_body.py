"""An article's HTML as a tree: cleaned once more, with every address complete, ready to become mail, page or feed."""

import re
from collections.abc import Callable, Iterator
from urllib.parse import urljoin, urlsplit

import lxml.html
import nh3
from lxml.html import HtmlElement

from syndication.articles import embeds
from syndication.articles.sanitising import ATTRIBUTES, ELEMENTS, URL_SCHEMES
from syndication.articles.white_space import without_forbidden_references
from syndication.rendering.characters import allowed

_MEDIA = frozenset({"picture", "source", "video", "audio"})
_MORE = frozenset({"h1", "caption", "colgroup", "col", "ins", "q", "dfn", "samp", "var", "wbr", "details", "summary", "span", "div"})
_LAZY_SOURCES = ("data-src", "data-lazy-src", "data-original", "data-orig-src", "data-lazyload", "data-hi-res-src")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_ALLOWED_ATTRIBUTES: dict[str, set[str]] = {
    **ATTRIBUTES,
    "img": {"src", "srcset", "sizes", "alt", "width", "height", *_LAZY_SOURCES, *_LAZY_SETS},
    "source": {"src", "srcset", "sizes", "type", "media", *_LAZY_SOURCES, *_LAZY_SETS},
    "video": {"src", "poster", "width", "height", "controls"},
    "audio": {"src", "controls"},
    "col": {"span"},
    "ol": {"start", "reversed"},
    "*": {"lang", "dir"},
}
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+([^,]+?))?\s*(?:,|$)")
_EMBEDDING = re.compile(rf"<(?:{'|'.join(sorted(embeds.EMBEDDING))})\b", re.IGNORECASE)
_COMPLETE = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*(?::[0-9]+)?/[\w/.~+%=&;,@:-]*(?:\?[\w/.~+%=&;,@:-]+)?(?:#[\w-]+)?", re.ASCII
)  # most are
_EMPTY_ALLOWED = frozenset({"br", "hr", "img", "td", "th", "col", "source", "video", "audio", "wbr", "picture"})


def parse(html: str) -> HtmlElement:
    """The cleaned HTML inside one div. Scripts, forms, styles, handlers, frames and unknown elements are gone; a known player is a link."""
    cleaned = nh3.clean(
        _with_links_for_players(html),
        tags=set(ELEMENTS | _MEDIA | _MORE),
        attributes=_ALLOWED_ATTRIBUTES,
        allowed_classes={"aside": {"note"}},
        url_schemes=set(URL_SCHEMES),
        link_rel=None,
        clean_content_tags={"script", "style"},
    )
    # a reference such as "&#x1f;" has become its character, which lxml and XML refuse
    root = lxml.html.fragment_fromstring(allowed(cleaned), create_parent="div")
    _load_lazy_images(root)
    for link in list(root.iter("a")):
        if not link.get("href"):
            link.drop_tag()
    return root


def serialise(root: HtmlElement) -> str:
    """The HTML inside the div of parse()."""
    inner = str(lxml.html.tostring(root, encoding="unicode"))
    return inner[inner.index(">") + 1 : inner.rindex("</")].strip()


def _load_lazy_images(root: HtmlElement) -> None:
    """Put the real picture where a script of the original page would have put it; drop a picture without an address."""
    for element in list(root.iter("img", "source")):
        for name, kept in (("src", _LAZY_SOURCES), ("srcset", _LAZY_SETS)):
            found = [value for lazy in kept if (value := element.attrib.pop(lazy, ""))]
            if found:
                element.set(name, found[0])
        if not element.get("src") and not element.get("srcset"):
            element.drop_tree()


def _with_links_for_players(html: str) -> str:
    """The HTML with links where players were. Articles come in without any (articles.cleaning); this is for what was written otherwise."""
    if not _EMBEDDING.search(html):
        return html
    root = lxml.html.fragment_fromstring(without_forbidden_references(allowed(html)), create_parent="div")
    for _ in embeds.put_links(root):
        pass
    return serialise(root)


def make_absolute(root: HtmlElement, base: str, *, is_opaque: Callable[[str], bool] = lambda _url: False) -> None:
    """Complete every address; "#part" points into `base`, the article's own page. An opaque one (a merge field) is left alone.

    An address that cannot be completed goes: its link becomes text, its picture disappears.
    """
    for element in root.iter():
        for name in ("href", "src", "poster", "cite"):
            value = element.get(name)
            if value is not None and not is_opaque(value):
                _set_or_drop(element, name, _joined(base, value, may_write=name == "href"))
        candidates = element.get("srcset")
        if candidates:
            _set_or_drop(element, "srcset", ", ".join(_absolute_candidates(candidates, base)))
    _drop_what_leads_nowhere(root)


def _drop_what_leads_nowhere(root: HtmlElement) -> None:
    for element in list(root.iter("img", "source")):
        if not element.get("src") and not element.get("srcset"):
            element.drop_tree()
    for link in list(root.iter("a")):
        if not link.get("href"):
            link.drop_tag()


def _absolute_candidates(candidates: str, base: str) -> Iterator[str]:
    for url, size in _CANDIDATE.findall(candidates):
        if absolute := _joined(base, url):
            yield f"{absolute} {size}".strip()


def _joined(base: str, url: str, *, may_write: bool = False) -> str:
    """The complete address, or nothing for one that cannot be read; mailto: and tel: only where one `may_write`."""
    if _COMPLETE.fullmatch(url):
        return url
    try:
        joined = urljoin(base, url.strip().replace(" ", "%20"))
        parts = urlsplit(joined)
    except ValueError:
        return ""
    if parts.scheme in {"http", "https"}:
        return joined if parts.hostname else ""
    return joined if may_write and parts.scheme in URL_SCHEMES else ""


def _set_or_drop(element: HtmlElement, name: str, value: str) -> None:
    if value:
        element.set(name, value)
    else:
        element.attrib.pop(name, None)


def drop_empty_blocks(root: HtmlElement) -> None:
    """Take out paragraphs, items and quotes in which nothing is left."""
    for element in reversed(list(root.iter("p", "li", "ul", "ol", "blockquote", "figure", "a", "strong", "em", "span", "div"))):
        is_empty = not element.text_content().strip() and not any(True for child in element.iter(*_EMPTY_ALLOWED))
        if element is not root and is_empty:
            element.drop_tree()


def rename(root: HtmlElement, tag: str, new_tag: str) -> None:
    """Give every element of one name another name."""
    for element in list(root.iter(tag)):
        element.tag = new_tag
