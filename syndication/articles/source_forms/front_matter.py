"""Reads the YAML block at the head of a Markdown file."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import yaml

from syndication.articles import white_space
from syndication.articles.clean_article import Dropped, Facts
from syndication.articles.errors import BadSource
from syndication.articles.language import tag_of

LARGEST_BLOCK = 64 * 1024  # characters
LONGEST_ADDRESS = 1000  # characters
LONGEST_ALT = 500
VISIBILITIES = ("public", "unlisted", "email")
DEEPEST_NESTING = 10  # lists and mappings inside one another

_BLOCK = re.compile(r"\A---[ \t]*\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_UNCLOSED = re.compile(r"\A---[ \t]*\n((?:[^\n]*\S[^\n]*\n?)+)")
_TOML = re.compile(r"\A\+\+\+[ \t]*\n\s*(?:\[[\w.\[]|[\w\"'.-]+\s*=)")
_LOOKS_LIKE_A_KEY = re.compile(r"[\w-]+:(?:\s|\Z)")
_KEY_LINE = re.compile(r"[\"']?([\w -]+)[\"']?\s*:")
_NAMES = {
    "title": "title",
    "slug": "slug",
    "id": "uid",
    "uid": "uid",
    "summary": "summary",
    "description": "summary",
    "author": "author",
    "tags": "tags",
    "keywords": "tags",
    "date": "published_at",
    "published": "published_at",
    "published_at": "published_at",
    "language": "language",
    "lang": "language",
    "image": "image_url",
    "image_alt": "image_alt",
    "audio": "audio_url",
    "visibility": "visibility",
}


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the block says, what it says that nobody understands, and the text below (with blank lines in the block's place)."""

    facts: Facts
    dropped: list[Dropped]
    body: str


def split(text: str) -> FrontMatter:
    """The front matter of a Markdown text; empty when there is none.

    Raises BadSource, naming the line: broken YAML, anchors, aliases or tags, more than LARGEST_BLOCK characters,
    nested more than DEEPEST_NESTING deep, an id that is no UUID, no closing line, TOML, no text below.
    """
    found = _BLOCK.match(text)
    if not found:
        _refuse_what_is_meant_as_block(text)
        return FrontMatter(Facts(), [], text)
    source = found["yaml"]
    if not text[found.end() :].strip():
        line = found[0].rstrip().count("\n") + 1
        raise BadSource(f"The source holds no text below its front matter, which ends on line {line}. Write the article there.")
    if len(source) > LARGEST_BLOCK:
        raise BadSource(
            f"The front matter has {len(source)} characters; at most {LARGEST_BLOCK} are read. Move the text below the second ---."
        )
    values = _loaded(source)
    lines = {key[1].strip(): number for number, line in enumerate(source.split("\n"), start=2) if (key := _KEY_LINE.match(line))}
    facts, dropped = Facts(), []
    for key, value in values.items():
        line = lines.get(str(key), 1)
        name = _NAMES.get(str(key).lower())
        if value is None:
            continue
        change = _READERS[name](value, line) if name else None
        if name and change is not None:
            facts = replace(facts, **{name: change})
        else:
            why = "front matter that could not be read" if name else "front matter that means nothing here"
            dropped.append(Dropped(line, f"{key}: {value}", why))
    return FrontMatter(facts, dropped, "\n" * found[0].count("\n") + text[found.end() :])


def _refuse_what_is_meant_as_block(text: str) -> None:
    """Refuses front matter that nothing closes, and TOML; a rule (---) above ordinary text is neither."""
    if _TOML.match(text):
        raise BadSource("Line 1: the front matter is TOML (+++), which is not read. Write `name: value` lines between two lines of ---.")
    if not (found := _UNCLOSED.match(text)):
        return
    lines = found[1].splitlines()
    keys = [line for line in lines if _LOOKS_LIKE_A_KEY.match(line)]
    is_known = bool(keys) and keys[0].split(":")[0].lower() in _NAMES
    if keys and lines[0] == keys[0] and (is_known or len(keys) == len(lines) > 1):
        raise BadSource(
            f"Line 1: nothing closes the front matter that starts here. Put --- on a line of its own below line {len(lines) + 1}, "
            "or a blank line below the first --- if that is a rule."
        )


def _loaded(source: str) -> dict[Any, Any]:
    try:
        _refuse_traps(source)
        values = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1  # the block starts below the first ---
        raise BadSource(
            f"Line {line}: the front matter is not YAML ({error.problem}). Quote values that hold a colon, a # or a brace."
        ) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise BadSource(f"Line 2: the front matter is not YAML ({error}). Quote values that are meant as text.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise BadSource("Line 2: the front matter is not a list of `name: value` lines. Write for example `title: A Good Day`.")
    return values


def _refuse_traps(source: str) -> None:
    """Refuses what a small block can grow with (aliases), run code with (tags), or exhaust the stack with (nesting)."""
    depth = 0
    for event in yaml.parse(source, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 2 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadSource(f"Line {line}: the front matter uses anchors or aliases (& and *), which are not read. Write the value out.")
        if tag := getattr(event, "tag", None):
            raise BadSource(f"Line {line}: the front matter uses the YAML tag {tag!r}, which is not read. Write the plain value.")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST_NESTING:
            raise BadSource(f"Line {line}: the front matter is nested more than {DEEPEST_NESTING} deep. Keep to `name: value` lines.")


def _text(value: object, _line: int) -> str | None:
    return white_space.mend(str(value)) if isinstance(value, str | int | float | date) else None


def _author(value: object, line: int) -> str | None:
    names = value if isinstance(value, list) else [value]
    texts = [_text(name.get("name") if isinstance(name, dict) else name, line) for name in names]
    return ", ".join(text for text in texts if text) or None


def _tags(value: object, line: int) -> tuple[str, ...] | None:
    listed = value.split(",") if isinstance(value, str) else value
    if not isinstance(listed, list):
        return None
    return tuple(dict.fromkeys(tag for one in listed if (tag := _text(one, line))))


def _moment(value: object, _line: int) -> datetime | None:
    """A date means midnight UTC; a time without a zone is UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _uid(value: object, line: int) -> UUID:
    try:
        return UUID(str(value).strip().removeprefix("urn:uuid:"))
    except ValueError as error:
        raise BadSource(
            f"Line {line}: the front matter's id {str(value)!r} is not a UUID. Leave it out, or use the id that `article import` printed."
        ) from error


def _visibility(value: object, _line: int) -> str | None:
    return str(value).strip().lower() if str(value).strip().lower() in VISIBILITIES else None


def _language(value: object, line: int) -> str | None:
    return tag_of(_text(value, line) or "") or None


def _web_address(value: object, line: int) -> str | None:
    """A whole http or https address; anything else is reported as not understood."""
    address = _text(value, line) or ""
    parts = urlsplit(address) if len(address) <= LONGEST_ADDRESS else None
    return address if parts and parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"\s", address) else None


_READERS: dict[str, Callable[[Any, int], Any]] = {
    "title": _text,
    "slug": _text,
    "uid": _uid,
    "summary": _text,
    "author": _author,
    "tags": _tags,
    "published_at": _moment,
    "language": _language,
    "visibility": _visibility,
    "image_url": _web_address,
    "image_alt": lambda value, line: (_text(value, line) or "")[:LONGEST_ALT] or None,
    "audio_url": _web_address,
}
