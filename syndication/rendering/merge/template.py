"""Compiles a source with merge fields once, and fills it for each reader."""

from collections.abc import Iterator, Mapping
from types import CodeType, TracebackType

import jinja2
from jinja2 import nodes

from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.merge.empty_fields import EmptyFields
from syndication.rendering.merge.finder import QuestionFinder
from syndication.rendering.merge.limits import BUDGET_NAME, LARGEST_OUTPUT, Budget, MergeFault
from syndication.rendering.merge.names import LINK_NAMES
from syndication.rendering.merge.pieces import PieceTemplate, fixed_template, piece_template
from syndication.rendering.merge.questions import Encoding
from syndication.rendering.merge.reading import Source, check_links, refuse_forbidden
from syndication.rendering.merge.sandbox import MergeEnvironment, with_limits
from syndication.rendering.merge.source import decoded, has_fields, syntax_advice
from syndication.rendering.merge.values import Fields, reader_fields
from syndication.rendering.reader import ANONYMOUS, Reader

LONGEST_SOURCE = 2_000_000  # characters
_TEXT = MergeEnvironment(markup=False)
_MARKUP = MergeEnvironment(markup=True)
_EXAMPLE = Reader(address="reader@example.org", name="Ada Example", first_name="Ada", last_name="Example", locale="en")
_EXAMPLE_LINKS = dict.fromkeys(LINK_NAMES, "https://example.org/")


class MergeTemplate:
    """One compiled source; fill() may be called from any thread."""

    __slots__ = ("_brand", "_constant", "_template", "_where")

    def __init__(self, where: str, template: jinja2.Template | None, constant: str, brand: Mapping[str, str]) -> None:
        self._where = where
        self._template = template
        self._constant = constant
        self._brand = Fields("publication", brand)

    def fill(self, reader: Reader, values: Mapping[str, str]) -> str:
        """The text for one reader; `values` holds the links of names.LINK_NAMES as far as they are used.

        Raises BadTemplate, with the line, when a value is missing, a filter fails, or the result exceeds a megabyte.
        """
        return self.fill_from(reader_fields(reader), values)

    def fill_from(self, subscriber: Fields, values: Mapping[str, str]) -> str:
        """fill(), from fields that were made once for several templates."""
        return "".join(self.pieces_from(subscriber, values))

    def pieces_from(self, subscriber: Fields, values: Mapping[str, str]) -> list[str]:
        """The pieces that fill_from() joins: fixed text, the same objects for each reader, and between them what is the reader's."""
        template = self._template
        if template is None:
            return [self._constant]
        context = template.new_context({**values, "subscriber": subscriber, "publication": self._brand, BUDGET_NAME: Budget()}, shared=True)
        try:
            return list(_within_limit(template.root_render_func(context)))
        except Exception as error:  # whatever a value makes the template do is told in one way
            raise self._told(error) from error

    def _told(self, error: Exception) -> BadTemplate:
        assert self._template is not None
        line = _line_of(error.__traceback__, self._template)
        if isinstance(error, MergeFault):
            return BadTemplate(str(error), where=self._where, line=line)
        if isinstance(error, jinja2.UndefinedError):
            said = f'{error.message or "a field is empty"}. Say what stands there then: | default("…")'
            return BadTemplate(said, where=self._where, line=line)
        return BadTemplate(f"this cannot be worked out ({error}).", where=self._where, line=line)


def _within_limit(parts: Iterator[str]) -> Iterator[str]:
    size = 0
    for part in parts:
        size += len(part)
        if size > LARGEST_OUTPUT:
            raise MergeFault(f"the result is longer than {LARGEST_OUTPUT:,} characters.")
        yield part


def _line_of(trace: TracebackType | None, template: jinja2.Template) -> int | None:
    """The source line of the innermost frame that is the template itself."""
    found, code = None, template.root_render_func.__code__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            found = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return found


def compile_merge(source: str, *, where: str, markup: bool, brand: Mapping[str, str]) -> MergeTemplate:
    """Compile a source once.

    where   names it in errors: "subject", "article"
    markup  the source is HTML: values are escaped, and entities inside the braces are read as characters
    brand   what publication.name and the like stand for; see article.brand_fields
    Raises BadTemplate for wrong syntax, an unknown field, filter or test, and anything that is not a merge field.
    """
    parsed = _parsed(source, where=where, markup=markup)
    if parsed is None:
        return MergeTemplate(where, None, source, {})
    return MergeTemplate(where, _compiled(parsed, where=where, markup=markup), "", brand)


def compile_pieces(source: str, *, where: str, markup: bool, encoding: Encoding, links: Mapping[str, str]) -> PieceTemplate:
    """Compile a source without a brand for the quick way; compile_merge has accepted it before.

    links  those that are the same for all readers
    Raises anything when the quick way cannot keep to the limits: then the general way must do.
    """
    parsed = _parsed(source, where=where, markup=markup)
    if parsed is None:
        return fixed_template(encoding.fixed(source), encoding.ended)
    environment = _MARKUP if markup else _TEXT
    return piece_template(
        _prepared(parsed, where=where, markup=markup), QuestionFinder(environment, encoding, links), environment, encoding
    )


def check(source: str, *, where: str, markup: bool, brand: Mapping[str, str]) -> None:
    """Refuse, by BadTemplate with line, field and advice, what compile_merge refuses, and what would fail for some reader:
    a field that can be empty without default(), a loop that runs too long, a calculation that fails.
    """  # noqa: D205  one sentence that needs two lines
    parsed = _parsed(source, where=where, markup=markup)
    if parsed is None:
        return
    EmptyFields(Source(where), brand).refuse(parsed)
    template = MergeTemplate(where, _compiled(parsed, where=where, markup=markup), "", brand)
    for reader in (Reader(address=_EXAMPLE.address), _EXAMPLE, ANONYMOUS):  # the last one is the page's and the feed's
        template.fill(reader, _EXAMPLE_LINKS)


def _parsed(source: str, *, where: str, markup: bool) -> nodes.Template | None:
    """The tree of a source that holds merge fields and only what they may be; None when there are none."""
    if len(source) > LONGEST_SOURCE:
        raise BadTemplate(f"it is longer than {LONGEST_SOURCE:,} characters. Split it.", where=where)
    if not has_fields(source):
        return None
    if markup:
        source = decoded(source, where=where)
    try:
        template = (_MARKUP if markup else _TEXT).parse(source)
    except jinja2.TemplateSyntaxError as error:
        raise BadTemplate(syntax_advice(error), where=where, line=error.lineno) from error
    except RecursionError as error:
        raise BadTemplate("brackets stand too deep in each other.", where=where) from error
    refuse_forbidden(template, Source(where))
    return template


def _prepared(template: nodes.Template, *, where: str, markup: bool) -> nodes.Template:
    """The tree, changed in place, with its links guarded and its loops counted."""
    if markup:
        check_links(template, Source(where))
    with_limits(template)
    return template


def _compiled(template: nodes.Template, *, where: str, markup: bool) -> jinja2.Template:
    environment = _MARKUP if markup else _TEXT
    prepared = _prepared(template, where=where, markup=markup)
    try:
        code = environment.compile(prepared, "merge", f"<merge {where}>")
    except (jinja2.TemplateSyntaxError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadTemplate(f"conditions or brackets stand too deep in each other ({error}).", where=where) from error
    assert isinstance(code, CodeType)
    return jinja2.Template.from_code(environment, code, environment.globals)
