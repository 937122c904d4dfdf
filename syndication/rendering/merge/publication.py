"""Writes what is the same for all readers, the publication's name and the like, into a template for good."""

from collections.abc import Mapping

import jinja2

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge.names import PUBLICATION_FIELDS
from syndication.rendering.merge.source import Kind, Piece, pieces, syntax_advice

_LEXER = jinja2.Environment(autoescape=True)


def with_publication(source: str, brand: Mapping[str, str], *, where: str) -> str:
    """The source with publication.name and the like written into its fields as fixed values, for good.

    A frozen mailing then needs its templates only. Empty ones stay as they are, so that their default() speaks.
    `source` is no HTML, or has its fields decoded already.
    """
    if "publication" not in source:
        return source
    return "".join(_fixed(piece, brand, where=where) for piece in pieces(source, where=where))


def _fixed(piece: Piece, brand: Mapping[str, str], *, where: str) -> str:
    if piece.kind not in (Kind.EXPRESSION, Kind.STATEMENT) or "publication" not in piece.source:
        return piece.source
    try:
        tokens = [(kind, text) for _line, kind, text in _LEXER.lex(piece.source)]
    except jinja2.TemplateSyntaxError as error:
        raise BadTemplate(syntax_advice(error), where=where, line=piece.line) from error
    written: list[str] = []
    position = 0
    while position < len(tokens):
        name = _publication_field(tokens, position)
        if name and brand.get(name, "").strip():
            written.append(_quoted(brand[name]))
            position += 3
        else:
            written.append(tokens[position][1])
            position += 1
    return "".join(written)


def _publication_field(tokens: list[tuple[str, str]], position: int) -> str | None:
    """The field's name when "publication", ".", name stand here and are no part of a longer path."""
    texts = [text for _kind, text in tokens[position : position + 3]]
    before = tokens[position - 1][1] if position else ""
    if texts[:2] == ["publication", "."] and len(texts) == 3 and texts[2] in PUBLICATION_FIELDS and before != ".":  # noqa: PLR2004
        return texts[2]
    return None


def _quoted(value: str) -> str:
    """A text as a Jinja string that holds letters, digits and escapes only."""
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == " "):
        return character
    return f"\\U{ord(character):08x}"
