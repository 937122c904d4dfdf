"""Mends characters that people do not see: odd spaces, zero-width characters, soft hyphens, line ends, control characters."""

import re
import sys

from syndication.articles.clean_article import Dropped

_NO_BREAK_SPACES = ("\u00a0", "\u2007", "\u202f")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 2.2
_REFERENCE = re.compile("&#(?:[xX]0*([0-9a-fA-F]{1,6})(?![0-9a-fA-F])|0*([0-9]{1,7})(?![0-9]));?")
_TERMINAL = re.compile("\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\x07\x1b\n]*(?:\x07|\x1b\\\\))")  # ECMA-48 5.4 and 5.6: colours, moves, links
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_JOINERS = re.compile("(?<![^\x00-\x7f\\s])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f\\s])")
_BEFORE_PUNCTUATION = frozenset(":;!?»%€$")  # as French sets it
_RUNS = re.compile(r"\s+")


def normal_line_ends(text: str) -> str:
    """The text with LF only: from CRLF, CR, and the Unicode line and paragraph separators; page breaks become spaces."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    return text.replace("\x0b", " ").replace("\x0c", " ").replace("\x85", "\n")


def without_forbidden(text: str) -> tuple[str, list[Dropped]]:
    """The text without the characters that XML forbids (XML 1.0 2.2, which feeds must obey), and a report for each line that had some.

    A terminal's control sequences, which begin with such a character, go whole. Expects LF line ends.
    """
    if not _FORBIDDEN.search(text):
        return text, []
    dropped = []
    lines = text.split("\n")
    for index, coloured in enumerate(lines):
        line = lines[index] = _TERMINAL.sub("", coloured)
        if sequences := _TERMINAL.findall(coloured):
            shown = _FORBIDDEN.sub("", " ".join(f"ESC{sequence[1:]}" for sequence in dict.fromkeys(sequences)))
            dropped.append(Dropped(index + 1, shown, "a terminal's control sequences"))
        if found := sorted(set(_FORBIDDEN.findall(line))):
            names = " ".join(f"U+{ord(character):04X}" for character in found)
            dropped.append(Dropped(index + 1, names, "control characters that XML and feeds forbid"))
            lines[index] = _FORBIDDEN.sub("", line)
    return "\n".join(lines), dropped


def without_forbidden_references(markup: str) -> str:
    """The HTML without references to such characters ("&#x1f;"): a parser would make them of it again."""
    if "&#" not in markup:
        return markup
    shorter, removed = markup, True
    while removed:  # what stood around one may be one itself
        before = len(shorter)
        shorter = _REFERENCE.sub(_allowed_reference, shorter)
        removed = len(shorter) < before
    return shorter


def _allowed_reference(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    return "" if number <= sys.maxunicode and _FORBIDDEN.match(chr(number)) else found[0]


def mend_characters(text: str) -> str:
    """The text without soft hyphens and zero-width characters (joiners stay between non-ASCII letters, where scripts and emoji need them)."""
    if text.isascii():
        return text
    return _JOINERS.sub("", _INVISIBLE.sub("", _FORBIDDEN.sub("", text)))


def mend(text: str) -> str:
    """One line of text with single spaces and none at its ends.

    No-break spaces become spaces, but stay where typography means them: before : ; ! ? » % € $, after «, and between digits.
    """
    if text.isascii():
        return " ".join(text.split())
    return _RUNS.sub(_space, mend_characters(text).strip())


def _space(found: re.Match[str]) -> str:
    """What a run of white space becomes: itself when it is one no-break space that typography means, else a space."""
    space, text = found[0], found.string
    if space not in _NO_BREAK_SPACES:
        return " "
    before, after = text[found.start() - 1], text[found.end()]
    return space if after in _BEFORE_PUNCTUATION or before == "«" or (before.isdigit() and after.isdigit()) else " "


def mend_inside(text: str) -> str:
    """A piece of a longer text, mended like a line, but with one space at an end where it had white space."""
    seen = mend_characters(text)
    mended = mend(text)
    if not mended:
        return " " if seen else ""
    return (" " if seen[0].isspace() else "") + mended + (" " if seen[-1].isspace() else "")


def stands_behind_no_break_space(line: str) -> bool:
    """Does the raw line start with a no-break space, as pasted sub-headings do?"""
    return line.lstrip(" \t")[:1] in _NO_BREAK_SPACES and bool(line.strip())
