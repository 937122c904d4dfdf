"""Finds the merge fields in a text and keeps them safe while other tools work on what stands around them.

A piece in double braces is an expression, one in brace-percent a statement, one in brace-hash a comment; between the
statements raw and endraw everything is literal.
"""

import hashlib
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto

import jinja2

from syndication.rendering.bad_template import BadTemplate

RAW_ADVICE = "If these braces are meant for readers, write {% raw %} before and {% endraw %} after them."

_OPEN = re.compile(r"\{\{|\{%|\{#")
_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_STRING_EDGES = {'"': '"', "'": "'", "&quot;": '"', "&#34;": '"', "&#x22;": '"', "&#39;": "'", "&#x27;": "'", "&apos;": "'"}
_WITHIN = re.compile(r"\\.|\"|'|&quot;|&#34;|&#x22;|&#39;|&#x27;|&apos;|\}\}|%\}", re.DOTALL)
_RAW = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_ENDRAW = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_TAG = re.compile(r"<[A-Za-z/!]")
_BRACES_TO_HIDE = re.compile(r"\{+[%#]|\{{2,}|\{$")


class Kind(Enum):
    """What a piece of a source is."""

    TEXT = auto()
    EXPRESSION = auto()
    STATEMENT = auto()
    COMMENT = auto()
    RAW_EDGE = auto()
    LITERAL = auto()
    """What stands between raw and endraw."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the source as it was written; the pieces joined are the source."""

    kind: Kind
    source: str
    line: int


def syntax_advice(error: jinja2.TemplateSyntaxError) -> str:
    """A syntax error in words that say what to do."""
    message = (error.message or "something is wrong here").rstrip(".")
    if any(quote in message for quote in "“”„‘’«»"):
        return f'{message}. Quotation marks inside braces must be straight: "there".'
    return f"{message}. {RAW_ADVICE}"


def has_fields(source: str) -> bool:
    """Whether anything in the source would be read as a merge field, a statement or a comment."""
    return _OPEN.search(source) is not None


def pieces(source: str, *, where: str) -> Iterator[Piece]:
    """The source cut into its pieces, in order. Raises BadTemplate for a piece that is never closed."""
    position, line = 0, 1
    while match := _OPEN.search(source, position):
        if match.start() > position:
            text = source[position : match.start()]
            yield Piece(Kind.TEXT, text, line)
            line += text.count("\n")
        for piece in _pieces_at(source, match, where=where, line=line):
            yield piece
            line += piece.source.count("\n")
            position = max(position, match.start())
            position += len(piece.source)
    if position < len(source):
        yield Piece(Kind.TEXT, source[position:], line)


def _pieces_at(source: str, match: re.Match[str], *, where: str, line: int) -> list[Piece]:
    start, opener = match.start(), match.group()
    raw = _RAW.match(source, start)
    if raw:
        return _raw_block(source, raw, where=where, line=line)
    end = source.find("#}", start) + 2 if opener == "{#" else _end_of(source, start + 2, _CLOSERS[opener])
    if end < start + 4:
        raise BadTemplate(f"{opener} is never closed by {_CLOSERS[opener]}. {RAW_ADVICE}", where=where, line=line)
    kind = {"{{": Kind.EXPRESSION, "{%": Kind.STATEMENT, "{#": Kind.COMMENT}[opener]
    return [Piece(kind, source[start:end], line)]


def _raw_block(source: str, raw: re.Match[str], *, where: str, line: int) -> list[Piece]:
    end = _ENDRAW.search(source, raw.end())
    if end is None:
        raise BadTemplate("{% raw %} is never closed. Write {% endraw %} where it ends.", where=where, line=line)
    inner = source[raw.end() : end.start()]
    return [Piece(Kind.RAW_EDGE, raw.group(), line), Piece(Kind.LITERAL, inner, line), Piece(Kind.RAW_EDGE, end.group(), line)]


def _end_of(source: str, start: int, closer: str) -> int:
    """Where the piece ends: after its closer, which does not count inside a string; 1 when there is none."""
    inside = ""
    for token in _WITHIN.finditer(source, start):
        edge = _STRING_EDGES.get(token.group())
        if edge and not inside:
            inside = edge
        elif edge and edge == inside:
            inside = ""
        elif not inside and token.group() == closer:
            return token.end()
    return source.find(closer, start) + 2  # an apostrophe that opens no string: the first closer is meant


def decoded(source: str, *, where: str) -> str:
    """An HTML source whose merge fields are no longer HTML: `default(&quot;there&quot;)` becomes `default("there")`.

    Raises BadTemplate when formatting, such as <b>, has slipped between the braces.
    """
    if not has_fields(source):
        return source
    return "".join(decoded_piece(piece, where=where) for piece in pieces(source, where=where))


def decoded_piece(piece: Piece, *, where: str) -> str:
    """One piece of an HTML source as decoded() leaves it."""
    if piece.kind not in (Kind.EXPRESSION, Kind.STATEMENT):
        return piece.source
    if _TAG.search(piece.source):
        message = f"formatting or a line break stands inside the braces of {piece.source!r}. Delete the field and type it again, plain."
        raise BadTemplate(message, where=where, line=piece.line)
    return html.unescape(piece.source)


class Placeholders:
    """Stand-ins for merge fields: letters and digits that MJML, CSS and HTML tools carry along without a look.

    One object serves one rendering. The stand-ins depend on the given sources only, and occur in none of them.
    fix  what is done to each field before it is hidden, such as writing a fixed value into it
    """

    def __init__(self, *sources: str, fix: Callable[[str], str] = str) -> None:
        self._hidden: list[str] = []
        self._fix = fix
        digest = hashlib.blake2s("\0".join(sources).encode("utf-8", "replace")).hexdigest()
        while any(digest[:12] in source for source in sources):
            digest = hashlib.blake2s(digest.encode()).hexdigest()
        self._mark = f"qz{digest[:12]}"
        self.pattern = re.compile(f"{self._mark}(\\d{{6}})([esl])zq")
        """Finds a stand-in; its second group tells an (e)xpression, a (s)tatement or a (l)iteral."""

    def hide(self, source: str, *, where: str, markup: bool) -> str:
        """The source with every merge field replaced; comments are dropped, raw blocks become literal text."""
        if not has_fields(source):
            return source
        return "".join(self._hide_piece(piece, where=where, markup=markup) for piece in pieces(source, where=where))

    def literal(self, text: str) -> str:
        """Text in which braces are only braces, whatever they look like."""
        return _BRACES_TO_HIDE.sub(lambda match: self._keep(f'{{{{ "{match.group()}" }}}}', "l"), text)

    def show(self, text: str, *, markup: bool) -> str:
        """The text with the fields back in their places; in markup what means something in HTML is written as HTML."""

        def field(match: re.Match[str]) -> str:
            source = self._hidden[int(match.group(1))]
            return source.replace("&", "&amp;").replace("<", "&lt;") if markup else source

        return self.pattern.sub(field, text)

    def _hide_piece(self, piece: Piece, *, where: str, markup: bool) -> str:
        if piece.kind is Kind.TEXT:
            return piece.source
        if piece.kind is Kind.LITERAL:
            return self.literal(piece.source)
        if piece.kind in (Kind.COMMENT, Kind.RAW_EDGE):
            return ""
        source = decoded_piece(piece, where=where) if markup else piece.source
        return self._keep(self._fix(source), "e" if piece.kind is Kind.EXPRESSION else "s")

    def _keep(self, source: str, letter: str) -> str:
        self._hidden.append(source)
        return f"{self._mark}{len(self._hidden) - 1:06d}{letter}zq"
