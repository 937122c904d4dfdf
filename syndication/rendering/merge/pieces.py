"""Compiles a source into a function that gives the pieces of a text, ready for the wire, whatever conditions and loops it holds.

Fixed text is written when it is compiled; what a reader's fields say is left open as slots, which shapes.py fills. The pieces are
those that the general way of template.py gives, encoded one by one; where this way fails for a reader, for whatever reason, the
general one is to be asked: it knows lines and reasons.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jinja2 import Undefined, nodes, runtime
from jinja2.compiler import CodeGenerator, Frame
from jinja2.nodes import EvalContext
from jinja2.utils import missing

from syndication.rendering.merge.finder import Fixed, QuestionFinder
from syndication.rendering.merge.limits import BUDGET_NAME, LARGEST_OUTPUT, LONGEST_TEXT, Budget, TooMuch
from syndication.rendering.merge.questions import Answers, Encoding, Question, Source, Step
from syndication.rendering.merge.sandbox import MergeEnvironment
from syndication.rendering.merge.values import LONGEST_SHOWN

MOST_PRINTED = 400  # expressions; a source with more is filled the general way, which counts as it goes
LONGEST_COMPARED = 500  # characters of a value that decides
_LONGEST_CHARACTER = 12  # octets of a character in quoted-printable; one of HTML's escapes has fewer
_GROWTH = 3  # letters that upper() makes of one, at most


class Slot(NamedTuple):
    """A place in a text where each reader has a piece of his or her own: write(source(answers)); largest in octets.

    plain  gives the same piece as write() for values that are plain, and None for the others
    """

    write: Step
    source: Source
    largest: int
    plain: Step | None = None


class Control(NamedTuple):
    """What decides, among other things, which pieces there are; the same words are the same control.

    ask           gives something to compare: the value itself, or only whether a condition holds. Raises TypeError for a value that
                  is not worth comparing.
    is_attribute  it is about the publication's own fields
    """

    words: str
    ask: Callable[[Answers], Any]
    is_attribute: bool


@dataclass(frozen=True, slots=True)
class PieceTemplate:
    """One compiled source; pieces() may be called from any thread.

    fill        gives pieces and slots, as a list or one by one
    encoding    of its pieces
    controls    readers alike in them get the same pieces and slots
    constants   its pieces that are the same for all readers, by their id(), with their form at the end of the text once it was needed
    is_metered  something in it is paid from a budget
    """

    fill: Callable[[Answers, Answers], Any]
    encoding: Encoding
    controls: tuple[Control, ...] = ()
    constants: dict[int, Any] = field(default_factory=dict)
    is_metered: bool = False

    def pieces(self, answers: Answers) -> list[Any]:
        """The pieces and slots for one reader, a new list; filled and joined they are the whole. Raises whatever a value may do."""
        if self.is_metered:
            answers.parent = {BUDGET_NAME: Budget()}
        return list(_within_limit(self.fill(answers, answers)))

    def last(self, piece: Any) -> Any:
        """The form of a piece at the end of the text; a constant has one for all readers."""
        if id(piece) not in self.constants:
            return self.encoding.ended(piece)
        ended = self.constants[id(piece)]
        if ended is None:
            ended = self.constants[id(piece)] = self.encoding.ended(piece)
            self.constants[id(ended)] = ended
        return ended


def _within_limit(pieces: Iterable[Any]) -> Iterator[Any]:
    size = 0
    for piece in pieces:
        size += 0 if type(piece) is Slot else len(piece)
        if size > LARGEST_OUTPUT:
            raise TooMuch(f"the result is longer than {LARGEST_OUTPUT:,} characters.")
        yield piece


def fixed_template(piece: Any, ended: Callable[[Any], Any] = lambda piece: piece) -> PieceTemplate:
    """The template of one piece that is written already."""
    encoding = Encoding(fixed=str, ended=ended, printed=str, once=str)
    return PieceTemplate(lambda _answers, _context: [piece], encoding, constants={id(piece): None})


def piece_template(template: nodes.Template, finder: QuestionFinder, environment: MergeEnvironment, encoding: Encoding) -> PieceTemplate:
    """Compile a parsed source, as template.py prepares it for Jinja; the tree is changed. Raises TooMuch when it prints too much."""
    parts = [part for output in template.find_all(nodes.Output) for part in output.nodes]
    if sum(not isinstance(part, nodes.TemplateData) for part in parts) > MOST_PRINTED:
        raise TooMuch(f"it prints more than {MOST_PRINTED:,} expressions.")
    finder.visit(template)
    generator = _PieceGenerator(environment, finder, encoding)
    generator.visit(template)
    source = generator.stream.getvalue()  # type: ignore[attr-defined]  # a StringIO, unless another stream was given
    room = generator.room()
    exec(compile(source, "<merge pieces>", "exec"), room)  # noqa: S102  # Jinja's own code for a tree that reading.py has allowed
    is_metered = "context," in source.partition("def fill(answers, context)")[2]
    return PieceTemplate(room["fill"], encoding, _controls(template, finder, room), generator.constants(), is_metered)


def _controls(template: nodes.Template, finder: QuestionFinder, room: dict[str, Any]) -> tuple[Control, ...]:
    names = dict.fromkeys(node.name for node in template.find_all(nodes.InternalName) if node.name not in finder.pieces)
    asked = {name: question for name in names if isinstance(question := finder.found[name], Question)}
    return tuple(
        Control(
            question.words,
            _condition(room[name], question.source) if name in finder.decisions else _value(question.source),
            is_attribute=not (question.is_text or question.is_own),
        )
        for name, question in asked.items()
    )


def _condition(decide: Step, source: Source) -> Callable[[Answers], bool | None]:
    def holds(answers: Answers) -> bool | None:
        try:
            return bool(decide(source(answers)))
        except Exception:  # noqa: BLE001  # it cannot be told; whether that matters, filling the template will show
            return None

    return holds


def _value(source: Source) -> Callable[[Answers], Any]:
    return lambda answers: _comparable(source(answers))


def _comparable(value: Any) -> Any:
    """What tells a value from all others, types included. Raises TypeError for what is not worth comparing."""
    kind = type(value)
    if kind is list:
        if len("".join(value)) > LONGEST_COMPARED or len(value) > LONGEST_COMPARED:  # raises for a list of anything but texts
            raise TypeError
        return tuple(value)
    if kind is str and len(value) > LONGEST_COMPARED:
        raise TypeError
    if kind is str or value is None:
        return value
    if kind in (int, bool, float):
        return kind, value
    raise TypeError


class _PieceGenerator(CodeGenerator):
    """Jinja's code generator, whose output is pieces and slots instead of texts."""

    def __init__(self, environment: MergeEnvironment, finder: QuestionFinder, encoding: Encoding) -> None:
        super().__init__(environment, "merge", "<merge pieces>")
        self._finder = finder
        self._encoding = encoding
        self._constants: dict[str, Any] = {}

    def room(self) -> dict[str, Any]:
        """The names that the compiled function can see: Jinja's, and ours.

        c_7 is a piece, fi7 a value, a slot or what is made of a value, of_fi7 where that comes from.
        """
        room = {name: getattr(runtime, name) for name in runtime.exported}
        room |= {"environment": self.environment, "undefined": self.environment.undefined, "cond_expr_undefined": Undefined}
        room |= {"resolve": lambda _name: missing, "printed": self._encoding.printed, **self._constants}
        among = len(self._finder.found)
        for name, asked in self._finder.found.items():
            if isinstance(asked, Fixed):
                room[name] = asked.value
            elif name in self._finder.pieces:
                characters = LONGEST_TEXT if asked.grows else LONGEST_SHOWN * _GROWTH
                plain = self._encoding.plain_once if asked.is_own else self._encoding.plain
                room[name] = Slot(asked.worked_out(among), asked.source, characters * _LONGEST_CHARACTER, plain if asked.is_kept else None)
            else:
                room[f"of_{name}"] = asked.source
                room[name] = asked.worked_out(among) if asked.steps else None
        return room

    def constants(self) -> dict[int, Any]:
        """The fixed pieces, see PieceTemplate."""
        fixed = [asked.value for name, asked in self._finder.found.items() if isinstance(asked, Fixed) and name in self._finder.pieces]
        return dict.fromkeys(map(id, [*self._constants.values(), *fixed]))

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        """One function, without what blocks and inheritance need; a generator only where the output may have no end."""
        is_endless = node.find(nodes.For) is not None
        frame = Frame(EvalContext(self.environment, self.name))
        frame.symbols.analyze_node(node)
        self.pull_dependencies(node.body)
        self.writeline("def fill(answers, context):", extra=1)
        self.indent()
        self.enter_frame(frame)
        if is_endless:
            self.writeline("if 0: yield None")
        else:
            self.buffer(frame)
        self.blockvisit(node.body, frame)
        if not is_endless:
            self.writeline(f"return {frame.buffer}")
        self.outdent()

    def visit_InternalName(self, node: nodes.InternalName, frame: Frame) -> None:
        """A question, a slot or a value."""
        name, asked = node.name, self._finder.found[node.name]
        if isinstance(asked, Fixed) or name in self._finder.pieces:
            self.write(name)
        else:
            self.write(f"{name}(of_{name}(answers))" if asked.steps else f"of_{name}(answers)")

    def _output_const_repr(self, group: Iterable[Any]) -> str:
        name = f"c_{len(self._constants)}"
        self._constants[name] = self._encoding.fixed("".join(group))
        return name

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write("(" if self._is_piece(node) else "printed(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        self.write(")")

    def _is_piece(self, node: nodes.Expr) -> bool:
        return isinstance(node, nodes.InternalName) and node.name in self._finder.pieces
