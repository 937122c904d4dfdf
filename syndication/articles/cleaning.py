"""Makes a clean article of a source's text: one way in for plain text, Markdown and HTML, and nothing is lost silently."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from syndication.articles import white_space, wording
from syndication.articles.clean_article import Block, CleanArticle, Dropped, Facts, Kind, Reading
from syndication.articles.errors import BadSource
from syndication.articles.language import language_of, tag_of
from syndication.articles.merge_fields import Protected, protect
from syndication.articles.sanitising import sanitised
from syndication.articles.source_forms import markdown_text, raw_text, web_page
from syndication.articles.source_forms.arranging import arranged, with_level_headings
from syndication.articles.source_forms.page_blocks import joined

KIND_OF_ENDING: dict[str, Kind] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".txt": "text",
    ".text": "text",
}
LONGEST_AUTHOR = 200  # characters, the column's width

_HTML_SIGNS = re.compile(
    r"\s*<(?:!doctype\s+html|html|head|body)\b|<(p|div|h[1-6]|ul|ol|table|article|section|blockquote)\b[^<>]*>", re.IGNORECASE
)
_STRONG_MARKDOWN = re.compile(r"\A---[ \t]*\n|^#{1,6} \S|^```|^~~~", re.MULTILINE)
_WEAK_MARKDOWN = re.compile(r"\[[^\]\n]{1,200}\]\([^)\s]{1,500}\)|\*\*\S[^*\n]{0,200}\*\*|^(?:=|-){4,}$", re.MULTILINE)
_ANYTHING_TO_SEE = re.compile(r"<img\b")


@dataclass(frozen=True, slots=True)
class Options:
    """What the person who imports decides; empty means: find out."""

    kind: Kind | None = None
    encoding: str = ""
    slug: str = ""
    language: str = ""
    is_new: bool = False
    """A new article in any case: not a revision of one with the same title."""


NO_OPTIONS = Options()


def clean(text: str, *, name: str = "", url: str = "", options: Options = NO_OPTIONS, default_language: str = "en") -> CleanArticle:
    """The article in the source's text.

    name              a file name; its ending tells the kind when `options` do not
    url               where the source lives: makes relative links absolute
    default_language  for a text that neither says nor shows its language
    Merge fields survive in title, summary and HTML (see CleanArticle on how). Cleaning the HTML again changes nothing.
    Raises BadSource: no text in it, broken front matter, nested too deep, or a wished language that is no BCP 47 tag.
    """
    text, reported = white_space.without_forbidden(white_space.normal_line_ends(text))
    kind = options.kind or kind_of(name, text)
    protected = protect(text, is_html=kind == "html")
    reading = arranged(_READERS[kind](protected, url), protected)
    blocks = reading.blocks or _title_as_text(reading.facts)
    markup = sanitised(with_level_headings(joined(blocks, "\n")))
    words = " ".join(block.text for block in blocks)
    if (not words.strip() or protected.is_only_statements(words)) and not _ANYTHING_TO_SEE.search(markup):
        raise BadSource(f"{name or 'The source'} holds no text that could be an article. {_advice(kind, reading.dropped)}")
    facts = _completed(reading.facts, blocks, protected, name)
    dropped = [*reported, *_typed(reading.dropped, protected), *_lost_fields(protected, markup, facts, reading.dropped)]
    plain = protected.without_fields(words)
    return CleanArticle(
        title=_within_column(facts.title, protected),
        summary=protected.restore(facts.summary),
        language=_language(options.language, facts.language, plain) or default_language,
        html=_settled(protected.restore_html(markup)),
        slug=wording.slug_of(options.slug or facts.slug or protected.without_fields(facts.title)),
        kind=kind,
        author=protected.restore(facts.author)[:LONGEST_AUTHOR],
        tags=tuple(protected.restore(tag) for tag in facts.tags),
        published_at=facts.published_at,
        uid=facts.uid,
        slug_is_given=bool(options.slug or facts.slug),
        fields=tuple(protected.typed()),
        image_url=facts.image_url,
        image_alt=protected.restore(facts.image_alt),
        audio_url=facts.audio_url,
        visibility=facts.visibility,
        dropped=tuple(sorted(dropped, key=lambda one: one.line)),
    )


def kind_of(name: str, text: str) -> Kind:
    """The kind of a source by its file name's ending, else by what its text looks like."""
    ending = PurePosixPath(urlsplit(name).path if "://" in name else name).suffix.lower()
    if ending in KIND_OF_ENDING:
        return KIND_OF_ENDING[ending]
    if _HTML_SIGNS.match(text) or sum(1 for _, _ in zip(_HTML_SIGNS.finditer(text), range(2), strict=False)) > 1:
        return "html"
    if _STRONG_MARKDOWN.search(text) or sum(1 for _, _ in zip(_WEAK_MARKDOWN.finditer(text), range(2), strict=False)) > 1:
        return "markdown"
    return "text"


_READERS: dict[Kind, Callable[[Protected, str], Reading]] = {
    "text": lambda protected, _: raw_text.read(protected),
    "markdown": markdown_text.read,
    "html": web_page.read,
}


def _title_as_text(facts: Facts) -> list[Block]:
    """A source of one line is its own title and its own text."""
    if not facts.title:
        return []
    return [Block("p", f"<p>{raw_text.linked(facts.title)}</p>", facts.title, 1)]


def _completed(facts: Facts, blocks: list[Block], protected: Protected, name: str) -> Facts:
    """The facts with a title and a summary, made from the text where the source gave none."""
    heading = next((block.text for block in blocks if block.is_heading and block.text), "")
    first = next((block.text for block in blocks if block.tag in {"p", "blockquote"} and block.text), "")
    anything = first or next((block.text for block in blocks if block.text), "")
    made = wording.made_title(white_space.mend(protected.without_fields(anything))) or PurePosixPath(name).stem or "Untitled"
    return Facts(
        title=facts.title or heading or made,
        summary=wording.shortened(facts.summary or anything, wording.LONGEST_SUMMARY),
        language=facts.language,
        author=facts.author,
        tags=facts.tags,
        published_at=facts.published_at,
        slug=facts.slug,
        uid=facts.uid,
        image_url=facts.image_url,
        image_alt=facts.image_alt,
        audio_url=facts.audio_url,
        visibility=facts.visibility,
    )


def _within_column(title: str, protected: Protected) -> str:
    typed = protected.restore(title)
    if len(typed) <= wording.LONGEST_TITLE:
        return typed
    return wording.shortened(white_space.mend(protected.without_fields(title)), wording.LONGEST_TITLE)


def _language(wish: str, said: str, plain: str) -> str:
    """The language that the importer wishes, else that the source says, else that its text shows; "" when none does."""
    if wish and not tag_of(wish):
        raise BadSource(f"The language {wish!r} is no BCP 47 tag. Give for example en, de or pt-BR, or leave it out.")
    return tag_of(wish) or tag_of(said) or language_of(plain)


def _typed(dropped: list[Dropped], protected: Protected) -> list[Dropped]:
    return [Dropped(protected.source_line(one.line), protected.restore(one.text), one.why) for one in dropped]


def _lost_fields(protected: Protected, markup: str, facts: Facts, dropped: list[Dropped]) -> list[Dropped]:
    """The merge fields that are left nowhere, for example one that stood inside a tag."""
    places = [markup, facts.title, facts.summary, facts.author, facts.slug, *facts.tags, *(one.text for one in dropped)]
    return [Dropped(line, typed, "a merge field where no text can stand") for line, typed in protected.missing_from(*places)]


def _settled(markup: str) -> str:
    """The HTML with fields escaped that came into being only when tags or invisible characters between their braces went."""
    again = protect(markup, is_html=True)
    return again.restore_html(again.text)


def _advice(kind: Kind, dropped: list[Dropped]) -> str:
    if dropped:
        return f"All of it was dropped as: {', '.join(sorted({one.why for one in dropped}))}."
    return f"It was read as {kind}; give --kind if it is something else."
