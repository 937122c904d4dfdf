"""Writes readers out as a table: streamed, complete, safe to open in a spreadsheet, and read again by an import."""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from syndication.audience.models import ConsentRecord, Subscriber, Subscription, Suppression

COLUMNS = (
    "email", "name", "locale", "time_zone", "publication", "list", "state", "frequency", "paused_until", "since", "tracking_consent",
    "attributes", "consent",
)  # fmt: skip
SUPPRESSION_COLUMNS = ("address_hash", "publication", "reason", "detail", "since")
REFUSAL_COLUMNS = ("line", "email", "why")
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]").match
PAGE = 2000  # rows a query


@dataclass(frozen=True, slots=True)
class Filter:
    """Which subscriptions; everything by default."""

    list_id: int | None = None
    publication_id: int | None = None
    state: str = ""
    subscribers: QuerySet[Subscriber] | None = None


class _Echo:
    """A file that gives back what is written, so that csv can format one row at a time."""

    def write(self, text: str) -> str:
        return text


def export_rows(wanted: Filter | None = None) -> Iterator[str]:
    """CSV lines (RFC 4180, with a header) of every subscription that is wanted, with all its consent as JSON; memory stays flat."""
    wanted = wanted or Filter()
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    found = Subscription.objects.exclude(subscriber__state=Subscriber.State.ERASED).order_by("pk")
    if wanted.list_id is not None:
        found = found.filter(list_id=wanted.list_id)
    if wanted.publication_id is not None:
        found = found.filter(list__publication_id=wanted.publication_id)
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.subscribers is not None:
        found = found.filter(subscriber__in=wanted.subscribers)
    rich = found.select_related("subscriber", "list__publication").prefetch_related("consent__wording", "consent__import_job")
    for one in rich.iterator(chunk_size=PAGE):
        yield writer.writerow([harmless(cell) for cell in _cells(one)])


def export_suppressions() -> Iterator[str]:
    """CSV lines of all suppressions. Hashes, never addresses: nobody can sell or mail this list (CAN-SPAM, 15 USC 7704 (a)(4)(A)(iv))."""
    writer = csv.writer(_Echo())
    yield writer.writerow(SUPPRESSION_COLUMNS)
    for one in Suppression.objects.select_related("publication").order_by("pk").iterator(chunk_size=PAGE):
        where = one.publication.slug if one.publication else ""
        yield writer.writerow([one.address_hash, where, one.reason, harmless(one.detail), _moment(one.since)])


def table_of(columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> Iterator[str]:
    """CSV lines of any rows, harmless in a spreadsheet."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([harmless(str(cell)) for cell in row])


def _cells(one: Subscription) -> tuple[str, ...]:
    reader = one.subscriber
    return (
        reader.address,
        reader.name,
        reader.locale,
        reader.time_zone,
        one.list.publication.slug,
        one.list.slug,
        one.state,
        one.frequency,
        f"{one.paused_until:%Y-%m-%d}" if one.paused_until else "",
        _moment(one.changed_at),
        {True: "yes", False: "no", None: ""}[reader.tracking_consent],
        json.dumps(reader.attributes, ensure_ascii=False, sort_keys=True) if reader.attributes else "",
        json.dumps([_event(record) for record in sorted(one.consent.all(), key=lambda record: record.pk)], ensure_ascii=False),
    )


def _event(record: ConsentRecord) -> dict[str, str]:
    """One record of consent; what was not kept is left out."""
    job = record.import_job
    told = {
        "at": _moment(record.at),
        "state": record.state,
        "how": record.how,
        "detail": record.detail,
        "network": record.network,
        "wording": record.wording.text if record.wording else "",
        "import": job.file_name if job else "",
        "source": job.consent_source if job else "",
    }
    return {name: value for name, value in told.items() if value}


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection); an import takes it off again."""
    return f"'{cell}" if _FORMULA(cell) else cell
