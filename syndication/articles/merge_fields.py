"""Takes merge fields out of harm's way: each becomes one plain word before parsing and comes back afterwards.

Merge fields are Jinja's `{{ … }}`, `{% … %}` and `{# … #}`. No parser, linker or typographer may touch what is inside them.
"""

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2s

LONGEST_FIELD = 2000  # characters; a longer one is a lost brace, not a field
LONGEST_ENTITY = len("&quot;")  # what one character may take in HTML
_OPENINGS = re.compile(r"\{[{%#]")
_CLOSINGS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_LETTERS = {"{{": "v", "{%": "s", "{#": "c"}
_STRING_OR_BRACE = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[{}]')
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;", "{": "&#123;", "}": "&#125;"})


@dataclass(frozen=True, slots=True)
class Protected:
    """A text whose merge fields are placeholder words, and the way back."""

    text: str
    prefix: str
    fields: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """For each line break hidden in a field: the line of `text` on which the field stands, counted from 1."""

    @property
    def placeholder(self) -> re.Pattern[str]:
        """Matches one placeholder: group 1 tells variable (v), statement (s) or comment (c), group 2 the number."""
        return re.compile(f"{self.prefix}([vsc])([0-9]+)z")

    def source_line(self, line: int) -> int:
        """The line of the source for a line of `text`; both count from 1."""
        return line + bisect_left(self.lines, line)

    def restore(self, text: str) -> str:
        """Plain text with its merge fields as typed."""
        return self.placeholder.sub(self._typed, text) if self.fields else text

    def restore_html(self, markup: str) -> str:
        """HTML with its merge fields as typed, the characters that mean something in HTML escaped (inner braces too)."""
        return self.placeholder.sub(lambda found: escape_field(self._typed(found)), markup) if self.fields else markup

    def without_fields(self, text: str) -> str:
        """Plain text from which the merge fields are taken out."""
        return self.placeholder.sub(" ", text) if self.fields else text

    def typed(self) -> list[tuple[int, str]]:
        """Source line and typed form of each field, in order."""
        lines = enumerate(self.text.split("\n"), start=1) if self.fields else ()
        return [(self.source_line(line), self._typed(match)) for line, words in lines for match in self.placeholder.finditer(words)]

    def missing_from(self, *texts: str) -> list[tuple[int, str]]:
        """Source line and typed form of each field whose placeholder stands in none of the texts."""
        if not self.fields:
            return []
        found = {int(number) for text in texts for _, number in self.placeholder.findall(text)}
        missing = [match for match in self.placeholder.finditer(self.text) if int(match[2]) not in found]
        return [(self.source_line(self.text.count("\n", 0, match.start()) + 1), self.fields[int(match[2])]) for match in missing]

    def is_only_statements(self, text: str) -> bool:
        """Does the text hold nothing but statements and comments, which print nothing?"""
        return bool(self.fields) and not self.placeholder.sub(lambda found: "" if found[1] in "sc" else found[0], text).strip()

    def _typed(self, found: re.Match[str]) -> str:
        number = int(found[2]) if len(found[2]) < len(str(2**31)) else len(self.fields)
        return self.fields[number] if number < len(self.fields) else found[0]


def escape_field(typed: str) -> str:
    """A merge field as it may stand in HTML text and attributes; `html.unescape` gives it back.

    Braces inside the delimiters become entities too, so that the first closing delimiter is always the right one.
    """
    return typed[:2] + typed[2:-2].translate(_ENTITIES) + typed[-2:]


def protect(text: str, *, is_html: bool = False) -> Protected:
    """The text with a placeholder word for each merge field.

    is_html   the source is HTML: entities inside a field stand for characters and are read as such
    An opening without its closing within LONGEST_FIELD characters is left as text. Takes time linear in the text's length.
    """
    prefix = _unused_prefix(text)
    pieces: list[str] = []
    fields: list[str] = []
    lines: list[int] = []
    end, line = 0, 1
    for start, stop in _spans(text, LONGEST_FIELD * LONGEST_ENTITY if is_html else LONGEST_FIELD):
        typed = text[start:stop]
        meant = typed[:2] + html.unescape(typed[2:-2]) + typed[-2:] if is_html else typed
        if len(meant) > LONGEST_FIELD:
            continue
        between = text[end:start]
        line += between.count("\n")
        lines += [line] * typed.count("\n")
        pieces += [between, f"{prefix}{_LETTERS[typed[:2]]}{len(fields)}z"]
        fields.append(meant)
        end = stop
    return Protected("".join([*pieces, text[end:]]), prefix, fields, lines)


def _unused_prefix(text: str) -> str:
    """A lower-case word start that does not occur in the text; it depends on the text alone, and nobody can write it by chance."""
    lowered, salt = text.lower(), 0
    while True:
        digest = blake2s(f"{salt}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:10]
        if f"mf{digest}" not in lowered:
            return f"mf{digest}"
        salt += 1


def _spans(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Start and stop of each merge field."""
    position = 0
    next_closing = dict.fromkeys(_CLOSINGS.values(), -1)
    while found := _OPENINGS.search(text, position):
        closing = _CLOSINGS[found[0]]
        if next_closing[closing] < found.end():
            at = text.find(closing, found.end())
            next_closing[closing] = at if at >= 0 else len(text) + longest
        plain = next_closing[closing] + len(closing)
        if plain - found.start() > longest:
            position = found.start() + 1
            continue
        stop = _stop_outside_strings(text[found.end() : found.start() + longest], closing)
        position = found.end() + stop if stop else plain
        yield found.start(), position


def _stop_outside_strings(text: str, closing: str) -> int | None:
    """Where the closing delimiter ends that stands neither in a string nor inside braces, as Jinja's lexer reads it."""
    if closing == "#}":
        return None
    depth = 0
    for found in _STRING_OR_BRACE.finditer(text):
        at = found.start()
        if found[0] == "{":
            depth += 1
        elif found[0] == "}" and depth:
            depth -= 1
        elif found[0] == "}":
            start = at - 1 if closing == "%}" else at
            if start >= 0 and text.startswith(closing, start):
                return start + len(closing)
    return None
