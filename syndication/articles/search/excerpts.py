"""Cuts the piece out of an article that answers a question, and says which words of it do."""

from dataclasses import dataclass

from syndication.articles.search.question import Question
from syndication.articles.search.words import Word, words

LENGTH = 240  # characters of an excerpt
BEFORE = 60  # characters shown before the first word that was found
SEARCHED = 20_000  # characters of the article that are looked through


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an excerpt, plain text: to be marked or not."""

    text: str
    is_found: bool


def excerpt(text: str, question: Question, language: str) -> tuple[Piece, ...]:
    """About LENGTH characters around the first words that were asked for, or the beginning of the text; "…" stands for what is left out."""
    found = [word for word in words(text[:SEARCHED], language) if _is_asked(word, question)]
    first = _word_start(text, max(found[0].first - BEFORE, 0)) if found else 0
    end = _word_end(text, first + LENGTH)
    pieces, at = [Piece("…", is_found=False)] if first else [], first
    for word in found:
        if word.end > end:
            break
        pieces += [Piece(text[at : word.first], is_found=False), Piece(text[word.first : word.end], is_found=True)]
        at = word.end
    pieces += [Piece(text[at:end], is_found=False), *([Piece("…", is_found=False)] if end < len(text) else [])]
    return tuple(piece for piece in pieces if piece.text)


def marked(text: str, question: Question, language: str) -> tuple[Piece, ...]:
    """The whole text, with the words that were asked for."""
    pieces, at = [], 0
    for word in words(text, language):
        if _is_asked(word, question):
            pieces += [Piece(text[at : word.first], is_found=False), Piece(text[word.first : word.end], is_found=True)]
            at = word.end
    return tuple(piece for piece in [*pieces, Piece(text[at:], is_found=False)] if piece.text)


def _is_asked(word: Word, question: Question) -> bool:
    for term in question.terms:
        if word.plain in term.signs or word.plain in term.forms or word.stem in term.forms:
            return True
        if term.beginning and word.plain.startswith(term.beginning):
            return True
    return False


def _word_start(text: str, at: int) -> int:
    """The start of the next word, if one is near."""
    space = text.find(" ", at, at + BEFORE // 2) if at else -1
    return space + 1 if space >= 0 else at


def _word_end(text: str, at: int) -> int:
    """The end of the word before, if one is near."""
    if at >= len(text):
        return len(text)
    space = text.rfind(" ", at - BEFORE // 2, at)
    return space if space > 0 else at
