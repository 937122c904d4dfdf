"""The limits on what a template may cost: a budget for each filling, a cap on each value, operators that refuse to explode."""

import operator
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jinja2 import Undefined
from jinja2.exceptions import TemplateRuntimeError
from markupsafe import Markup

from syndication.rendering.merge.values import LARGEST_NUMBER, LONGEST_LIST, Fields

LARGEST_OUTPUT = 1_000_000  # characters of one filled template
LONGEST_TEXT = 100_000  # characters of one value or result
BUDGET = 10_000_000  # units: a character handled is 1, a loop step 1,000 and more
BUDGET_NAME = "_budget"  # no template can say it: unknown names are refused

OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
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


class Metered(Protocol):
    """What carries the budget of a filling: Jinja's context, or the answers about a reader."""

    @property
    def parent(self) -> Mapping[str, Any]: ...  # noqa: D102


def budget_of(context: Metered) -> Budget:
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


def size_of(value: Any) -> int:
    """What a value costs: its characters or items, at least 1."""
    return len(value) if isinstance(value, str | list | tuple) else 1


def calculate(sign: str, left: Any, right: Any) -> Any:
    """A binary operator on values of any size, refusing before it would build something large."""
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return OPERATIONS[sign](left, right)
    if sign == "%" and isinstance(left, str):
        raise MergeFault("% divides numbers; to put texts together write ~ between them.")
    if sign == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
        times = right if isinstance(right, int) else left if isinstance(left, int) else 0
        if size_of(left) * size_of(right) * max(times, 0) > LONGEST_LIST:
            raise TooMuch(f"* would make more than {LONGEST_LIST:,} copies.")
    if sign == "**" and isinstance(right, int | float) and abs(right) > 100:  # noqa: PLR2004  a larger power has no use in a mail
        raise TooMuch("the power in ** is larger than 100.")
    try:
        return capped(OPERATIONS[sign](left, right))
    except ZeroDivisionError as error:
        raise MergeFault(f"{sign} divides by zero.") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise MergeFault(f"{sign} cannot join {described(left)} and {described(right)}.") from error


def described(value: Any) -> str:
    """What kind of value this is, in words for the author."""
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
