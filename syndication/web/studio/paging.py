"""Cuts a long list into pages and keeps the search in their links."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, QueryDict

Row = TypeVar("Row")

PER_PAGE = 50
LARGEST_PAGE = 100_000
LONGEST_SEARCH = 200  # characters
LARGEST_ID = 2**63 - 1  # what a bigint column holds


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows, with the query strings of its neighbours ("" when there is none)."""

    rows: list[Row]
    before: str
    after: str
    shown: str
    """Which rows these are: "51 to 100"."""


def asked(request: HttpRequest, name: str) -> str:
    """What the URL's query says under `name`, trimmed, without the NUL characters that PostgreSQL refuses; "" when it says nothing."""
    return request.GET.get(name, "").replace("\0", "").strip()[:LONGEST_SEARCH]


def row_id(text: str) -> int | None:
    """The id in a query, None for what cannot be one."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) <= LARGEST_ID else None


def page_number(request: HttpRequest) -> int:
    """The page that the URL asks for, 1 for anything that is none."""
    number = asked(request, "page")
    return min(max(int(number), 1), LARGEST_PAGE) if number.isascii() and number.isdecimal() else 1


def sliced(request: HttpRequest, rows: Iterable[Row], per_page: int = PER_PAGE) -> Slice[Row]:
    """The asked page of `rows` (a queryset, a list or any iterable); reads one row more than it shows and counts nothing.

    The count of a table with millions of rows would cost more than the page.
    """
    number = page_number(request)
    first = (number - 1) * per_page
    found = _cut(rows, first, first + per_page + 1)
    shown = found[:per_page]
    return Slice(
        rows=shown,
        before=_query(request.GET, number - 1) if number > 1 else "",
        after=_query(request.GET, number + 1) if len(found) > per_page else "",
        shown=f"{first + 1:,} to {first + len(shown):,}" if shown else "no more",
    )


def _cut(rows: Any, first: int, last: int) -> list[Any]:
    return list(rows[first:last]) if isinstance(rows, Sequence) or hasattr(rows, "iterator") else list(islice(rows, first, last))


def _query(present: QueryDict, number: int) -> str:
    query = present.copy()
    query["page"] = str(number)
    return query.urlencode()
