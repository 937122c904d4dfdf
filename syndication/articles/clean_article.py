"""The shapes that cleaning works with: what a source says about itself, its blocks, what was dropped, the clean article."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

Kind = Literal["text", "markdown", "html"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that stood in the source and is not in the article (or was changed); `line` counts from 1."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source says about itself (front matter, meta elements); empty means: it says nothing."""

    title: str = ""
    summary: str = ""
    language: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    published_at: datetime | None = None
    slug: str = ""
    uid: UUID | None = None
    image_url: str = ""
    image_alt: str = ""
    audio_url: str = ""
    visibility: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One top-level element: `tag` (p, h2, ul, …; "" for bare text), its whole `html`, its plain `text`, its source `line`."""

    tag: str
    html: str
    text: str
    line: int

    @property
    def is_heading(self) -> bool:
        """True for h1 to h6."""
        return len(self.tag) == len("h1") and self.tag[0] == "h" and self.tag[1].isdigit()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader of one source form (text, Markdown, HTML) understood; merge fields are still placeholders."""

    facts: Facts
    blocks: list[Block]
    dropped: list[Dropped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CleanArticle:
    """An article ready to be kept.

    title, summary   plain text; may hold merge fields as typed
    html             sanitised; h2 to h6; merge fields as typed, with <, >, &, quotes and inner braces as HTML entities:
                     whoever renders applies `html.unescape` between the delimiters first
    language         BCP 47, never empty
    slug             ASCII, at most 80 characters; `slug_is_given` says that the source or the caller chose it
    uid              the permanent id that the front matter names, or None
    published_at     aware UTC, or None
    image_url, image_alt   the picture that stands for the article; audio_url: a file to attach, of which nothing is known yet
    visibility       who finds the article (Article.Visibility); empty: the source does not say
    fields           line in the source and merge field as typed, in order
    """

    title: str
    summary: str
    language: str
    html: str
    slug: str
    kind: Kind
    author: str = ""
    tags: tuple[str, ...] = ()
    published_at: datetime | None = None
    uid: UUID | None = None
    slug_is_given: bool = False
    fields: tuple[tuple[int, str], ...] = ()
    image_url: str = ""
    image_alt: str = ""
    audio_url: str = ""
    visibility: str = ""
    dropped: tuple[Dropped, ...] = ()
