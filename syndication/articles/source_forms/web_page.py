"""Reads an HTML page: finds the article on it, what the page says about it, and takes off what no article may carry."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree
from lxml.html import HtmlElement, HTMLParser, document_fromstring

from syndication.articles import embeds, newsletter_leftovers, white_space
from syndication.articles.clean_article import Block, Dropped, Facts, Reading
from syndication.articles.errors import BadSource
from syndication.articles.language import tag_of
from syndication.articles.merge_fields import Protected
from syndication.articles.source_forms import debris
from syndication.articles.source_forms.page_blocks import BlockWriter, line_of

DEEPEST_NESTING = 120  # elements inside one another; real pages stay below 60
LONGEST_REPORT = 200  # characters of a removed script or style that are shown

_ACTIVE = {
    "script": "a script",
    "style": "a style sheet",
    "iframe": "a frame",
    "frame": "a frame",
    "frameset": "a frame",
    "object": "an embedded object",
    "embed": "an embedded object",
    "applet": "an embedded object",
    "svg": "a drawing (svg)",
    "math": "a formula (math)",
    "canvas": "a drawing (canvas)",
    "video": "a video",
    "audio": "a sound",
    "noscript": "what a page shows without scripts",
    "template": "a template of the page",
    "button": "a button",
    "input": "a form field",
    "select": "a form field",
    "textarea": "a form field",
    "dialog": "a dialog",
    "link": "a link to a style sheet",
    "base": "a base address",
}
_VOID = ("embed", "source", "track", "wbr", "keygen", "command", "bgsound", "nextid", "spacer", "menuitem")
"""Tags without content in HTML (13.1.2, and the obsolete ones of 16.2) that libxml2 takes for the start of a container."""
_CHROME = {"nav": "page navigation", "header": "page header", "footer": "page footer", "aside": "page margin", "form": "a form"}
_QUIET = frozenset(("link", "noscript", "meta", "title", "head", "base"))
_NOTE_CLASS = re.compile(r"\b(?:note|callout|admonition|disclaimer|infobox|hinweis)\b", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_SITE_SUFFIX = re.compile(r"\s+(?:[|–—·»-]|::)\s+")


def read(protected: Protected, url: str) -> Reading:
    """What the page says; merge fields stay placeholders.

    url   where the page lives, "" when nobody knows
    Raises BadSource when elements are nested more than DEEPEST_NESTING deep.
    """
    root = _parsed(protected.text)
    _refuse_depth(root)
    facts = _facts(root)
    dropped: list[Dropped] = []
    if facts.language and not tag_of(facts.language):
        dropped.append(Dropped(root.sourceline or 1, facts.language, "a language that is no BCP 47 tag"))
    chosen = _chosen(root)
    dropped += _links_for_players(root)
    dropped += _without_active_parts(root)
    dropped += _without_chrome(chosen, is_page=chosen.tag == "body")
    dropped += _outside(chosen)
    dropped += [Dropped(line_of(one.element), one.text, one.why) for one in newsletter_leftovers.take_out(chosen)]
    title = _take_title(chosen) or facts.title
    writer = BlockWriter(protected, url)
    blocks = _without_markup_of_page(writer.blocks(chosen))
    completed = Facts(title, facts.summary, facts.language, facts.author, facts.tags, facts.published_at)
    return Reading(completed, blocks, dropped + writer.dropped)


def parsed_blocks(markup: str, protected: Protected, url: str = "") -> tuple[list[Block], list[Dropped]]:
    """The blocks of HTML that another reader wrote, and what could not stay. Raises BadSource like `read`."""
    root = _parsed(markup)
    _refuse_depth(root)
    writer = BlockWriter(protected, url)
    body = root.find("body")
    if body is None:
        return [], []
    left = [Dropped(line_of(one.element), one.text, one.why) for one in newsletter_leftovers.take_out(body)]
    return writer.blocks(body), left + writer.dropped


def _parsed(markup: str) -> HtmlElement:
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root: HtmlElement = document_fromstring(white_space.without_forbidden_references(markup), parser=parser, ensure_head_body=True)
    except etree.ParserError:  # nothing in it but end tags or comments
        root = document_fromstring("<p></p>", parser=parser, ensure_head_body=True)
    _close_void(root)
    return root


def _close_void(root: HtmlElement) -> None:
    """Puts what stands inside a void element behind it, where it belongs."""
    for element in list(root.iter(*_VOID)):
        parent = element.getparent()
        if parent is None or (len(element) == 0 and not element.text):
            continue
        place = parent.index(element) + 1
        last_tail, inside, behind = element.tail, element.text, list(element)
        element.text, element.tail = None, inside
        parent[place:place] = behind
        if last_tail:
            last = behind[-1] if behind else element
            last.tail = (last.tail or "") + last_tail


def _refuse_depth(root: HtmlElement) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST_NESTING:
            raise BadSource(
                f"Line {element.sourceline}: elements are nested more than {DEEPEST_NESTING} deep, as no article is. "
                "Save the article alone, or import its text."
            )


def _facts(root: HtmlElement) -> Facts:
    meta: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or "").lower()
        if name and (content := white_space.mend(element.get("content") or "")):
            meta.setdefault(name, []).append(content)
    first = {name: values[0] for name, values in meta.items()}
    author = first.get("author") or first.get("article:author") or ""
    return Facts(
        title=first.get("og:title") or _document_title(root, first.get("og:site_name", "")),
        summary=first.get("description") or first.get("og:description") or "",
        language=(root.get("lang") or root.get("xml:lang") or "").strip(),
        author="" if "://" in author else author,
        tags=tuple(meta.get("article:tag", [])) or _keywords(first.get("keywords", "")),
        published_at=_moment(first.get("article:published_time") or first.get("date") or ""),
    )


def _document_title(root: HtmlElement, site: str) -> str:
    """The text of `<title>`, without the site's name behind it."""
    text = white_space.mend(root.findtext(".//title") or "")
    parts = _SITE_SUFFIX.split(text)
    return text[: -len(parts[-1])].rstrip(" |–—·»:-") if len(parts) > 1 and parts[-1].casefold() == site.casefold() else text


def _keywords(listed: str) -> tuple[str, ...]:
    return tuple(word for part in listed.split(",") if (word := part.strip()))


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _chosen(root: HtmlElement) -> HtmlElement:
    """The element that holds the article: the one `<article>`, else `<main>`, else the longest of several articles, else the body."""
    body = root.find("body")
    assert body is not None  # the parser was told to make one
    articles = [one for one in body.iter("article") if next(one.iterancestors("article"), None) is None]
    mains = [one for one in body.iter() if one.tag == "main" or one.get("role") == "main"]
    if len(articles) == 1 and _length(articles[0]):
        return articles[0]
    if mains and _length(mains[0]):
        return mains[0]
    by_length = sorted(articles, key=_length, reverse=True)
    is_clear = len(by_length) > 1 and _length(by_length[0]) > 2 * _length(by_length[1])
    return by_length[0] if is_clear else body


def _length(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _links_for_players(root: HtmlElement) -> list[Dropped]:
    """Puts a link in the place of each player that is known: mails and feeds show no frames."""
    return [Dropped(line, address, f"a player; a link to {url} stands in its place") for line, address, url in embeds.put_links(root)]


def _without_active_parts(root: HtmlElement) -> list[Dropped]:
    """Removes scripts, frames, forms' fields and hidden parts, and the handlers on what stays; reports each."""
    found: list[tuple[HtmlElement, str]] = []
    dropped: list[Dropped] = []
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        why = _ACTIVE.get(str(element.tag)) or ("hidden text" if _is_hidden(element) else "")
        if why:
            found.append((element, why))
            walk.skip_subtree()
            continue
        handlers = [name for name in element.attrib if name.lower().startswith("on")]
        dropped += [Dropped(element.sourceline or 1, _without_attribute(element, name), "a script handler") for name in handlers]
    return dropped + [one for element, why in found for one in _dropped_active(element, why)]


def _without_attribute(element: HtmlElement, name: str) -> str:
    return f'<{element.tag} {name}="{element.attrib.pop(name)}">'


def _is_hidden(element: HtmlElement) -> bool:
    if element.tag in {"html", "body"}:
        return False
    return "hidden" in element.attrib or element.get("aria-hidden") == "true" or bool(_HIDDEN.search(element.get("style") or ""))


def _dropped_active(element: HtmlElement, why: str) -> Iterator[Dropped]:
    words = white_space.mend(" ".join(element.itertext()))
    address = element.get("src") or element.get("data") or ""
    is_code = element.tag in {"script", "style"}
    shown = f"<{element.tag}>" if not (words or address) else " ".join(filter(None, (address, words)))
    line = element.sourceline or 1
    element.drop_tree()
    if words or element.tag not in _QUIET:
        yield Dropped(line, shown[:LONGEST_REPORT] if is_code else shown, why)


def _without_chrome(chosen: HtmlElement, *, is_page: bool) -> list[Dropped]:
    """Removes navigation, forms and margins; on a whole page its header and footer too. Marks asides that are notes."""
    dropped = []
    for element in list(chosen.iter(*_CHROME)):
        if element is chosen or not _is_attached(element, chosen):
            continue
        if element.tag == "aside" and _is_note(element):
            continue
        if element.tag in {"header", "footer"} and (not is_page or next(element.iter("h1"), None) is not None):
            continue
        if element.tag == "form" and next(element.iter("h1", "article", "main", "p"), None) is not None:
            dropped.append(Dropped(element.sourceline or 1, "<form>", "a form; its text stays"))
            continue
        words = white_space.mend(" ".join(element.itertext()))
        line = element.sourceline or 1
        element.drop_tree()
        if words or element.tag == "form":
            dropped.append(Dropped(line, words or "<form>", _CHROME[str(element.tag)]))
    return dropped


def _is_attached(element: HtmlElement, root: HtmlElement) -> bool:
    return any(above is root for above in element.iterancestors())


def _is_note(aside: HtmlElement) -> bool:
    words = white_space.mend(" ".join(aside.itertext()))
    return aside.get("role") == "note" or bool(_NOTE_CLASS.search(aside.get("class") or "")) or debris.is_note(words)


def _outside(chosen: HtmlElement) -> list[Dropped]:
    """A report of all text on the page that is not in the chosen element."""
    dropped: list[Dropped] = []
    inside = chosen
    while inside.tag != "body" and (above := inside.getparent()) is not None:
        parts = [(above.sourceline, above.text or "")]
        for child in above:
            if child is not inside:
                parts.append((child.sourceline, " ".join(child.itertext())))
            parts.append((child.sourceline, child.tail or ""))
        dropped += [Dropped(line or 1, words, "outside the article") for line, text in parts if (words := white_space.mend(text))]
        inside = above
    return dropped


def _take_title(chosen: HtmlElement) -> str:
    """The text of the first h1, which leaves the body."""
    for heading in chosen.iter("h1"):
        if words := white_space.mend(" ".join("".join(heading.itertext()).split())):
            heading.drop_tree()
            return words
    return ""


def _without_markup_of_page(blocks: list[Block]) -> list[Block]:
    """The blocks without rules at the very start and end, which only separated the article from the page."""
    start, stop = 0, len(blocks)
    while start < stop and blocks[start].tag == "hr":
        start += 1
    while stop > start and blocks[stop - 1].tag == "hr":
        stop -= 1
    return blocks[start:stop]
