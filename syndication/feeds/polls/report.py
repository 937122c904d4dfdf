"""Tells who polled a publication's feeds lately."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet, Sum
from django.utils import timezone

from syndication.feeds.polls.models import FeedPoll


@dataclass(frozen=True, slots=True)
class Polled:
    """What one program, or all together, asked for.

    name         of the program; empty for all together
    subscribers  for how many people it says to poll, summed over the documents, each as last said; None when it says nothing
    """

    name: str
    polls: int
    unchanged: int
    deltas: int
    bytes_sent: int
    subscribers: int | None
    last_seen_at: datetime | None

    @property
    def unchanged_share(self) -> float:
        """The share of polls answered with 304, 0 to 1; 0 without a poll."""
        return self.unchanged / self.polls if self.polls else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The last `days` days (UTC, today included): all together, and each program, the busiest first."""

    days: int
    total: Polled
    readers: tuple[Polled, ...] = field(default=())


def report(publication_id: int, days: int, *, now: datetime | None = None) -> Report:
    """Who polled in the last `days` days (>= 1). Programs for one person cannot be told apart: no addresses are kept."""
    since = (now or timezone.now()).date() - timedelta(days=days - 1)
    rows = FeedPoll.objects.filter(publication_id=publication_id, day__gte=since)
    said = _subscribers(rows)
    found = (
        rows.values_list("reader")
        .annotate(asked=Sum("polls"), in_vain=Sum("unchanged"), parts=Sum("deltas"), sent=Sum("bytes_sent"), seen=Max("last_seen_at"))
        .order_by("-asked", "reader")
    )
    readers = tuple(
        Polled(name, polls, unchanged, deltas, bytes_sent, said.get(name), last_seen_at)
        for name, polls, unchanged, deltas, bytes_sent, last_seen_at in found
    )
    return Report(days, _total(readers), readers)


def _subscribers(rows: QuerySet[FeedPoll]) -> dict[str, int]:
    """By program: what it last said of each document, summed."""
    last = {}
    for reader, feed, count in rows.filter(~Q(subscribers=None)).order_by("day").values_list("reader", "feed", "subscribers"):
        last[reader, feed] = count
    found: dict[str, int] = {}
    for (reader, _), count in last.items():
        found[reader] = found.get(reader, 0) + (count or 0)
    return found


def _total(readers: tuple[Polled, ...]) -> Polled:
    said = [one.subscribers for one in readers if one.subscribers is not None]
    return Polled(
        name="",
        polls=sum(one.polls for one in readers),
        unchanged=sum(one.unchanged for one in readers),
        deltas=sum(one.deltas for one in readers),
        bytes_sent=sum(one.bytes_sent for one in readers),
        subscribers=sum(said) if said else None,
        last_seen_at=max((one.last_seen_at for one in readers if one.last_seen_at), default=None),
    )
