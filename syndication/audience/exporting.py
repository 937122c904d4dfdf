"""Writes readers out as a table: streamed, complete, and safe to open in a spreadsheet."""

import csv
import json
from collections.abc import Iterator
from typing import Any

from syndication.audience.models import Subscription

COLUMNS = ("email", "name", "locale", "time_zone", "publication", "list", "state", "since", "attributes")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
PAGE = 2000  # rows a query


class _Echo:
    """A file that gives back what is written, so that csv can format one row at a time."""

    def write(self, text: str) -> str:
        return text


def export_rows(*, list_id: int | None = None) -> Iterator[str]:
    """CSV lines (RFC 4180, with a header) of every subscription, or of one list's; memory stays flat."""
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    found = Subscription.objects.select_related("subscriber", "list__publication").exclude(subscriber__state="erased").order_by("pk")
    if list_id is not None:
        found = found.filter(list_id=list_id)
    for one in found.iterator(chunk_size=PAGE):
        yield writer.writerow([_harmless(cell) for cell in _cells(one)])


def _cells(one: Subscription) -> tuple[Any, ...]:
    reader = one.subscriber
    attributes = json.dumps(reader.attributes, ensure_ascii=False, sort_keys=True) if reader.attributes else ""
    since = f"{one.changed_at:%Y-%m-%dT%H:%M:%SZ}"
    return (
        reader.address,
        reader.name,
        reader.locale,
        reader.time_zone,
        one.list.publication.slug,
        one.list.slug,
        one.state,
        since,
        attributes,
    )


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
