"""Reads plain text, as people paste it from web pages and letters: finds title, headings, lists, quotes and paragraphs."""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby, pairwise

from syndication.articles import newsletter_leftovers, white_space
from syndication.articles.clean_article import Block, Dropped, Facts, Reading
from syndication.articles.merge_fields import Protected
from syndication.articles.sanitising import passes
from syndication.articles.source_forms import debris, page_top
from syndication.articles.source_forms.headings import Line, heading_levels, is_list_item, is_prose, looks_like_title
from syndication.articles.source_forms.page_blocks import joined

NARROWEST_WRAP = 50  # characters; shorter lines were broken on purpose (verse, addresses)
WIDEST_WRAP = 120  # characters; longer lines were not wrapped at all
MOSTLY = 0.8  # of the lines; people also break by hand

_BULLET = re.compile(r"[-*+•‣◦▪●·]\s+(?=\S)")
_NUMBER = re.compile(r"(\d{1,3})[.)]\s+(?=\S)")
_QUOTE_MARKS = re.compile(r"(?:>\s?)+")
_SPEECH = re.compile('["“„«»–—]')
_URL = re.compile(r"(?<![\w@.])(?:https?://|www\.(?=\w))[^\s<>\"“”„«»]+", re.IGNORECASE)
_AFTER_URL = ".,;:!?'’)]}*_"


def read(protected: Protected) -> Reading:
    """What the text says; merge fields stay placeholders. Blocks come in the order of the source."""
    lines, dropped = _without_debris(_lines_of(protected.text))
    title, lines, repeated = _take_title(lines, protected)
    levels = heading_levels(lines)
    blocks: list[Block] = []
    start = 0
    while start < len(lines):
        stop = _end_of_piece(lines, start, levels)
        if start in levels:
            blocks.append(_block(f"h{levels[start]}", [lines[start]]))
        else:
            blocks += _blocks_of(lines[start:stop], protected)
        start = stop
    return Reading(Facts(title=title), blocks, dropped + repeated)


def linked(text: str) -> str:
    """Plain text as HTML: escaped, its bare URLs turned into links, unless they belong to one reader's mail."""
    pieces, end = [], 0
    for found in _URL.finditer(text):
        url = _without_trailing_marks(found[0])
        target = newsletter_leftovers.for_everybody(url if "://" in url else f"https://{url}", url)
        if not target or not passes(target):
            continue
        pieces += [escape(text[end : found.start()], quote=False), f'<a href="{escape(target)}">{escape(url, quote=False)}</a>']
        end = found.start() + len(url)
    return "".join([*pieces, escape(text[end:], quote=False)])


def _lines_of(text: str) -> list[Line]:
    lines, gap = [], 0
    for number, raw in enumerate(text.split("\n"), start=1):
        mended = white_space.mend(raw)
        if not mended:
            gap += 1
            continue
        indent = len(raw) - len(raw.lstrip())
        lines.append(Line(number, mended, gap, indent, white_space.stands_behind_no_break_space(raw)))
        gap = 0
    return lines


def _without_debris(lines: list[Line]) -> tuple[list[Line], list[Dropped]]:
    found = {index: why for index, line in enumerate(lines) if (why := debris.unmistakable(line.text))}
    texts = [line.text for line in lines]
    found |= debris.debris_at_the_end(texts) | page_top.debris_at_the_top(texts)
    dropped = {index: why for index, why in found.items() if not _continues_a_sentence(lines, index)}
    return _keeping(lines, lambda index: index not in dropped), [
        Dropped(lines[index].number, lines[index].text, why) for index, why in sorted(dropped.items())
    ]


def _continues_a_sentence(lines: Sequence[Line], index: int) -> bool:
    """Is the line the wrapped end of a sentence that began on the line above?"""
    if index == 0 or lines[index].gap or not lines[index].text[0].islower():
        return False
    above = lines[index - 1].text
    return len(above) >= NARROWEST_WRAP and not above.endswith((".", "!", "?", ":"))


def _keeping(lines: Sequence[Line], is_kept: Callable[[int], bool]) -> list[Line]:
    """The kept lines; the one after a taken line starts a new paragraph."""
    kept, is_after_a_cut = [], False
    for index, line in enumerate(lines):
        if not is_kept(index):
            is_after_a_cut = True
            continue
        gap = line.gap or int(is_after_a_cut)
        kept.append(Line(line.number, line.text, gap, line.indent, line.is_set_in))
        is_after_a_cut = False
    return kept


def _take_title(lines: list[Line], protected: Protected) -> tuple[str, list[Line], list[Dropped]]:
    """The title, the other lines, and the lines that only repeat the title (captions)."""
    if not lines or protected.is_only_statements(lines[0].text) or not _starts_with_title(lines):
        return "", lines, []
    title = lines[0].text
    folded = title.casefold()
    repeats = {index for index, line in enumerate(lines) if index and line.text.casefold() == folded}
    rest = _keeping(lines, lambda index: index > 0 and index not in repeats)
    return title, rest, [Dropped(lines[index].number, lines[index].text, "the title again") for index in sorted(repeats)]


def _starts_with_title(lines: Sequence[Line]) -> bool:
    first = lines[0]
    if not looks_like_title(first.text) or debris.is_note(first.text):
        return False
    if len(lines) == 1 or lines[1].gap:
        return not is_list_item(first.text) or len(lines) == 1 or not is_list_item(lines[1].text)
    below = lines[1].text
    return is_prose(below) and not _is_wrapped([first, *_until_gap(lines[1:])]) and not is_prose(first.text)


def _until_gap(lines: Sequence[Line]) -> Iterator[Line]:
    for index, line in enumerate(lines):
        if index and line.gap:
            return
        yield line


def _end_of_piece(lines: Sequence[Line], start: int, levels: dict[int, int]) -> int:
    """Where the heading, list, quote or paragraph that starts here ends."""
    if start in levels:
        return start + 1
    form = _form(lines[start])
    stop = start + 1
    while stop < len(lines) and stop not in levels and _belongs(form, lines[stop], lines[stop - 1]):
        stop += 1
    return stop


def _belongs(form: str, line: Line, above: Line) -> bool:
    own = _form(line)
    if own == "p" and form in {"ul", "ol"}:  # a line set in goes on with the item above
        return not line.gap and line.indent > above.indent
    if form == "ol" and line.gap and own == form:  # items may stand apart as long as they count on
        return _number(line) == _number(above) + 1
    if form == "ul":
        return own == form
    return own == form and not line.gap


def _form(line: Line) -> str:
    if _BULLET.match(line.text):
        return "ul"
    if _NUMBER.match(line.text):
        return "ol"
    return "blockquote" if line.text.startswith(">") else "p"


def _blocks_of(lines: Sequence[Line], protected: Protected) -> list[Block]:
    form = _form(lines[0])
    if form == "ul" or (form == "ol" and _counts_from_one(lines)):
        return [_list(form, lines)]
    if form == "blockquote":
        return list(_quote(lines, protected))
    return _prose(lines, protected)


def _prose(lines: Sequence[Line], protected: Protected) -> list[Block]:
    """The paragraphs of lines without blank lines between them; lines of statements alone stay bare."""
    blocks: list[Block] = []
    for is_bare, some in groupby(lines, key=lambda line: protected.is_only_statements(line.text)):
        run = list(some)
        blocks += [_bare(line) for line in run] if is_bare else [_block("p", group) for group in _paragraphs(run)]
    return blocks


def _counts_from_one(lines: Sequence[Line]) -> bool:
    numbers = [int(found[1]) for line in lines if (found := _NUMBER.match(line.text))]
    return numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 1


def _number(line: Line) -> int:
    found = _NUMBER.match(line.text)
    return int(found[1]) if found else 0


def _list(tag: str, lines: Sequence[Line]) -> Block:
    mark = _BULLET if tag == "ul" else _NUMBER
    items: list[str] = []
    for line in lines:
        if found := mark.match(line.text):
            items.append(line.text[found.end() :])
        else:
            items[-1] += f" {line.text}"
    markup = "".join(f"<li>{linked(item)}</li>" for item in items)
    return Block(tag, f"<{tag}>{markup}</{tag}>", " ".join(items), lines[0].number)


def _quote(lines: Sequence[Line], protected: Protected) -> Iterator[Block]:
    inner: list[Line] = []
    gap = 0
    for line in lines:
        text = line.text[found.end() :].strip() if (found := _QUOTE_MARKS.match(line.text)) else line.text
        if text:
            inner.append(Line(line.number, text, gap))
        gap = 0 if text else 1
    blocks = [block for part in _split_at_gaps(inner) for block in _prose(part, protected)]
    if blocks:
        yield Block("blockquote", f"<blockquote>{joined(blocks)}</blockquote>", " ".join(line.text for line in inner), lines[0].number)


def _split_at_gaps(lines: Sequence[Line]) -> Iterator[list[Line]]:
    part: list[Line] = []
    for line in lines:
        if line.gap and part:
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _paragraphs(lines: Sequence[Line]) -> list[Sequence[Line]]:
    """The lines of one run as paragraphs: wrapped prose and verse are one, long lines and speech are one each."""
    if len(lines) == 1 or _is_wrapped(lines):
        return [lines]
    if any(_SPEECH.match(line.text) for line in lines) or max(len(line.text) for line in lines) > WIDEST_WRAP:
        return [[line] for line in lines]
    return [lines]


def _is_wrapped(lines: Sequence[Line]) -> bool:
    """Was nearly each line broken because the next word did not fit?"""
    width = max(len(line.text) for line in lines)
    if not NARROWEST_WRAP <= width <= WIDEST_WRAP:
        return False
    fits = [len(line.text) + 1 + len(below.text.split(" ", 1)[0]) > width - 2 for line, below in pairwise(lines)]
    return sum(fits) >= MOSTLY * len(fits) and min(len(line.text) for line in lines[:-1] or lines) >= width // 2


def _block(tag: str, lines: Sequence[Line]) -> Block:
    glue = " " if len(lines) == 1 or _is_wrapped(lines) else "<br>"
    markup = glue.join(linked(line.text) for line in lines)
    return Block(tag, f"<{tag}>{markup}</{tag}>", " ".join(line.text for line in lines), lines[0].number)


def _bare(line: Line) -> Block:
    """A line of statements alone: a paragraph around it would be empty once it is rendered."""
    return Block("", line.text, line.text, line.number)


def _without_trailing_marks(url: str) -> str:
    """The URL without the punctuation behind it; a closing parenthesis stays when one was opened."""
    end, unopened = len(url), url.count(")") - url.count("(")
    while end and url[end - 1] in _AFTER_URL and (url[end - 1] != ")" or unopened > 0):
        unopened -= url[end - 1] == ")"
        end -= 1
    return url[:end]
