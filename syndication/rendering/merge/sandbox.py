"""The small, closed room in which merge fields are worked out: nothing to call, nothing to load, and a limit on everything."""

from typing import Any, ClassVar

from jinja2 import nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from markupsafe import escape

from syndication.rendering.merge.filters import FILTERS, as_text, concatenated, counted, metered, safe_link, unchanged
from syndication.rendering.merge.limits import OPERATIONS, budget_of, calculate, size_of
from syndication.rendering.merge.values import Absent, Fields

LOOP_STEP_COST = 1_000  # of the budget
NODE_COST = 50  # for each node in a loop's body, at each step
LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})
PUBLIC_FILTERS = frozenset({*FILTERS, "escape", "e"})

PUBLIC_TESTS = frozenset(
    {"defined", "undefined", "none", "string", "number", "boolean", "true", "false", "odd", "even", "divisibleby", "in"}
    | {"eq", "equalto", "ne", "lt", "gt", "le", "ge"}
)


def printable(value: Any) -> Any:
    """What may be printed: never a list or a group of fields, whose text form is for programmers."""
    if isinstance(value, list | tuple | Fields):
        as_text(value)
    return value


class MergeEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2 with everything taken away but reading fields, a few filters, conditions and short loops."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset(OPERATIONS)  # type: ignore[misc]  # an immutable one is meant

    def __init__(self, *, markup: bool) -> None:
        super().__init__(autoescape=markup, undefined=Absent, keep_trailing_newline=True, finalize=printable, cache_size=0)
        self.globals = {}
        self.filters = {name: metered(function) for name, function in FILTERS.items()}
        self.filters["escape"] = self.filters["e"] = metered(escape if markup else unchanged)
        self.filters["_concat"] = metered(concatenated)
        self.filters["_link"] = metered(safe_link)
        self.filters["_counted"] = counted
        self.tests = {name: TESTS[name] for name in PUBLIC_TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A field by its name; nothing else has attributes here, except `loop` inside a loop."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A field by its name, an item by its number; never a Python attribute."""
        if isinstance(obj, Fields):
            return obj.get(argument)
        if isinstance(obj, Absent):
            return Absent(name=f"{obj._undefined_name}.{argument}")  # noqa: SLF001  jinja2 offers no other way to its name
        if isinstance(obj, LoopContext) and argument in LOOP_FIELDS:
            return getattr(obj, argument)
        if isinstance(obj, str | list | tuple) and isinstance(argument, int | slice):
            try:
                return obj[argument]
            except (IndexError, ValueError):
                return Absent(name=f"item {argument}")
        return Absent(name=str(argument)[:80])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Every operator goes through the limits, and is paid for."""
        result = calculate(operator, left, right)
        budget_of(context).spend(size_of(left) + size_of(result) + 10)
        return result


def with_limits(template: nodes.Template) -> None:
    """Rewrite a parsed template so that loops and joined texts (~) are counted and capped, and links are checked."""
    for loop in list(template.find_all(nodes.For)):
        size = sum(1 for part in [*loop.body, *loop.else_] for _ in part.find_all(nodes.Node)) + len(loop.body)
        cost = nodes.Const(LOOP_STEP_COST + NODE_COST * size, lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, "_counted", [cost], [], None, None, lineno=loop.lineno)
    _replace_joins(template)


def _replace_joins(node: nodes.Node) -> None:
    for name, value in node.iter_fields():
        if isinstance(value, list):
            setattr(node, name, [_without_join(item) for item in value])
        elif isinstance(value, nodes.Node):
            setattr(node, name, _without_join(value))


def _without_join(value: Any) -> Any:
    if not isinstance(value, nodes.Node):
        return value
    _replace_joins(value)
    if isinstance(value, nodes.Concat):
        return nodes.Filter(nodes.List(value.nodes, lineno=value.lineno), "_concat", [], [], None, None, lineno=value.lineno)
    return value
