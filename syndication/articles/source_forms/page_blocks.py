"""Writes a parsed HTML tree as the few blocks that an article is made of, whatever the page was built from.

The output is canonical: parsing it and writing it again gives the same bytes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from urllib.parse import urljoin

from lxml.html import HtmlElement

from syndication.articles.clean_article import Block, Dropped
from syndication.articles.merge_fields import Protected
from syndication.articles.sanitising import URL_SCHEMES, passes
from syndication.articles.source_forms.inline_run import InlineRun

BLOCK_TAGS = frozenset(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "menu",
        "dir",
        "li",
        "dl",
        "dt",
        "dd",
        "blockquote",
        "pre",
        "figure",
        "figcaption",
        "table",
        "caption",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "hr",
        "aside",
        "address",
        "article",
        "section",
        "main",
        "header",
        "footer",
        "div",
        "center",
        "details",
        "summary",
        "form",
        "fieldset",
        "legend",
        "nav",
        "hgroup",
        "listing",
        "xmp",
        "body",
        "html",
    ]
)
INLINE_TAGS = {
    tag: tag for tag in ("strong", "em", "b", "i", "u", "s", "del", "code", "sub", "sup", "cite", "mark", "small", "kbd", "abbr", "time")
} | {"strike": "s", "acronym": "abbr", "samp": "code", "tt": "code"}
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
LARGEST_SPAN = 1000  # columns or rows of one cell, as browsers allow
LONGEST_LINE_NUMBER = 9  # digits
_TABLE_PARTS = frozenset(("thead", "tbody", "tfoot", "tr", "td", "th", "colgroup", "col"))
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_NOT_IN_URLS = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER = re.compile(r"[0-9]{1,5}")


class BlockWriter:
    """Turns elements into blocks; `dropped` reports what could not stay (script links, data: pictures, trackers)."""

    def __init__(self, protected: Protected, url: str) -> None:
        self.dropped: list[Dropped] = []
        self._protected = protected
        self._url = url
        self._around: list[tuple[str, str]] = []
        self._holders: set[HtmlElement] = set()
        self._writers: dict[str, Callable[[HtmlElement], Iterator[Block]]] = {
            "ul": self._list,
            "ol": self._list,
            "menu": self._list,
            "dir": self._list,
            "dl": self._definitions,
            "blockquote": self._quote,
            "pre": self._verbatim,
            "listing": self._verbatim,
            "xmp": self._verbatim,
            "figure": self._figure,
            "table": self._table,
            "aside": self._note,
        }

    def blocks(self, root: HtmlElement) -> list[Block]:
        """The blocks of an element's content, in order."""
        self._holders = _elements_around_blocks(root)
        return list(self._flow(root))

    def _flow(self, element: HtmlElement) -> Iterator[Block]:
        """Blocks as they are; text between them becomes paragraphs."""
        for block in self._pieces(element):
            yield from self._paragraph(block) if block.tag == "" else [block]

    def _pieces(self, element: HtmlElement) -> Iterator[Block]:
        """The content as blocks and, between them, bare runs of text (blocks without a tag)."""
        run = self._run(element)
        run.add_text(element.text)
        for child in element:
            if child.tag in BLOCK_TAGS or child in self._holders:
                yield from self._bare(run)
                yield from self._block(child)
                run = self._run(child)
            else:
                self._inline(child, run)
            run.add_text(child.tail)
        yield from self._bare(run)

    def _run(self, element: HtmlElement) -> InlineRun:
        run = InlineRun(line_of(element))
        for tag, attributes in self._around:
            run.open(tag, attributes)
        return run

    def _bare(self, run: InlineRun) -> Iterator[Block]:
        for _ in self._around:
            run.close()
        if markup := run.html:
            yield Block("", markup, run.text, run.line)

    def _paragraph(self, bare: Block) -> Iterator[Block]:
        if self._protected.is_only_statements(bare.html):  # a paragraph around it would be empty once it is rendered
            yield bare
        else:
            yield Block("p", f"<p>{bare.html}</p>", bare.text, bare.line)

    def _block(self, element: HtmlElement) -> Iterator[Block]:
        tag = str(element.tag)
        if tag in self._writers:
            yield from self._writers[tag](element)
        elif tag == "hr":
            yield Block("hr", "<hr>", "", line_of(element))
        elif tag in HEADINGS or tag == "figcaption":
            yield from self._line(element)
        elif tag in INLINE_TAGS or tag == "a":
            yield from self._flow_inside(element)
        else:
            yield from self._flow(element)

    def _line(self, element: HtmlElement) -> Iterator[Block]:
        """A heading or caption: one line, whatever stands in it. A heading without words is only a paragraph."""
        for bare in self._bare_line(element):
            tag = str(element.tag) if bare.text else "p"
            yield Block(tag, f"<{tag}>{bare.html}</{tag}>", bare.text, bare.line)

    def _bare_line(self, element: HtmlElement) -> Iterator[Block]:
        run = self._run(element)
        self._inline_content(element, run)
        return self._bare(run)

    def _flow_inside(self, element: HtmlElement) -> Iterator[Block]:
        """An inline element around blocks: it goes into each of them."""
        opened = self._opening(element, [name for name, _ in self._around])
        if opened:
            self._around.append(opened)
        yield from self._flow(element)
        if opened:
            self._around.pop()

    def _list(self, element: HtmlElement) -> Iterator[Block]:
        items = [content for child in _with_text(element) for content in self._cell(child)]
        if items:
            if (start := element.get("start", "1")) != "1":
                self._report(element, f"{start}.", "the first number of a list, which now starts at 1")
            tag = "ol" if element.tag == "ol" else "ul"
            markup = "".join(f"<li>{item.html}</li>" for item in items)
            yield Block(tag, f"<{tag}>{markup}</{tag}>", _words(items), line_of(element))

    def _cell(self, element: HtmlElement) -> Iterator[Block]:
        """The content of a list item or table cell: text stays bare; nothing at all yields nothing."""
        pieces = list(self._block(element) if element.tag in self._writers else self._pieces(element))
        if len(pieces) == 1 and pieces[0].tag == "p":
            pieces = [Block("", _inside(pieces[0]), pieces[0].text, pieces[0].line)]
        if pieces:
            yield Block("", joined(pieces), _words(pieces), pieces[0].line)

    def _definitions(self, element: HtmlElement) -> Iterator[Block]:
        rows = [row for child in _with_text(element) for row in self._definition(child)]
        if rows:
            yield Block("dl", f"<dl>{''.join(row.html for row in rows)}</dl>", _words(rows), line_of(element))

    def _definition(self, element: HtmlElement) -> Iterator[Block]:
        if element.tag == "div":
            for child in _with_text(element):
                yield from self._definition(child)
            return
        tag = "dt" if element.tag == "dt" else "dd"
        for content in self._bare_line(element) if tag == "dt" else self._cell(element):
            yield Block(tag, f"<{tag}>{content.html}</{tag}>", content.text, content.line)

    def _quote(self, element: HtmlElement) -> Iterator[Block]:
        if blocks := list(self._flow(element)):
            yield Block("blockquote", f"<blockquote>{joined(blocks)}</blockquote>", _words(blocks), line_of(element))

    def _note(self, element: HtmlElement) -> Iterator[Block]:
        if blocks := list(self._flow(element)):
            yield Block("aside", f'<aside class="note">{joined(blocks)}</aside>', _words(blocks), line_of(element))

    def _verbatim(self, element: HtmlElement) -> Iterator[Block]:
        for line_break in element.iter("br"):
            line_break.text = "\n"
        text = str(element.text_content()).replace("\r", "\n").strip("\n").rstrip()
        if text:
            yield Block("pre", f"<pre><code>{escape(text, quote=False)}</code></pre>", " ".join(text.split()), line_of(element))

    def _figure(self, element: HtmlElement) -> Iterator[Block]:
        pieces = [Block("", _inside(one), "", one.line) if one.tag == "p" and not one.text else one for one in self._pieces(element)]
        captions = [one for one in pieces if one.tag == "figcaption"]
        content = [one for one in pieces if one.tag != "figcaption"]
        if not content or len(captions) > 1 or any(one.tag == "figure" for one in content):
            for one in pieces:
                yield from self._paragraph(one) if one.tag == "" else [_as_paragraph(one)]
            return
        yield Block("figure", f"<figure>{joined([*content, *captions])}</figure>", _words([*content, *captions]), line_of(element))

    def _table(self, element: HtmlElement) -> Iterator[Block]:
        rows = _rows(element)
        if _is_layout(element, rows):
            for part in [child for child in _with_text(element) if child.tag not in {"colgroup", "col"}]:
                yield from self._flow(part)
            return
        for stray in _strays(element):
            yield from self._flow(stray)
        head = [self._row(row) for row in rows if _parent_tag(row) == "thead"]
        body = [self._row(row) for row in rows if _parent_tag(row) != "thead"]
        markup, text = "", []
        for tag, written in (("thead", head), ("tbody", body)):
            filled = [row for row in written if row.html]
            markup += f"<{tag}>{''.join(row.html for row in filled)}</{tag}>" if filled else ""
            text += filled
        if markup:
            yield Block("table", f"<table>{markup}</table>", _words(text), line_of(element))

    def _row(self, row: HtmlElement) -> Block:
        cells, texts = [], []
        for cell in row.iterchildren("td", "th"):
            content = next(self._cell(cell), Block("", "", "", 1))
            cells.append(f"<{cell.tag}{_cell_attributes(cell)}>{content.html}</{cell.tag}>")
            texts.append(content)
        return Block("tr", f"<tr>{''.join(cells)}</tr>" if any(one.html for one in texts) else "", _words(texts), line_of(row))

    def _inline(self, element: HtmlElement, run: InlineRun) -> None:
        tag = str(element.tag)
        if tag == "br":
            run.add_break()
        elif tag == "img":
            self._picture(element, run)
        elif tag == "q":
            run.add_text("“")
            self._inline_content(element, run)
            run.add_text("”")
        elif opened := self._opening(element, [name for name in (*INLINE_TAGS.values(), "a") if run.is_inside(name)]):
            run.open(*opened)
            self._inline_content(element, run)
            run.close()
        else:
            spaces = " " if tag in BLOCK_TAGS else ""
            run.add_text(spaces)
            self._inline_content(element, run)
            run.add_text(spaces)

    def _inline_content(self, element: HtmlElement, run: InlineRun) -> None:
        run.add_text(element.text)
        for child in element:
            self._inline(child, run)
            run.add_text(child.tail)

    def _opening(self, element: HtmlElement, inside: Sequence[str]) -> tuple[str, str] | None:
        """Tag and attributes of an inline element that stays, or None when only its content does."""
        if element.tag == "a":
            href = self._address(element, "href") if element.get("href") else ""
            return None if not href or "a" in inside else ("a", f"{_attribute('href', href)}{_attribute('title', element.get('title'))}")
        tag = INLINE_TAGS.get(str(element.tag))
        if not tag or tag in inside:
            return None
        extra = {"abbr": "title", "time": "datetime"}.get(tag, "")
        return tag, _attribute(extra, element.get(extra)) if extra else ""

    def _picture(self, element: HtmlElement, run: InlineRun) -> None:
        source = element.get("src") or ""
        if not source or source.startswith("data:"):  # lazy loading hides the address
            element.set(
                "src", next((value for name in ("data-src", "data-original", "data-lazy-src") if (value := element.get(name))), source)
            )
        if element.get("width") == element.get("height") == "1":
            self._report(element, element.get("src") or "", "a tracking picture")
            return
        if address := self._address(element, "src"):
            sizes = "".join(_attribute(name, size) for name in ("width", "height") if _NUMBER.fullmatch(size := element.get(name) or ""))
            if title := element.get("title"):
                self._report(element, title, "a picture's tooltip")
            run.add_void(f'<img{_attribute("src", address)} alt="{escape(" ".join((element.get("alt") or "").split()))}"{sizes}>')
        elif alt := element.get("alt"):
            run.add_text(alt)

    def _address(self, element: HtmlElement, name: str) -> str:
        """The absolute address in an attribute, or "" when it must not stay. Relative ones without a source URL stay and are reported."""
        typed = _NOT_IN_URLS.sub("", element.get(name) or "").strip()
        what = "picture" if name == "src" else "link"
        scheme = _SCHEME.match(typed)
        if scheme and (scheme[1].lower() not in URL_SCHEMES or (name == "src" and scheme[1].lower() not in {"http", "https"})):
            self._report(element, typed, f"a {scheme[1].lower()}: {what}")
            return ""
        if not typed or (not scheme and self._protected.placeholder.match(typed)):
            return typed
        absolute = _joined_address(self._url, typed) if self._url else typed
        if not passes(absolute):
            self._report(element, typed, f"a {what} whose address cannot be read")
            return ""
        if not _SCHEME.match(absolute):
            self._report(
                element, typed, f"kept, but a relative {what} leads nowhere from a mail or a feed: import the article from its URL"
            )
        return absolute

    def _report(self, element: HtmlElement, text: str, why: str) -> None:
        self.dropped.append(Dropped(line_of(element), text, why))


def line_of(element: HtmlElement) -> int:
    """The source line of an element, from 1: as another reader noted it in data-line, else as the parser counted (at most 65,535)."""
    for above in (element, *element.iterancestors()):
        if (noted := above.get("data-line", "")).isdecimal() and noted.isascii() and len(noted) < LONGEST_LINE_NUMBER:
            return max(int(noted), 1)
    return element.sourceline or 1


def joined(blocks: Sequence[Block], glue: str = "") -> str:
    """The HTML of blocks in a row; two bare texts never stick together."""
    pieces = []
    for index, block in enumerate(blocks):
        between = (" " if not block.tag and not blocks[index - 1].tag else glue) if index else ""
        pieces += [between, block.html]
    return "".join(pieces)


def _words(blocks: Sequence[Block]) -> str:
    return " ".join(block.text for block in blocks if block.text)


def _inside(block: Block) -> str:
    return block.html.removeprefix(f"<{block.tag}>").removesuffix(f"</{block.tag}>")


def _as_paragraph(block: Block) -> Block:
    return Block("p", f"<p>{_inside(block)}</p>", block.text, block.line) if block.tag == "figcaption" else block


def _attribute(name: str, value: str | None) -> str:
    return f' {name}="{escape(value)}"' if value else ""


def _cell_attributes(cell: HtmlElement) -> str:
    written = ""
    if cell.tag == "th" and (scope := cell.get("scope", "").lower()) in {"row", "col", "rowgroup", "colgroup"}:
        written += _attribute("scope", scope)
    for name in ("colspan", "rowspan"):
        span = cell.get(name, "")
        if _NUMBER.fullmatch(span) and 1 < int(span) <= LARGEST_SPAN:
            written += _attribute(name, str(int(span)))
    return written


def _elements_around_blocks(root: HtmlElement) -> set[HtmlElement]:
    """The inline elements that hold a block somewhere inside."""
    holders: set[HtmlElement] = set()
    for element in root.iter(*BLOCK_TAGS):
        above = element.getparent()
        while above is not None and above not in holders:
            holders.add(above)
            above = above.getparent()
    return holders


def _with_text(element: HtmlElement) -> list[HtmlElement]:
    """The children of a list or table, with its stray text as children of their own."""
    children = []
    if element.text and element.text.strip():
        children.append(_span(element, element.text))
    for child in element:
        tail, child.tail = child.tail, None
        children.append(child)
        if tail and tail.strip():
            children.append(_span(element, tail))
    return children


def _span(near: HtmlElement, text: str) -> HtmlElement:
    span: HtmlElement = near.makeelement("span")
    span.text = text
    return span


def _rows(table: HtmlElement) -> list[HtmlElement]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table"), None) is table]


def _parent_tag(element: HtmlElement) -> str:
    parent = element.getparent()
    return "" if parent is None else str(parent.tag)


def _is_layout(table: HtmlElement, rows: Sequence[HtmlElement]) -> bool:
    """Does the table only place things on a page? By its role, a table inside it, or rows of one cell."""
    if table.get("role") in {"presentation", "none"} or next(table.iterdescendants("table"), None) is not None:
        return True
    return all(len(list(row.iterchildren("td", "th"))) <= 1 for row in rows)


def _strays(table: HtmlElement) -> list[HtmlElement]:
    """What stands in a table but in no cell, in order: captions, and text that browsers show above."""
    parts = [table, *table.iterdescendants("thead", "tbody", "tfoot", "tr")]
    return [child for part in parts for child in _with_text(part) if child.tag not in _TABLE_PARTS]


def _joined_address(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address
