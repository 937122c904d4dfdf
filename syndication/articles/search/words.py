"""Makes words comparable: without capitals, accents and endings, in the languages that a stemmer knows, and sign by sign where no spaces are written."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

LONGEST_WORD = 40  # characters; what is longer is no word of a language
_MARKS = "".join(f"\\u{code:04x}" for code in range(0x300, 0xAC00) if unicodedata.category(chr(code)).startswith("M"))
# scripts without spaces between words: Han, Kana, Thai, Lao, Myanmar, Khmer
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff"
_WORD = re.compile(f"[{_UNSPACED}][{_MARKS}]*|(?![{_UNSPACED}])[^\\W_](?:(?![{_UNSPACED}])[^\\W_]|(?![{_UNSPACED}])[{_MARKS}])*")
_IS_UNSPACED = re.compile(f"[{_UNSPACED}]").match
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_STEMMERS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "eo": "esperanto",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a text: where it stands, its plain form, its stem (the plain form where no stemmer knows the language)."""

    first: int
    end: int
    plain: str
    stem: str
    is_sign: bool
    """One sign of a script without spaces."""


def words(text: str, language: str) -> Iterator[Word]:
    """The words of a text in order; `language` is a BCP 47 tag, any other text counts as a language without a stemmer."""
    for found in _WORD.finditer(text):
        plain, stem = _forms(found[0][:LONGEST_WORD], language[:2].lower() if language[2:3] in {"", "-", "_"} else "")
        if plain:
            yield Word(found.start(), found.end(), plain, stem, bool(_IS_UNSPACED(found[0])))


def comparable(text: str, language: str, *, longest: int) -> str:
    """The words of a text with spaces between, each by its stem and, where that differs, its plain form; at most `longest` characters."""
    kept, length = [], 0
    for word in words(text, language):
        written = word.stem if word.stem == word.plain else f"{word.stem} {word.plain}"
        length += len(written) + 1
        if length > longest:
            break
        kept.append(written)
    return " ".join(kept)


@lru_cache(maxsize=50_000)
def _forms(word: str, language: str) -> tuple[str, str]:
    """The plain form and the stem, both without accents and capitals."""
    lower = unicodedata.normalize("NFC", word.casefold())
    algorithm = _STEMMERS.get(language)
    stem = _stemmer(algorithm).stemWord(lower) if algorithm else lower
    plain = _plain(lower)
    return plain, _plain(stem) or plain


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.translate(_LETTERS))
    return "".join(letter for letter in apart if letter.isalnum()).casefold()


@lru_cache(maxsize=len(_STEMMERS))
def _stemmer(algorithm: str) -> "snowballstemmer.stemmer":
    return snowballstemmer.stemmer(algorithm)
