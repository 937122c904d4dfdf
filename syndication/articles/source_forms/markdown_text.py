"""Reads Markdown: CommonMark with tables and strikethrough; HTML inside it is shown as text, never obeyed."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from syndication.articles.clean_article import Dropped, Reading
from syndication.articles.errors import BadSource
from syndication.articles.merge_fields import Protected
from syndication.articles.source_forms import front_matter, web_page

DEEPEST_NESTING = 30  # quotes and lists inside one another
LARGEST_PARAGRAPH = 500_000  # characters between two blank lines
MOST_WORK = 2 * 10**9  # sum of the squared numbers of marks in each paragraph: the parser's time grows so, and this is about 6 s

_MARKS = re.compile(r"[*_~\[\]`!<&\\]")
_BLANK_LINES = re.compile(r"\n[ \t]*\n")


def read(protected: Protected, url: str) -> Reading:
    """What the text says; merge fields stay placeholders.

    Raises BadSource: broken front matter, nested too deep, or a paragraph that no person wrote.
    """
    head = front_matter.split(protected.text)
    _refuse_bombs(head.body)
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST_NESTING}).enable(["table", "strikethrough"])
    environment: dict[str, Any] = {}
    tokens = parser.parse(head.body, environment)
    _refuse_depth(tokens)
    for token in tokens:
        if token.map and token.nesting >= 0:
            token.attrSet("data-line", str(token.map[0] + 1))
    blocks, dropped = web_page.parsed_blocks(str(parser.renderer.render(tokens, parser.options, environment)), protected, url)
    noted = _unused_references(environment, tokens) + _html_shown_as_text(head.body)
    return _with_title(Reading(head.facts, blocks, head.dropped + noted + dropped))


def _refuse_bombs(text: str) -> None:
    work = 0
    for paragraph in _BLANK_LINES.split(text):
        work += len(_MARKS.findall(paragraph)) ** 2
        if len(paragraph) > LARGEST_PARAGRAPH or work > MOST_WORK:
            raise BadSource(
                f"A paragraph starting {paragraph[:20]!r} is too long or too full of marks for Markdown "
                f"({len(paragraph)} characters). Give --kind text, or put blank lines between its paragraphs."
            )


def _refuse_depth(tokens: Sequence[Token]) -> None:
    """The parser leaves out what is nested deeper than it may go, so deep texts are refused whole."""
    for token in tokens:
        if token.level >= DEEPEST_NESTING - 2:
            line = token.map[0] + 1 if token.map else 1
            raise BadSource(f"Line {line}: quotes and lists are nested {DEEPEST_NESTING} deep. Flatten them, or give --kind text.")


def _unused_references(environment: dict[str, Any], tokens: Sequence[Token]) -> list[Dropped]:
    """Link definitions that no link uses, and those that repeat a name."""
    references = environment.get("references", {}).values()
    doubled = environment.get("duplicate_refs", [])
    if not references:
        return []
    used = {str(child.attrGet("href") or child.attrGet("src")) for token in tokens for child in token.children or []}
    unused = [one for one in references if one["href"] not in used] + list(doubled)
    return [
        Dropped(one["map"][0] + 1, f"{one.get('label', '')} {one['href']} {one['title']}".strip(), "a link that nothing points to")
        for one in unused
    ]


def _html_shown_as_text(text: str) -> list[Dropped]:
    """Nothing of it is lost, but who typed tags should hear that readers will see them."""
    tokens = MarkdownIt("commonmark", {"html": True, "maxNesting": DEEPEST_NESTING}).enable(["table", "strikethrough"]).parse(text)
    found = [(token.map, token.content) for token in tokens if token.type == "html_block"]
    found += [(token.map, child.content) for token in tokens for child in token.children or [] if child.type == "html_inline"]
    return [
        Dropped(lines[0] + 1 if lines else 1, " ".join(content.split()), "HTML in Markdown is shown as text, not obeyed")
        for lines, content in found
    ]


def _with_title(reading: Reading) -> Reading:
    """The reading with its first h1 as the title, unless the front matter gave one."""
    index = next((index for index, block in enumerate(reading.blocks) if block.tag == "h1"), None)
    if index is None or reading.facts.title:
        return reading
    others = reading.blocks[:index] + reading.blocks[index + 1 :]
    return Reading(replace(reading.facts, title=reading.blocks[index].text), others, reading.dropped)
