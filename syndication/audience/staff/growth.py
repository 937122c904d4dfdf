"""Counts who came and who left, day by day or week by week, from the consent records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Func, OuterRef, Q, TextField
from django.db.models.functions import Cast, Substr, TruncDate

from syndication.audience.models import ConsentRecord, Subscription

WEEK = 7  # days
ASKS = ("form", "api", "asked")
"""Records of a wish that changed nothing yet."""


@dataclass(frozen=True, slots=True)
class Step:
    """One day, or one week from its first day on; UTC."""

    first: date
    came: int
    left: int

    @property
    def net(self) -> int:
        """What is gained."""
        return self.came - self.left


def growth(*, today: date, days: int, list_id: int | None = None, publication_id: int | None = None) -> list[Step]:
    """Each of the last `days` days until today, the oldest first.

    Who confirmed came, also who came back; who had confirmed and then unsubscribed, was erased or was taken off by staff left. One
    grouped question.
    """
    first = today - timedelta(days=days - 1)
    records = ConsentRecord.objects.filter(at__gte=datetime.combine(first, time(), UTC)).exclude(how__in=ASKS)
    if list_id is not None:
        records = records.filter(subscription__list=list_id)
    elif publication_id is not None:
        records = records.filter(subscription__list__publication=publication_id)
    agreed = ConsentRecord.objects.filter(subscription=OuterRef("subscription"), pk__lt=OuterRef("pk"), state=Subscription.State.CONFIRMED)
    counted = (
        records.filter(Q(state=Subscription.State.CONFIRMED) | (Q(state=Subscription.State.UNSUBSCRIBED) & Exists(agreed)))
        .values(day=_day())
        .annotate(
            came=Count("pk", filter=Q(state=Subscription.State.CONFIRMED)),
            left=Count("pk", filter=Q(state=Subscription.State.UNSUBSCRIBED)),
        )
        .order_by("day")
    )
    found = {date.fromisoformat(str(row["day"])): row for row in counted}
    return [_step(first + timedelta(days=number), found) for number in range(days)]


def by_week(steps: Iterable[Step]) -> list[Step]:
    """The same in weeks that begin on Monday; the first and the last may be cut short."""
    weeks: dict[date, list[Step]] = {}
    for one in steps:
        weeks.setdefault(one.first - timedelta(days=one.first.weekday()), []).append(one)
    return [Step(first, sum(one.came for one in days), sum(one.left for one in days)) for first, days in weeks.items()]


def _day() -> Func:
    """The day of a record. SQLite keeps moments as text in UTC, whose start is the day; Django's own way calls Python for each row."""
    return Substr(Cast("at", TextField()), 1, 10) if connection.vendor == "sqlite" else TruncDate("at", tzinfo=UTC)


def _step(day: date, found: Mapping[date, Mapping[str, Any]]) -> Step:
    row = found.get(day, {})
    return Step(day, row.get("came", 0), row.get("left", 0))
