"""Puts the blocks of any source form in order: debris and captions out, disclaimers marked, headings without gaps."""

import re
from collections.abc import Sequence

from syndication.articles.clean_article import Block, Dropped, Reading
from syndication.articles.merge_fields import Protected
from syndication.articles.source_forms import debris

DEEPEST_HEADING = 6
_HEADING_TAG = re.compile(r"<(/?)h([1-6])>")


def arranged(reading: Reading, protected: Protected) -> Reading:
    """The reading without debris and repeated titles, its trailing disclaimers as `<aside class="note">`. Doing it twice changes nothing."""
    texts = [block.text for block in reading.blocks]
    why = {index: found for index, text in enumerate(texts) if (found := debris.unmistakable(text))} | debris.debris_at_the_end(texts)
    why |= _captions([protected.restore(text) for text in texts], protected.restore(reading.facts.title))
    if len(why) == len(texts):  # a page of nothing but such lines means them
        why = {}
    dropped = [Dropped(reading.blocks[index].line, texts[index], reason) for index, reason in sorted(why.items())]
    kept = [block for index, block in enumerate(reading.blocks) if index not in why]
    return Reading(reading.facts, _with_notes(kept), reading.dropped + dropped)


def with_level_headings(markup: str) -> str:
    """The HTML with its headings starting at h2 and never skipping a level downwards, at most h6.

    Expects headings without attributes that are not inside one another, as the readers write them.
    """
    above: list[int] = []
    closing = ""

    def level(found: re.Match[str]) -> str:
        nonlocal closing
        if found[1]:
            return closing
        depth = int(found[2])
        while above and above[-1] >= depth:
            above.pop()
        above.append(depth)
        tag = f"h{min(len(above) + 1, DEEPEST_HEADING)}>"
        closing = f"</{tag}"
        return f"<{tag}"

    return _HEADING_TAG.sub(level, markup)


def _captions(texts: Sequence[str], title: str) -> dict[int, str]:
    folded = title.casefold()
    return {index: "the title again" for index, text in enumerate(texts) if folded and text.casefold() == folded}


def _with_notes(blocks: list[Block]) -> list[Block]:
    """The blocks with the disclaimers at their end marked; an article that is nothing but a disclaimer stays as it is."""
    index = len(blocks) - 1
    while index > 0:
        block, above = blocks[index], blocks[index - 1]
        if block.tag == "p" and index > 1 and debris.is_note_heading(above.text):
            blocks[index - 1 : index + 1] = [_note(f"<p>{_inside(above)}</p>{block.html}", f"{above.text} {block.text}", above.line)]
            index -= 1
        elif block.tag == "p" and debris.is_note(block.text):
            blocks[index] = _note(block.html, block.text, block.line)
        elif block.tag not in {"aside", ""}:
            break
        index -= 1
    return blocks


def _note(markup: str, text: str, line: int) -> Block:
    return Block("aside", f'<aside class="note">{markup}</aside>', text, line)


def _inside(block: Block) -> str:
    return block.html.removeprefix(f"<{block.tag}>").removesuffix(f"</{block.tag}>")
