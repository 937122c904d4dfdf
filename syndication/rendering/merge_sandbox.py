"""The small, closed room in which merge fields are worked out: nothing to call, nothing to load, and a limit on everything.

Every operator, filter and loop step is paid from a budget that belongs to one filling, so that no template and no value
of a subscriber can use more than about a second or a megabyte.
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from jinja2 import Undefined, nodes, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from markupsafe import Markup, escape

from syndication.rendering.header_words import one_line
from syndication.rendering.reader import JSON

LONGEST_TEXT = 100_000  # characters of one value or result
LONGEST_LIST = 10_000  # items
LARGEST_NUMBER = 10**12
LARGEST_OUTPUT = 1_000_000  # characters of one filled template
BUDGET = 10_000_000  # units: a character handled is 1, a loop step 1,000 and more
LOOP_STEP_COST = 1_000
NODE_COST = 50  # for each node in a loop's body, at each step
BUDGET_NAME = "_budget"  # no template can say it: unknown names are refused
LONGEST_SHOWN = 1_000  # characters of a value that a subscriber brought along

PUBLIC_TESTS = frozenset(
    {"defined", "undefined", "none", "string", "number", "boolean", "true", "false", "odd", "even", "divisibleby", "in"}
    | {"eq", "equalto", "ne", "lt", "gt", "le", "ge"}
)
_BEFORE_PATH = re.compile(r"[^/?#]*")
_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms"})
_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


class MergeFault(TemplateRuntimeError):
    """Something inside a template went wrong while it was filled; the message is for the person who wrote it."""


class TooMuch(MergeFault):
    """The budget of one filling is used up."""


class Absent(Undefined):
    """A field that has no value: false, equal to nothing and empty, but never printed: that raises, as StrictUndefined does."""

    __slots__ = ()

    def __str__(self) -> str:
        return self._fail_with_undefined_error()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return 0

    def __contains__(self, item: object) -> bool:
        return False


class Nobody(Absent):
    """The address where there is no reader: absent, yet an article that prints it without default() still has a page."""

    __slots__ = ()

    def __str__(self) -> str:
        return "…"


class Budget:
    """What one filling may still spend."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = BUDGET

    def spend(self, units: int) -> None:
        """Pay, or raise TooMuch."""
        self.left -= units
        if self.left < 0:
            raise TooMuch("this takes too long: a loop runs too many times. Loop over a short list, and put no loop into another.")


class Fields:
    """A record of named values; an empty value is absent, and every text is one clean line."""

    __slots__ = ("label", "values")

    def __init__(self, label: str, values: Mapping[str, Any]) -> None:
        self.label = label
        self.values = values

    def get(self, key: object) -> Any:
        """The value as a template sees it, or Absent."""
        value = self.values.get(key) if isinstance(key, str) else None
        if isinstance(value, Fields | Absent):
            return value
        shown = _shown(value, f"{self.label}.{key}")
        return Absent(name=f"{self.label}.{key}") if shown is None else shown


def _shown(value: JSON, label: str) -> Any:
    """A JSON value as a template may see it; None when it is as good as missing."""
    if isinstance(value, str):
        return one_line(value[:LONGEST_SHOWN]).strip() or None
    if isinstance(value, Mapping):
        return Fields(label, value) if value else None
    if isinstance(value, list):
        items = [_shown(item, label) for item in value[:LONGEST_LIST]]
        return [item for item in items if item is not None] or None
    if isinstance(value, bool) or value is None:
        return value
    return value if abs(value) <= LARGEST_NUMBER else None  # also drops NaN and infinity


def budget_of(context: Context) -> Budget:
    """The budget of the filling that runs now."""
    budget = context.parent[BUDGET_NAME]
    assert isinstance(budget, Budget)
    return budget


def capped(value: Any) -> Any:
    """The value, or MergeFault when it is larger than anything a mail needs."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise TooMuch(f"a text of more than {LONGEST_TEXT:,} characters came out here.")
    if isinstance(value, list) and len(value) > LONGEST_LIST:
        raise TooMuch(f"a list of more than {LONGEST_LIST:,} items came out here.")
    if isinstance(value, int | float) and not isinstance(value, bool) and not abs(value) <= LARGEST_NUMBER:
        raise TooMuch(f"a number beyond {LARGEST_NUMBER:,} came out here.")
    if isinstance(value, complex):
        raise MergeFault("this calculation has no real result.")
    return value


def _size(value: Any) -> int:
    return len(value) if isinstance(value, str | list | tuple) else 1


def calculate(sign: str, left: Any, right: Any) -> Any:
    """A binary operator on values of any size, refusing before it would build something large."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return _OPERATIONS[sign](left, right)
    if sign == "%" and isinstance(left, str):
        raise MergeFault("% divides numbers; to put texts together write ~ between them.")
    if sign == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
        times = right if isinstance(right, int) else left if isinstance(left, int) else 0
        if _size(left) * _size(right) * max(times, 0) > LONGEST_LIST:
            raise TooMuch(f"* would make more than {LONGEST_LIST:,} copies.")
    if sign == "**" and isinstance(right, int | float) and abs(right) > 100:  # noqa: PLR2004  a larger power has no use in a mail
        raise TooMuch("the power in ** is larger than 100.")
    try:
        return capped(_OPERATIONS[sign](left, right))
    except ZeroDivisionError as error:
        raise MergeFault(f"{sign} divides by zero.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise MergeFault(f"{sign} cannot join {_described(left)} and {_described(right)}.") from error


def _described(value: Any) -> str:
    names = {
        str: "a text",
        Markup: "a text",
        bool: "a yes or no",
        int: "a number",
        float: "a number",
        list: "a list",
        Fields: "a group of fields",
    }
    return names.get(type(value), "this value")


# ------------------------------------------------------------------ filters


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined | int | float):
        return str(value)  # an absent value raises here
    raise MergeFault(f'{_described(value)} is not a text. Take one item of it, or put its items together with | join(", ").')


def _default(value: Any, default_value: Any = "", boolean: Any = False) -> Any:  # noqa: FBT002  the signature of Jinja
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


def _truncate(value: Any, length: int = 255, *_ignored: Any) -> str:
    text = _as_text(value)
    length = max(int(length), 1)
    if len(text) <= length:
        return text
    cut = text[: length - 1].rsplit(" ", 1)[0] if " " in text[: length - 1] else text[: length - 1]
    return cut.rstrip() + "…"


def _length(value: Any) -> int:
    if isinstance(value, str | list | tuple | Absent):
        return len(value)
    raise MergeFault(f"{_described(value)} has no length.")


def _join(value: Any, separator: Any = "") -> str:
    items = [_as_text(item) for item in _items(value)]
    glue = _as_text(separator)
    if sum(map(len, items)) + len(glue) * len(items) > LONGEST_TEXT:
        raise TooMuch(f"join would make a text of more than {LONGEST_TEXT:,} characters.")
    return glue.join(items)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, str | list | tuple | Absent):
        return value
    raise MergeFault(f"{_described(value)} is not a list.")


def _first(value: Any) -> Any:
    return next(iter(_items(value)), Absent(name="first"))


def _last(value: Any) -> Any:
    items = list(_items(value))
    return items[-1] if items else Absent(name="last")


def _round(value: Any, digits: int = 0) -> Any:
    if not isinstance(value, int | float):
        raise MergeFault(f"round needs a number, and got {_described(value)}.")
    return round(value, max(min(int(digits), 12), -12)) if digits else float(round(value))


def _int(value: Any, default_value: int = 0) -> int:
    try:
        return int(float(value)) if not isinstance(value, int) else int(value)
    except (TypeError, ValueError, OverflowError):
        return default_value


def _float(value: Any, default_value: float = 0.0) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return default_value


def _replace(value: Any, old: Any, new: Any) -> str:
    text, old, new = _as_text(value), _as_text(old), _as_text(new)
    found = text.count(old)
    if len(text) + found * len(new) > LONGEST_TEXT:
        raise TooMuch(f"replace would make a text of more than {LONGEST_TEXT:,} characters.")
    return text.replace(old, new)


def _concatenated(values: list[Any]) -> str:
    return "".join(map(_as_text, values))


def safe_link(value: Any) -> str:
    """A value that stands in a link: what would start anything but a web, mail or telephone address becomes "#"."""
    text = _as_text(value)
    start = _BEFORE_PATH.match(text)
    scheme, colon, _rest = start.group().partition(":") if start else ("", "", "")
    return "#" if colon and "".join(scheme.split()).lower() not in _SAFE_SCHEMES else text


def _metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, paid by the size of what it reads and writes, with its mistakes told in words."""
    name = function.__name__.strip("_")

    @pass_context
    def filter_(context: Context, value: Any, *arguments: Any, **named: Any) -> Any:
        try:
            result = capped(function(value, *arguments, **named))
        except (TypeError, ValueError, OverflowError) as error:
            raise MergeFault(f"the filter {name} cannot be used like this ({error}).") from error
        budget_of(context).spend(_size(value) + _size(result) + 10)
        return result

    return filter_


@pass_context
def _counted(context: Context, values: Any, cost: int) -> Iterator[Any]:
    """The items of a loop, each paid for when it is reached."""
    budget = budget_of(context)
    for item in _items(values):
        budget.spend(cost)
        yield item


def _on_text(method: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        return method(_as_text(value))

    apply.__name__ = getattr(method, "__name__", "text")
    return apply


def _unchanged(value: Any) -> Any:
    return value


_FILTERS: dict[str, Callable[..., Any]] = {
    "default": _default,
    "d": _default,
    "upper": _on_text(str.upper),
    "lower": _on_text(str.lower),
    "title": _on_text(str.title),
    "capitalize": _on_text(str.capitalize),
    "trim": _on_text(str.strip),
    "truncate": _truncate,
    "length": _length,
    "count": _length,
    "join": _join,
    "first": _first,
    "last": _last,
    "round": _round,
    "int": _int,
    "float": _float,
    "replace": _replace,
}
PUBLIC_FILTERS = frozenset({*_FILTERS, "escape", "e"})


def _printed(value: Any) -> Any:
    """What may be printed: never a list or a group of fields, whose text form is for programmers."""
    if isinstance(value, list | tuple | Fields):
        _as_text(value)
    return value


class MergeEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2 with everything taken away but reading fields, a few filters, conditions and short loops."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset(_OPERATIONS)  # type: ignore[misc]  # an immutable one is meant

    def __init__(self, *, markup: bool) -> None:
        super().__init__(autoescape=markup, undefined=Absent, keep_trailing_newline=True, finalize=_printed, cache_size=0)
        self.globals = {}
        self.filters = {name: _metered(function) for name, function in _FILTERS.items()}
        self.filters["escape"] = self.filters["e"] = _metered(escape if markup else _unchanged)
        self.filters["_concat"] = _metered(_concatenated)
        self.filters["_link"] = _metered(safe_link)
        self.filters["_counted"] = _counted
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
        budget_of(context).spend(_size(left) + _size(result) + 10)
        return result


LOOP_FIELDS = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})


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
