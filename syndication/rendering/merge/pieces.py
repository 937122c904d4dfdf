"""Compiles a source into a function that gives one message's pieces, ready for the wire, whatever conditions and loops it holds.

Fixed text is written when it is compiled, and what a reader's fields say when it is asked for. The pieces are those that the
general way of template.py gives, encoded one by one; where this way fails for a reader, for whatever reason, the general one is to
be asked: it knows lines and reasons.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from jinja2 import Undefined, nodes, runtime
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext
from jinja2.utils import missing

from syndication.rendering.merge.finder import Fixed, QuestionFinder
from syndication.rendering.merge.limits import BUDGET_NAME, LARGEST_OUTPUT, Budget, TooMuch
from syndication.rendering.merge.questions import Answers, Encoding
from syndication.rendering.merge.sandbox import MergeEnvironment

MOST_PRINTED = 400  # expressions; a source with more is filled the general way, which counts as it goes

Fill = Callable[[Answers, Answers], Any]


class PieceTemplate:
    """One compiled source; pieces() may be called from any thread."""

    __slots__ = ("_ended", "_fill", "_is_endless", "_is_metered")

    def __init__(
        self, fill: Fill, *, ended: Callable[[Any], Any] | None = None, is_metered: bool = False, is_endless: bool = False
    ) -> None:
        self._fill = fill
        self._ended = ended
        self._is_metered = is_metered
        self._is_endless = is_endless

    def pieces(self, answers: Answers) -> Sequence[Any]:
        """The pieces for one reader; joined they are the whole. Raises whatever a value makes the template do."""
        if self._is_metered:
            answers.parent = {BUDGET_NAME: Budget()}
        pieces: list[Any] = self._fill(answers, answers)
        if self._is_endless:
            pieces = list(_within_limit(pieces))
        if self._ended is not None:
            _end(pieces, self._ended)
        return pieces


def fixed_pieces(text: str, encoding: Encoding) -> PieceTemplate:
    """The template of a source without any field."""
    pieces = (encoding.ended(encoding.fixed(text)),)
    return PieceTemplate(lambda _answers, _context: pieces)


def piece_template(template: nodes.Template, finder: QuestionFinder, environment: MergeEnvironment, encoding: Encoding) -> PieceTemplate:
    """Compile a parsed source, as template.py prepares it for Jinja; the tree is changed. Raises TooMuch when it prints too much."""
    finder.visit(template)
    if sum(len(output.nodes) for output in template.find_all(nodes.Output)) > MOST_PRINTED:
        raise TooMuch(f"it prints more than {MOST_PRINTED:,} expressions.")
    generator = _PieceGenerator(environment, template, finder, encoding)
    generator.visit(template)
    source = generator.stream.getvalue()  # type: ignore[attr-defined]  # a StringIO, unless another stream was given
    room = _room(environment, generator, finder, encoding)
    exec(compile(source, "<merge pieces>", "exec"), room)  # noqa: S102  # Jinja's own code for a tree that reading.py has allowed
    ended = None if generator.is_ended else encoding.ended
    is_metered = "context," in source.partition("def fill(answers, context)")[2]
    return PieceTemplate(room["fill"], ended=ended, is_metered=is_metered, is_endless=generator.is_endless)


def _within_limit(pieces: Iterable[Any]) -> Iterator[Any]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LARGEST_OUTPUT:
            raise TooMuch(f"the result is longer than {LARGEST_OUTPUT:,} characters.")
        yield piece


def _end(pieces: list[Any], ended: Callable[[Any], Any]) -> None:
    while pieces and not pieces[-1]:
        del pieces[-1]
    if pieces:
        pieces[-1] = ended(pieces[-1])


def _room(environment: MergeEnvironment, generator: "_PieceGenerator", finder: QuestionFinder, encoding: Encoding) -> dict[str, Any]:
    """The names that the compiled function can see, as Jinja's own functions see them."""
    return {
        **{name: getattr(runtime, name) for name in runtime.exported},
        "environment": environment,
        "undefined": environment.undefined,
        "cond_expr_undefined": Undefined,
        "resolve": lambda _name: missing,
        "printed": encoding.printed,
        **generator.constants,
        **_named(finder),
    }


def _named(finder: QuestionFinder) -> dict[str, Any]:
    """fi7 is a value, or what is made of one; of_fi7 is where that comes from."""
    named: dict[str, Any] = {}
    for name, asked in finder.found.items():
        if isinstance(asked, Fixed):
            named[name] = asked.value
        else:
            named[f"of_{name}"] = asked.source
            if asked.steps:
                named[name] = asked.worked_out()
    return named


class _PieceGenerator(CodeGenerator):
    """Jinja's code generator, whose output is pieces instead of texts."""

    def __init__(self, environment: MergeEnvironment, template: nodes.Template, finder: QuestionFinder, encoding: Encoding) -> None:
        super().__init__(environment, "merge", "<merge pieces>")
        self._finder = finder
        self._encoding = encoding
        self.constants: dict[str, Any] = {}
        self.is_endless = template.find(nodes.For) is not None
        self.is_ended = False
        """The last piece is the same for all readers, and has been ended."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        """One function, without what blocks and inheritance need; a generator only where the output may have no end."""
        frame = Frame(EvalContext(self.environment, self.name))
        frame.symbols.analyze_node(node)
        self.pull_dependencies(node.body)
        self.writeline("def fill(answers, context):", extra=1)
        self.indent()
        self.enter_frame(frame)
        if self.is_endless:
            self.writeline("if 0: yield None")
        else:
            self.buffer(frame)
        self.blockvisit(node.body, frame)
        if not self.is_endless:
            self.writeline(f"return {frame.buffer}")
        self.outdent()
        self._end_last(node)

    def visit_InternalName(self, node: nodes.InternalName, frame: Frame) -> None:
        """A question or a value."""
        asked = self._finder.found[node.name]
        if isinstance(asked, Fixed):
            self.write(node.name)
        else:
            self.write(f"{node.name}(of_{node.name}(answers))" if asked.steps else f"of_{node.name}(answers)")

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        name = f"c_{len(self.constants)}"
        self.constants[name] = self._encoding.fixed("".join(group))
        return name

    def _end_last(self, node: nodes.Template) -> None:
        """End the last constant now when nothing can come after it."""
        last = node.body[-1] if node.body else None
        name = f"c_{len(self.constants) - 1}"
        if isinstance(last, nodes.Output) and isinstance(last.nodes[-1], nodes.TemplateData) and self.constants[name]:
            self.constants[name] = self._encoding.ended(self.constants[name])
            self.is_ended = True

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write("(" if self._is_piece(node) else "printed(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(")")

    def _is_piece(self, node: nodes.Expr) -> bool:
        return isinstance(node, nodes.InternalName) and node.name in self._finder.pieces
