"""Makes the short forms of an article's words: the summary, the slug, a title where none was given."""

import re
import unicodedata
from hashlib import blake2s

LONGEST_SUMMARY = 200  # characters
LONGEST_SLUG = 80  # characters
LONGEST_TITLE = 300  # characters, the column's width
LONGEST_MADE_TITLE = 80  # characters

_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s)")
_UNFOLDED = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "þ": "th",
        "ð": "d",
        "ı": "i",
    }
)
RESERVED_SLUGS = frozenset({"authors", "feeds", "search", "tags"})  # pages that stand beside the articles
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9]+")


def shortened(text: str, longest: int) -> str:
    """The text, or its start up to the last sentence end or else the last word end (then with "…") within `longest` characters."""
    if len(text) <= longest:
        return text
    head = text[: longest + 1]
    ends = [found.end() for found in _SENTENCE_END.finditer(head) if found.end() <= longest]
    if ends and ends[-1] >= longest // 3:
        return text[: ends[-1]]
    words = text[:longest].rsplit(" ", 1)[0].rstrip(" ,;:–—-") if " " in text[:longest] else text[: longest - 1]
    return words[: longest - 1] + "…"


def made_title(text: str) -> str:
    """A title made of a text's first sentence, at most LONGEST_MADE_TITLE characters."""
    first = _SENTENCE_END.search(text)
    sentence = text[: first.end()] if first else text
    return shortened(sentence, LONGEST_MADE_TITLE).removesuffix(".")


def slug_of(title: str) -> str:
    """The title in a URL: ASCII letters, digits and hyphens, at most LONGEST_SLUG characters, never empty.

    Letters lose their accents; when nothing ASCII is left, a short hash of the title stands in. A name that the pages around
    articles have already is followed by "-2".
    """
    folded = unicodedata.normalize("NFKD", title.translate(_UNFOLDED)).encode("ascii", "ignore").decode("ascii")
    slug = _NOT_IN_SLUGS.sub("-", folded.lower().replace("'", "")).strip("-")
    if len(slug) > LONGEST_SLUG:
        slug = slug[: LONGEST_SLUG + 1].rsplit("-", 1)[0][:LONGEST_SLUG].strip("-")
    if slug in RESERVED_SLUGS:
        return f"{slug}-2"
    return slug or f"article-{blake2s(title.encode('utf-8', 'surrogatepass'), digest_size=4).hexdigest()}"
