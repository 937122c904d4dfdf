"""What templates ask about a reader: where a value comes from, and what is made of it, which is remembered for readers alike."""

from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from typing import Any, NamedTuple

from jinja2 import Undefined
from markupsafe import escape

from syndication.rendering.mail_headers import Links
from syndication.rendering.merge.filters import FILTERS, safe_link, unchanged
from syndication.rendering.merge.limits import LONGEST_TEXT, capped
from syndication.rendering.merge.names import LINK_NAMES, SUBSCRIBER_FIELDS
from syndication.rendering.merge.values import LONGEST_SHOWN, Fields, Nobody, shown
from syndication.rendering.reader import Reader, ReaderRow, first_name, last_name, reader_from

REMEMBERED = 2_048  # values of all questions of a template: first names and the like come back
LEAST_REMEMBERED = 16  # values of one question
LONGEST_REMEMBERED = 100  # characters
_GROWING = frozenset({"join", "replace"})


class Answers:
    """What is known of one reader of one mailing, while one thread composes one message.

    parent      the budget of the template that is filled now, as Jinja's context holds it
    first_name  once it was asked for
    """

    __slots__ = ("first_name", "given", "links", "parent", "row")

    parent: Mapping[str, Any]

    def __init__(self, row: ReaderRow, links: Links, given: Reader | None = None) -> None:
        self.row = row
        self.links = links
        self.given = given
        self.first_name: str | None = None

    @classmethod
    def about(cls, reader: Reader, links: Links) -> "Answers":
        """The answers about a reader who is no row."""
        return cls(ReaderRow(0, reader.address, reader.name, reader.attributes, reader.locale), links, reader)

    @property
    def reader(self) -> Reader:
        """The reader for the general way of filling templates."""
        row = self.row
        return self.given or reader_from(row.address, row.name, row.attributes, row.locale)


NOBODY = Answers(ReaderRow(0, "", "", {}, ""), Links("", "", "", ""))
Source = Callable[[Answers], Any]
Step = Callable[[Any], Any]


class Question(NamedTuple):
    """A value of the reader's, and what a template makes of it.

    words   what was written in the template; the same words are the same question
    source  where the raw value comes from
    steps   what is done to it, one after the other; the same value always gives the same
    is_text the raw value is a text, no longer than LONGEST_SHOWN
    is_own  each reader has another value, a link with a token: nothing to remember
    grows   the answer may be much longer than the raw value
    is_kept the steps leave a plain value as it is, see Encoding.plain
    """

    words: str
    source: Source
    steps: tuple[Step, ...] = ()
    is_text: bool = False
    is_own: bool = False
    grows: bool = False
    is_kept: bool = False

    def then(self, words: str, step: Step, *, keeps: bool = False) -> "Question":
        """The question that goes one step on; `keeps`: the step leaves a plain value as it is."""
        return self._replace(words=words, steps=(*self.steps, step), is_kept=self.is_kept and keeps)

    def worked_out(self, among: int) -> Step:
        """All the steps in one; for texts that come back it remembers what came out, for its share among so many questions."""
        step = reduce(_both, self.steps)
        if self.is_own:
            return step
        remembered = lru_cache(maxsize=max(LEAST_REMEMBERED, REMEMBERED // among))(step)
        if self.is_text:
            return lambda value: remembered(value) if len(value) <= LONGEST_REMEMBERED else step(value)
        return lambda value: remembered(value) if type(value) is str and len(value) <= LONGEST_REMEMBERED else step(value)


def _both(first: Step, second: Step) -> Step:
    return lambda value: second(first(value))


# ------------------------------------------------------------------ what a template can name


def _address(answers: Answers) -> str:
    return answers.row.address[:LONGEST_SHOWN]


def _name(answers: Answers) -> str:
    return answers.row.name[:LONGEST_SHOWN]


def _first_name(answers: Answers) -> str:
    name = answers.first_name
    if name is None:  # most mails print it more than once
        row, given = answers.row, answers.given
        name = (first_name(row.name, row.attributes) if given is None else given.first_name)[:LONGEST_SHOWN]
        answers.first_name = name
    return name


def _last_name(answers: Answers) -> str:
    row, given = answers.row, answers.given
    return (last_name(row.name, row.attributes) if given is None else given.last_name)[:LONGEST_SHOWN]


def _locale(answers: Answers) -> str:
    return answers.row.locale[:LONGEST_SHOWN]


_TEXTS: Mapping[str, Source] = {
    "address": _address,
    "email": _address,
    "name": _name,
    "first_name": _first_name,
    "last_name": _last_name,
    "locale": _locale,
}
_LINKS: Mapping[str, Source] = {
    "unsubscribe_url": lambda answers: answers.links.unsubscribe,
    "page_url": lambda answers: answers.links.page,
    "confirm_url": lambda answers: answers.links.confirm,
    "preferences_url": lambda answers: answers.links.preferences,
}
assert {*_TEXTS, "attributes"} == set(SUBSCRIBER_FIELDS)
assert _LINKS.keys() == set(LINK_NAMES)


def about_the_reader(field: str) -> Question:
    """subscriber.field."""
    label = f"subscriber.{field}"
    if field == "attributes":
        return Question(label, lambda answers: Fields(label, answers.reader.attributes))
    if field in ("address", "email"):
        nobody = Nobody(name="subscriber.address")
        return Question(label, _address, (lambda value: shown(value, label) if value else nobody,), is_text=True, is_kept=True)
    return Question(label, _TEXTS[field], (lambda value: shown(value, label),), is_text=True, is_kept=True)


def attribute(key: str) -> Question:
    """One of the publication's own fields, by a key that is reader.NAMEABLE."""
    label = f"subscriber.attributes.{key}"
    return Question(label, lambda answers: answers.row.attributes.get(key), (lambda value: shown(value, label),), is_kept=True)


def link(name: str) -> Question:
    """One of the links."""
    return Question(name, _LINKS[name], is_own=True, is_kept=True)


# ------------------------------------------------------------------ what a template does with it


class Encoding(NamedTuple):
    """How pieces of one kind are written; each function gives a whole piece.

    fixed    text that is the same for all readers
    ended    the last piece as it ends the whole; the others need not change
    printed  what an expression printed: a text, a number, …; raises for what cannot be printed
    once     a text that is another one for each reader, so that it is not worth remembering
    plain    the same piece for a value so plain that nothing has to be done to it, such as most names: no filter but those of
             _KEEPING changes it, and it is written alike in text and in HTML; None for all others
    plain_once  the same for links
    """

    fixed: Callable[[str], Any]
    ended: Callable[[Any], Any]
    printed: Callable[[Any], Any]
    once: Callable[[str], Any]
    plain: Callable[[Any], Any] | None = None
    plain_once: Callable[[Any], Any] | None = None


_KEEPING = frozenset({"default", "d", "escape", "e"})


def filtered(question: Question, words: str, name: str, step: Step) -> Question:
    """The question with one of filter_step()."""
    keeps = name in _KEEPING or (name == "_link" and question.is_own)  # our own links are links
    return question.then(words, step, keeps=keeps)._replace(grows=question.grows or name in _GROWING)


_LINKS_AS_THEY_ARE = "https://", "http://"  # safe_link() leaves them alone, seen at first sight


def filter_step(name: str, arguments: list[Any], named: dict[str, Any], *, markup: bool) -> Step | None:
    """A filter with fixed values; None for a name that is none of readers' filters."""
    if name in ("default", "d") and len(arguments) == 1 and not named and isinstance(arguments[0], str):
        instead = capped(arguments[0])
        return lambda value: instead if isinstance(value, Undefined) else value
    if name == "_link":
        return lambda value: (
            value
            if type(value) is str and value.startswith(_LINKS_AS_THEY_ARE) and len(value) <= LONGEST_TEXT
            else capped(safe_link(value))
        )
    function = (escape if markup else unchanged) if name in ("escape", "e") else FILTERS.get(name)
    return function and (lambda value: capped(function(value, *arguments, **named)))
