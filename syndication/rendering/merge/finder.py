"""Finds in a parsed template the expressions that only read the reader, and puts one question in the place of each."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jinja2 import nodes
from jinja2.parser import Parser
from jinja2.tests import TESTS
from jinja2.visitor import NodeTransformer

from syndication.rendering.merge.names import LINK_NAMES
from syndication.rendering.merge.questions import Encoding, Question, about_the_reader, attribute, filter_step, filtered, link
from syndication.rendering.merge.sandbox import MergeEnvironment
from syndication.rendering.merge.values import Absent
from syndication.rendering.reader import NAMEABLE

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda value, fixed: value in fixed,
    "notin": lambda value, fixed: value not in fixed,
}

_TESTS: Mapping[str, Callable[[Any], bool]] = {name: TESTS[name] for name in ("defined", "undefined", "none")}  # type: ignore[misc]


class Fixed(NamedTuple):
    """A value that is the same for all readers, and the words that it stands for."""

    words: str
    value: Any


class QuestionFinder(NodeTransformer):
    """Changes a tree: fields, links, and filters with fixed values over them become InternalName nodes, see `found`.

    What is left, conditions, loops and the like, stays Jinja's.

    links  the links that are the same for all readers
    """

    def __init__(self, environment: MergeEnvironment, encoding: Encoding, links: Mapping[str, str]) -> None:
        self._environment = environment
        self._encoding = encoding
        self._links = links
        self._names = Parser(environment, "")
        self._by_words: dict[str, str] = {}
        self.found: dict[str, Question | Fixed] = {}
        """What each name stands for."""
        self.pieces: set[str] = set()
        """Those names whose value is written already."""
        self.decisions: set[str] = set()
        """Those names of which only matters whether they hold."""

    # ------------------------------------------------------------------ values

    def visit_Name(self, node: nodes.Name) -> nodes.Node:
        """A link."""
        if node.ctx != "load" or node.name not in LINK_NAMES:
            return node
        return self._put(Fixed(node.name, self._links[node.name]) if node.name in self._links else link(node.name), node)

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Node:
        """subscriber.name, or a field of a field."""
        return self._field(node, node.attr)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """subscriber["name"], or an item of a fixed number."""
        key = node.arg.value if isinstance(node.arg, nodes.Const) else None
        return self.generic_visit(node) if key is None else self._field(node, key)

    def visit_Filter(self, node: nodes.Filter) -> nodes.Node:
        """A filter with fixed values over a question."""
        self.generic_visit(node)
        asked = self._asked(node.node)
        if asked is None:
            return node
        arguments = [value.value for value in node.args if isinstance(value, nodes.Const)]
        named = {str(keyword.key): keyword.value.value for keyword in node.kwargs if isinstance(keyword.value, nodes.Const)}
        step = filter_step(node.name, arguments, named, markup=bool(self._environment.autoescape))
        if step is None or len(arguments) + len(named) < len(node.args) + len(node.kwargs):
            return node
        words = f"{asked.words}|{node.name}{'<>' if self._environment.autoescape else ''}({arguments!r}, {named!r})"
        if isinstance(asked, Question):
            return self._put(filtered(asked, words, node.name, step), node)
        try:
            return self._put(Fixed(words, step(asked.value)), node)
        except Exception:  # noqa: BLE001  # it will fail for each reader, and the general way says why
            return node

    def visit_Output(self, node: nodes.Output) -> nodes.Node:
        """What is printed is written at once."""
        self.generic_visit(node)
        node.nodes = [self._piece(part) for part in node.nodes]
        return node

    # ------------------------------------------------------------------ decisions

    def visit_If(self, node: nodes.If) -> nodes.Node:
        """A condition, which may be a question itself."""
        self.generic_visit(node)
        node.test = self._decision(node.test)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        """A condition inside an expression."""
        self.generic_visit(node)
        node.test = self._decision(node.test)
        return node

    def _decision(self, test: Any) -> Any:
        if isinstance(test, nodes.And | nodes.Or):
            test.left, test.right = self._decision(test.left), self._decision(test.right)
        elif isinstance(test, nodes.Not):
            test.node = self._decision(test.node)
        elif isinstance(test, nodes.InternalName):
            return self._decided(test, "holds", bool, test)
        elif isinstance(test, nodes.Test) and test.name in _TESTS and not test.args:
            return self._decided(test.node, f"is {test.name}", _TESTS[test.name], test)
        elif isinstance(test, nodes.Compare) and len(test.ops) == 1:
            return self._compared(test)
        return test

    def _compared(self, test: nodes.Compare) -> nodes.Node:
        sign, right = test.ops[0].op, test.ops[0].expr
        if not isinstance(right, nodes.Const | nodes.List | nodes.Tuple):  # reading.py lets lists hold fixed values only
            return test
        fixed = right.as_const(nodes.EvalContext(self._environment))
        compare = _COMPARISONS[sign]
        return self._decided(test.expr, f"{sign} {fixed!r}", lambda value: bool(compare(value, fixed)), test)

    def _decided(self, node: nodes.Node, words: str, step: Callable[[Any], Any], otherwise: nodes.Node) -> nodes.Node:
        asked = self._asked(node)
        if not isinstance(asked, Question):
            return otherwise
        put = self._put(asked.then(f"{asked.words} {words}", step), otherwise)
        self.decisions.add(put.name)
        return put

    # ------------------------------------------------------------------ inside

    def _field(self, node: nodes.Getattr | nodes.Getitem, key: Any) -> nodes.Node:
        base = node.node
        if isinstance(base, nodes.Name) and base.name == "subscriber":
            return self._put(about_the_reader(key), node)
        if isinstance(base, nodes.Name) and base.name == "publication":  # those that are known were written in before
            return self._put(Fixed(f"publication.{key}", Absent(name=f"publication.{key}")), node)
        self.generic_visit(node)
        asked = self._asked(node.node)
        if not isinstance(asked, Question):
            return node
        if asked.words == "subscriber.attributes" and isinstance(key, str) and NAMEABLE.fullmatch(key):
            return self._put(attribute(key), node)
        environment = self._environment
        return self._put(asked.then(f"{asked.words}[{key!r}]", lambda value: environment.getitem(value, key)), node)

    def _piece(self, part: nodes.Expr) -> nodes.Expr:
        asked = self._asked(part)
        if asked is None or (isinstance(asked, Fixed) and isinstance(asked.value, Absent)):
            return part  # printing an absent value raises, each time
        words = f"print {asked.words}"
        if isinstance(asked, Question):
            put = self._put(asked.then(words, self._encoding.once if asked.is_own else self._encoding.printed, keeps=True), part)
        else:
            put = self._put(Fixed(words, self._encoding.printed(asked.value)), part)
        self.pieces.add(put.name)
        return put

    def _asked(self, node: nodes.Node | None) -> Question | Fixed | None:
        return self.found.get(node.name) if isinstance(node, nodes.InternalName) else None

    def _put(self, asked: Question | Fixed, instead_of: nodes.Node) -> nodes.InternalName:
        name = self._names.free_identifier(lineno=instead_of.lineno)
        name.name = self._by_words.setdefault(asked.words, name.name)
        self.found.setdefault(name.name, asked)
        return name
