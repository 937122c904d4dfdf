"""Writes an article as plain text that is a pleasure to read: wrapped, with lists, quotes and tables, links as footnotes.

It reads the article's own structure, never the email's layout tables.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

WIDTH = 72  # columns; RFC 5322 2.1.1 wants fewer than 78, and an answer adds "> "
FIELD_WIDTH = 8  # columns, what a merge field takes on average
_NARROWEST = 24  # columns that a deeply nested text still gets
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_BLOCKS = frozenset(
    {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "blockquote", "pre", "table", "figure", "figcaption", "aside"}
    | {"hr", "details", "summary", "video", "audio"}
)
_BREAK = "\x00"  # a line break inside a paragraph; no HTML text holds it
_UNDERLINES = {"h1": "=", "h2": "-"}


def no_fields(_text: str) -> bool:
    """For a text without merge fields: nothing in it is a statement."""
    return False


class ClosedInside(str):
    """A list whose last item stands in a loop or a condition, with its line break."""

    __slots__ = ()


def block_end(block: str) -> str:
    """What separates a block from the next: an empty line."""
    return "\n" if isinstance(block, ClosedInside) else "\n\n"


@dataclass
class TextBody:
    """An article's text: fill it from the tree, then read `text` and `footnotes`.

    is_statement  tells whether a text is nothing but hidden statements, which print nothing themselves
    fields        finds hidden merge fields, whose columns are guessed; None when there are none
    """

    is_statement: Callable[[str], bool] = no_fields
    fields: re.Pattern[str] | None = None
    links: list[str] = field(default_factory=list)

    def text(self, root: HtmlElement) -> str:
        """The body, without a line break at the end unless a condition closes it."""
        return self._stacked(self._blocks(root, WIDTH)).rstrip("\n")

    def footnotes(self) -> str:
        """The addresses that the body refers to, "[1] https://…", one on a line and never broken."""
        return "\n".join(f"[{number}] {url}" for number, url in enumerate(self.links, 1))

    def underlined(self, title: str, line: str) -> str:
        """A title of one or more lines with a line below that is as long as the longest."""
        lines = self._wrapped(title, WIDTH)
        return "\n".join([*lines, line * max(min(max(map(self._columns, lines)), WIDTH), 3)])

    def wrapped(self, text: str, width: int = WIDTH) -> str:
        """Text whose lines stay within the width, except for a word (or an address) that is longer by itself."""
        return "\n".join(line for part in text.splitlines() for line in self._wrapped(part, width))

    # -------------------------------------------------------------- blocks

    def _blocks(self, element: HtmlElement, width: int) -> list[str]:
        """The element's content as blocks of lines; text between block elements is a paragraph of its own."""
        blocks: list[str] = []
        run = [element.text or ""]
        for child in element:
            if child.tag in _BLOCKS:
                blocks += self._paragraph("".join(run), width)
                blocks += self._block(child, width)
                run = [child.tail or ""]
            else:
                run += [self._inline(child), child.tail or ""]
        return blocks + self._paragraph("".join(run), width)

    def _paragraph(self, text: str, width: int) -> list[str]:
        lines = [line for part in text.split(_BREAK) for line in self._wrapped(part, width)]
        joined = "\n".join(lines).strip("\n")
        return [joined] if joined else []

    def _block(self, element: HtmlElement, width: int) -> list[str]:
        tag = str(element.tag)
        write = {
            "pre": self._preformatted, "hr": self._rule, "blockquote": self._quote, "aside": self._note, "table": self._table,
            "ul": self._list, "ol": self._list, "dl": self._definitions, "video": self._media, "audio": self._media,
        }.get(tag)  # fmt: skip
        if write:
            return [text for text in [write(element, width)] if text.strip()]
        if tag in ("h1", "h2"):
            return [self.underlined(heading, _UNDERLINES[tag]) for heading in self._heading(element)]
        if tag in ("h3", "h4", "h5", "h6"):
            return ["\n".join(self._wrapped(f"### {heading}", width)) for heading in self._heading(element)]
        return self._blocks(element, width)

    def _heading(self, element: HtmlElement) -> list[str]:
        text = _BLANKS.sub(" ", self._inline_content(element).replace(_BREAK, " ")).strip()
        return [text] if text else []

    def _stacked(self, blocks: list[str]) -> str:
        """Blocks with an empty line after each; a statement stands before what it governs, without lines of its own."""
        return "".join(block if self.is_statement(block) else block + block_end(block) for block in blocks)

    def _preformatted(self, element: HtmlElement, _width: int) -> str:
        return str(element.text_content()).strip("\n")

    def _rule(self, _element: HtmlElement, _width: int) -> str:
        return "* * *"

    def _quote(self, element: HtmlElement, width: int) -> str:
        return self._prefixed(element, "> ", width)

    def _note(self, element: HtmlElement, width: int) -> str:
        return self._prefixed(element, "| ", width)

    def _prefixed(self, element: HtmlElement, prefix: str, width: int) -> str:
        inner = self._stacked(self._blocks(element, max(width - len(prefix), _NARROWEST))).strip("\n")
        return "\n".join((prefix + line).rstrip() for line in inner.split("\n"))

    def _media(self, element: HtmlElement, _width: int) -> str:
        source = element.get("src") or next((child.get("src", "") for child in element.iter("source")), "")
        return f"[{str(element.tag).title()}: {source}]" if source else ""

    # -------------------------------------------------------------- lists

    def _list(self, element: HtmlElement, width: int) -> str:
        written: list[str] = []
        number = int(element.get("start", "1")) if element.get("start", "1").lstrip("-").isdigit() else 1
        statements = [element.text or ""]
        items: list[tuple[str, bool]] = []
        for child in element:
            marker = f"{number}. " if element.tag == "ol" else "- "
            items += [(statement.strip(), True) for statement in statements if statement.strip()]
            items.append((self._item(child, marker, width), False))
            number += 1
            statements = [child.tail or ""]
        items += [(statement.strip(), True) for statement in statements if statement.strip()]
        is_loose = any("\n\n" in text for text, is_between in items if not is_between)
        for text, is_between in items:
            written.append(text if is_between else text + ("\n\n" if is_loose else "\n"))
        text = "".join(written).rstrip("\n")
        return ClosedInside(text) if items and items[-1][1] else text

    def _item(self, element: HtmlElement, marker: str, width: int) -> str:
        blocks = self._blocks(element, max(width - len(marker), _NARROWEST))
        is_tight = len(blocks) < 2 or all(child.tag in ("ul", "ol") for child in element if child.tag in _BLOCKS)  # noqa: PLR2004
        inner = ("\n".join(blocks) if is_tight else self._stacked(blocks)).strip("\n")
        first, *others = inner.split("\n")
        return "\n".join([marker + first, *(" " * len(marker) + line if line else "" for line in others)])

    def _definitions(self, element: HtmlElement, width: int) -> str:
        lines: list[str] = []
        for child in element:
            indent = "    " if child.tag == "dd" else ""
            inner = self._stacked(self._blocks(child, max(width - len(indent), _NARROWEST))).strip("\n")
            lines += [indent + line if line else "" for line in inner.split("\n")]
        return "\n".join(lines)

    # -------------------------------------------------------------- tables

    def _table(self, element: HtmlElement, width: int) -> str:
        caption = [line for part in element.iter("caption") for line in self._wrapped(self._inline_content(part), width)]
        rows = [[self._cell(cell) for cell in row if cell.tag in ("td", "th")] for row in element.iter("tr")]
        rows = [row for row in rows if row]
        if not rows:
            return "\n".join(caption)
        first = next(row for row in element.iter("tr") if len(row))
        has_head = all(cell.tag == "th" for cell in first if cell.tag in ("td", "th"))
        columns = max(map(len, rows))
        rows = [row + [""] * (columns - len(row)) for row in rows]
        widths = [max(map(self._columns, column)) for column in zip(*rows, strict=True)]
        is_narrow = sum(widths) + 2 * (columns - 1) <= width
        body = self._aligned(rows, widths, has_head=has_head) if is_narrow else self._row_by_row(rows, width, has_head=has_head)
        return "\n".join([*caption, *body])

    def _cell(self, cell: HtmlElement) -> str:
        return " ".join(" ".join(self._blocks(cell, 10_000)).split())

    def _aligned(self, rows: list[list[str]], widths: list[int], *, has_head: bool) -> Iterator[str]:
        for number, row in enumerate(rows):
            cells = zip(row, widths, strict=True)
            yield "  ".join(cell + " " * (width - self._columns(cell)) for cell, width in cells).rstrip()
            if has_head and number == 0:
                yield "  ".join("-" * width for width in widths)

    def _row_by_row(self, rows: list[list[str]], width: int, *, has_head: bool) -> Iterator[str]:
        """A wide table: each row is a small group of lines, "Head: cell"."""
        heads, body = (rows[0], rows[1:]) if has_head else ([""] * len(rows[0]), rows)
        for number, row in enumerate(body):
            if number:
                yield ""
            for head, cell in zip(heads, row, strict=True):
                yield from self._wrapped(f"{head}: {cell}" if head else cell, width)

    # -------------------------------------------------------------- words

    def _inline_content(self, element: HtmlElement) -> str:
        return (element.text or "") + "".join(self._inline(child) + (child.tail or "") for child in element)

    def _inline(self, element: HtmlElement) -> str:
        tag = element.tag
        if tag == "br":
            return _BREAK
        if tag == "img":
            alt = _BLANKS.sub(" ", element.get("alt", "")).strip()
            return f"[Image: {alt}]" if alt else ""
        content = self._inline_content(element)
        if tag == "a":
            return self._link(element.get("href", ""), content)
        frames = {"code": "`{}`", "kbd": "`{}`", "q": "“{}”", "sup": "^{}"}
        return frames[tag].format(content) if tag in frames and content.strip() else content

    def _link(self, url: str, content: str) -> str:
        shown = content.strip()
        if not url or not shown:
            return content
        if shown in (url, url.removeprefix("mailto:"), url.removeprefix("https://").rstrip("/")):
            return url.removeprefix("mailto:")
        if url not in self.links:
            self.links.append(url)
        return f"{content.rstrip()} [{self.links.index(url) + 1}]"

    def _wrapped(self, text: str, width: int) -> list[str]:
        lines: list[str] = []
        line, used = "", 0
        for word in self._words(text, width):
            columns = self._columns(word)
            if line and used + 1 + columns > width:
                lines.append(line)
                line, used = word, columns
            else:
                line, used = (f"{line} {word}", used + 1 + columns) if line else (word, columns)
        return [*lines, line] if line else lines

    def _words(self, text: str, width: int) -> Iterator[str]:
        for word in _BLANKS.split(text):
            if word and self._columns(word) > width and _has_wide(word):
                yield from _cut_wide(word, width)
            elif word:
                yield word

    def _columns(self, text: str) -> int:
        if self.fields is not None:
            text = self.fields.sub(lambda found: "" if found.group(2) == "s" else "x" * FIELD_WIDTH, text)
        return len(text) if text.isascii() else sum(map(_character_columns, text))


def _character_columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _has_wide(word: str) -> bool:
    return any(unicodedata.east_asian_width(character) in "WF" for character in word)


def _cut_wide(word: str, width: int) -> Iterator[str]:
    """Chinese or Japanese text, which has no blanks and may break between any two signs."""
    line, used = "", 0
    for character in word:
        columns = _character_columns(character)
        if line and used + columns > width:
            yield line
            line, used = "", 0
        line, used = line + character, used + columns
    yield line
