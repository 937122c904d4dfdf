"""Tells which lines of a plain text are headings although nothing marks them, and how deep they are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from syndication.articles.source_forms import debris

LONGEST_HEADING = 100  # characters
MOST_WORDS = 14
LONG_LINE = 80  # characters; a line this long is prose
SENTENCE = 40  # characters; a line this long that ends like a sentence is prose
MOST_IN_A_ROW = 2  # bare lines in a row that may all be headings; more are a poem or a list

_LIST_ITEM = re.compile(r"(?:[-*+•‣◦▪●·]|\d{1,3}[.)])\s+\S")
_BULLET = re.compile(r"[-*+•‣◦▪●·]\s+\S")
_NUMBERED = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2})*[.):]?|[IVX]{1,4}[.)]|(?:chapter|part|step|kapitel|teil|schritt|chapitre|partie|étape)\s\d+\s?[:.]?)\s+\S",
    re.IGNORECASE,
)
_ITEM_NUMBER = re.compile(r"(\d{1,3})[.)]\s+\S")
_QUOTE = re.compile(r">\s?")
_SPEECH = re.compile('["“”„«»‚‘–—]')
_ENDS_OPEN = re.compile(r"[.,;:!…–—-][\"'”’»)\]]*$")
_ENDS_A_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")
_INNER_SENTENCE = re.compile(r"\w{3,}[.!?]\s+\w")
_GREETING = re.compile(
    r"(?:hello|hi|hey|dear|good (?:morning|day|evening)|hallo|liebe[rs]?|guten (?:morgen|tag|abend)|sehr geehrte[rs]?|bonjour|bonsoir|ch[eè]re?s?|salut"
    r"|hola|querid[oa]s?|ciao|car[oi]|gentile|olá|beste|hej)\b",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?://|www\.)\S", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line with something on it: its number in the source (from 1), mended text, blank lines before it, how it was set in."""

    number: int
    text: str
    gap: int
    indent: int = 0
    is_set_in: bool = False
    """It stood behind a no-break space."""


def is_list_item(text: str) -> bool:
    """Does the line start with a bullet or a number?"""
    return bool(_LIST_ITEM.match(text))


def is_prose(text: str) -> bool:
    """Is the line long, or a sentence?"""
    return len(text) >= LONG_LINE or (len(text) >= SENTENCE and bool(_ENDS_A_SENTENCE.search(text)))


def looks_like_heading(text: str) -> bool:
    """Could the line be a heading, judged by itself: short, starting with a capital or a number, one phrase, no final stop?"""
    if not text or len(text) > LONGEST_HEADING or len(text.split()) > MOST_WORDS:
        return False
    if _BULLET.match(text) or _QUOTE.match(text) or _SPEECH.match(text) or _URL.search(text) or _GREETING.match(text):
        return False
    rest = _without_number(text)
    first = next((character for character in rest if character.isalnum()), "")
    if not first or first.islower() or _INNER_SENTENCE.search(rest):
        return False
    return not _ENDS_OPEN.search(text) or is_emphatic(text)


def looks_like_title(text: str) -> bool:
    """Could the first line be the title? More may be one than a heading: a sentence, a quotation, an exclamation."""
    return (
        bool(text)
        and len(text) <= LONGEST_HEADING * 3 // 2
        and not (_BULLET.match(text) or _QUOTE.match(text) or _GREETING.match(text) or text.endswith((",", ";", ":")))
    )


def is_emphatic(text: str) -> bool:
    """Is the line in capitals, or title case that ends with "!"?"""
    words = [word for word in _without_number(text).split() if word[0].isalpha()]
    if text.isupper():
        return not text.endswith((",", ";")) and any(len(word) > 1 for word in words)
    return text.endswith("!") and len(words) > MOST_IN_A_ROW and all(word[0].isupper() for word in words if len(word) > len("with"))


def heading_levels(lines: Sequence[Line]) -> dict[int, int]:
    """Which lines are headings: index -> level (2 or 3). The title must not be among the lines.

    A line set in by a no-break space is one level below the plain heading above it; with none above it is level 2.
    """
    found: dict[int, int] = {}
    runs = _runs_of_bare_lines(lines)
    has_plain_heading = False
    for index in range(len(lines) - 1):
        if not _is_heading(lines, index, previous_is_heading=index - 1 in found, run=runs.get(index, 0)):
            continue
        is_below = lines[index].is_set_in and has_plain_heading
        found[index] = 3 if is_below else 2
        has_plain_heading = has_plain_heading or not lines[index].is_set_in
    return found


def _is_heading(lines: Sequence[Line], index: int, *, previous_is_heading: bool, run: int) -> bool:
    line, following = lines[index], lines[index + 1]
    if not looks_like_heading(line.text) or not (line.gap or index == 0 or previous_is_heading):
        return False
    if debris.is_note(following.text) or debris.is_note(line.text):
        return False
    if _continues_a_numbered_list(lines, index):
        return False
    if following.gap == 0:
        if line.is_set_in != following.is_set_in and looks_like_heading(following.text):
            return True
        return is_list_item(following.text) or _introduces(line, following, lines[index + 1 :])
    return run <= MOST_IN_A_ROW


def _introduces(line: Line, following: Line, rest: Sequence[Line]) -> bool:
    """Is `line` a heading right above a paragraph, and not merely the first line of a paragraph that was wrapped?"""
    if not is_prose(following.text):
        return False
    widths = [len(following.text)]
    for other in rest[1:]:
        if other.gap:
            break
        widths.append(len(other.text))
    first_word = following.text.split(" ", 1)[0]
    return len(line.text) + 1 + len(first_word) <= max(widths)


def _continues_a_numbered_list(lines: Sequence[Line], index: int) -> bool:
    """Does the line above or below carry the number before or after, with no text between them (a list, perhaps with wide spacing)?"""
    number = _list_number(lines, index)
    return number is not None and (_list_number(lines, index - 1) == number - 1 or _list_number(lines, index + 1) == number + 1)


def _list_number(lines: Sequence[Line], index: int) -> int | None:
    if not 0 <= index < len(lines) or not (found := _ITEM_NUMBER.match(lines[index].text)):
        return None
    return int(found[1])


def _runs_of_bare_lines(lines: Sequence[Line]) -> dict[int, int]:
    """For each line that stands alone and looks like a heading: how many such lines stand in a row, or more than allowed at the end."""
    sizes: dict[int, int] = {}
    start = 0
    while start < len(lines):
        stop = start
        while stop < len(lines) and _stands_alone(lines, stop) and looks_like_heading(lines[stop].text):
            stop += 1
        leads_nowhere = stop == len(lines) or debris.is_note(lines[stop].text)  # a greeting and a name, not headings
        sizes.update(dict.fromkeys(range(start, stop), MOST_IN_A_ROW + 1 if leads_nowhere else stop - start))
        if stop - start > MOST_IN_A_ROW and stop < len(lines) and is_prose(lines[stop].text):
            sizes[stop - 1] = 1  # the last of many short lines still is the heading of the prose below it
        start = max(stop, start + 1)
    return sizes


def _stands_alone(lines: Sequence[Line], index: int) -> bool:
    return (lines[index].gap > 0 or index == 0) and (index + 1 == len(lines) or lines[index + 1].gap > 0)


def _without_number(text: str) -> str:
    found = _NUMBERED.match(text)
    return text[found.end() - 1 :] if found else text
