"""The few filters of merge fields, each paid for by the size of what it reads and writes."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from jinja2 import Undefined, pass_context

from syndication.rendering.merge.limits import LONGEST_TEXT, MergeFault, Metered, TooMuch, budget_of, capped, described, size_of
from syndication.rendering.merge.values import Absent

_BEFORE_PATH = re.compile(r"[^/?#]*")
_SAFE_SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms"})


def as_text(value: Any) -> str:
    """A text or a number as text; a list or a group of fields is a mistake, an absent value raises."""
    if isinstance(value, str):
        return value
    if isinstance(value, Undefined | int | float):
        return str(value)  # an absent value raises here
    raise MergeFault(f'{described(value)} is not a text. Take one item of it, or put its items together with | join(", ").')


def _default(value: Any, default_value: Any = "", boolean: Any = False) -> Any:  # noqa: FBT002  the signature of Jinja
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value


def _truncate(value: Any, length: int = 255, *_ignored: Any) -> str:
    text = as_text(value)
    length = max(int(length), 1)
    if len(text) <= length:
        return text
    cut = text[: length - 1].rsplit(" ", 1)[0] if " " in text[: length - 1] else text[: length - 1]
    return cut.rstrip() + "…"


def _length(value: Any) -> int:
    if isinstance(value, str | list | tuple | Absent):
        return len(value)
    raise MergeFault(f"{described(value)} has no length.")


def _join(value: Any, separator: Any = "") -> str:
    items = [as_text(item) for item in items_of(value)]
    glue = as_text(separator)
    if sum(map(len, items)) + len(glue) * len(items) > LONGEST_TEXT:
        raise TooMuch(f"join would make a text of more than {LONGEST_TEXT:,} characters.")
    return glue.join(items)


def items_of(value: Any) -> Iterable[Any]:
    """What can be gone through one by one: a list, or the signs of a text."""
    if isinstance(value, str | list | tuple | Absent):
        return value
    raise MergeFault(f"{described(value)} is not a list.")


def _first(value: Any) -> Any:
    return next(iter(items_of(value)), Absent(name="first"))


def _last(value: Any) -> Any:
    items = list(items_of(value))
    return items[-1] if items else Absent(name="last")


def _round(value: Any, digits: int = 0) -> Any:
    if not isinstance(value, int | float):
        raise MergeFault(f"round needs a number, and got {described(value)}.")
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
    text, old, new = as_text(value), as_text(old), as_text(new)
    found = text.count(old)
    if len(text) + found * len(new) > LONGEST_TEXT:
        raise TooMuch(f"replace would make a text of more than {LONGEST_TEXT:,} characters.")
    return text.replace(old, new)


def concatenated(values: list[Any]) -> str:
    """What ~ puts together."""
    return "".join(map(as_text, values))


def safe_link(value: Any) -> str:
    """A value that stands in a link: what would start anything but a web, mail or telephone address becomes "#"."""
    text = as_text(value)
    if text.startswith("https://"):
        return text
    start = _BEFORE_PATH.match(text)
    scheme, colon, _rest = start.group().partition(":") if start else ("", "", "")
    return "#" if colon and "".join(scheme.split()).lower() not in _SAFE_SCHEMES else text


def metered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, paid by the size of what it reads and writes, with its mistakes told in words."""
    name = function.__name__.strip("_")

    @pass_context
    def filter_(context: Metered, value: Any, *arguments: Any, **named: Any) -> Any:
        try:
            result = capped(function(value, *arguments, **named))
        except (TypeError, ValueError, OverflowError) as error:
            raise MergeFault(f"the filter {name} cannot be used like this ({error}).") from error
        budget_of(context).spend(size_of(value) + size_of(result) + 10)
        return result

    return filter_


@pass_context
def counted(context: Metered, values: Any, cost: int) -> Iterator[Any]:
    """The items of a loop, each paid for when it is reached."""
    budget = budget_of(context)
    for item in items_of(values):
        budget.spend(cost)
        yield item


def _on_text(method: Callable[[str], str]) -> Callable[[Any], str]:
    def apply(value: Any) -> str:
        return method(as_text(value))

    apply.__name__ = getattr(method, "__name__", "text")
    return apply


def unchanged(value: Any) -> Any:
    """The escape filter where there is no markup."""
    return value


FILTERS: dict[str, Callable[..., Any]] = {
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
