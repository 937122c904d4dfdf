"""Reads what somebody typed into the search field, whatever it is, and says it in the language of each database's index."""

from dataclasses import dataclass
from itertools import groupby

from syndication.articles.search.words import Word, words

LONGEST_QUESTION = 200  # characters
MOST_TERMS = 10
SHORTEST_BEGINNING = 4  # characters from which on a word also stands for those that begin with it


@dataclass(frozen=True, slots=True)
class Term:
    """What an article must hold: one of `forms`, or a word that begins with `beginning`, or the `signs` one behind the other."""

    forms: tuple[str, ...] = ()
    beginning: str = ""
    signs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """All of its terms must be found; without terms nothing was asked."""

    terms: tuple[Term, ...]

    def for_fts5(self) -> str:
        """As SQLite's FTS5 reads it. Forms hold letters and digits only, so that quotes keep them from being operators."""
        return " AND ".join(f"({' OR '.join(_fts5(term))})" for term in self.terms)

    def for_tsquery(self) -> str:
        """As PostgreSQL's to_tsquery reads it."""
        return " & ".join(f"({' | '.join(_tsquery(term))})" for term in self.terms)


def read(typed: str, languages: tuple[str, ...]) -> Question:
    """The question in a text of any kind; a word is looked for by its stem in each of the languages (BCP 47), by its plain form and by its beginning."""
    text = typed[:LONGEST_QUESTION].replace("\x00", " ")
    readings = [list(words(text, language)) for language in languages] or [list(words(text, ""))]
    terms: dict[Term, None] = {}
    runs = groupby(enumerate(readings[0]), key=lambda one: (one[1].is_sign, one[1].first - _width_before(readings[0], one[0])))
    for (is_sign, _), run in runs:
        found = list(run)
        if is_sign:
            terms[Term(signs=tuple(word.plain for _, word in found))] = None
            continue
        for at, word in found:
            terms[_term(word, [reading[at].stem for reading in readings])] = None
    return Question(tuple(terms)[:MOST_TERMS])


def _width_before(reading: list[Word], at: int) -> int:
    """What makes neighbouring signs without a gap one run: the length of all words before."""
    return sum(word.end - word.first for word in reading[:at])


def _term(word: Word, stems: list[str]) -> Term:
    forms = tuple(dict.fromkeys([*stems, word.plain]))
    return Term(forms=forms, beginning=word.plain if len(word.plain) >= SHORTEST_BEGINNING else "")


def _fts5(term: Term) -> list[str]:
    if term.signs:
        return [f'"{" ".join(term.signs)}"']
    return [*(f'"{form}"' for form in term.forms), *([f'"{term.beginning}"*'] if term.beginning else [])]


def _tsquery(term: Term) -> list[str]:
    if term.signs:
        return [" <-> ".join(f"'{sign}'" for sign in term.signs)]
    return [*(f"'{form}'" for form in term.forms), *([f"'{term.beginning}':*"] if term.beginning else [])]
