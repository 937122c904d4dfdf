"""Takes rows that are due, and puts back what did not arrive: one way for deliveries, wishes and pings."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet

from syndication.feeds.hub.backoff import next_try_at
from syndication.feeds.hub.find import PublishedFeed, published
from syndication.feeds.hub.lanes import Lanes
from syndication.feeds.hub.messages import Answer, Request
from syndication.feeds.hub.models import HubHost, HubPing, HubSubscription, HubWish

Row = HubSubscription | HubWish | HubPing

COMES_BACK_AFTER = timedelta(minutes=1)  # what a round took that died
LOOKED_AT = 2  # rows for each one that can be taken: those of one host stand together
LONGEST_PROBLEM = 200  # characters

_chance = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Errand:
    """A row that was taken, and the request that it makes.

    mark  what the answer is judged by: the entity tag that is delivered, or the challenge
    """

    row: Row
    request: Request
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of row. `settle` writes what the answers mean, for rows that are still as they were taken."""

    waiting: Callable[[], QuerySet[Row]]
    errand: Callable[[Row, PublishedFeed], Errand | None]
    settle: Callable[[Sequence[tuple[Errand, Answer]], datetime], None]


def due(kind: Kind, now: datetime) -> QuerySet[Row]:
    """What is due, but for hosts that rest."""
    resting = HubHost.objects.filter(rest_until__gt=now).values("host")
    return kind.waiting().filter(due_at__lte=now).exclude(host__in=resting)


def take(kind: Kind, lanes: Lanes, number: int, now: datetime, moment: float) -> list[tuple[Row, PublishedFeed]]:
    """Rows that may go now, those that are due longest first; they are counted in `lanes` and say `number` as their round."""
    if lanes.room <= 0:
        return []
    with transaction.atomic():
        found = due(kind, now).exclude(host__in=lanes.closed(moment)).order_by("due_at", "pk").select_for_update(skip_locked=True)
        taken = [row for row in found[: lanes.room * LOOKED_AT] if lanes.begin(row.host, moment)]
        if taken:
            mine = kind.waiting().filter(pk__in=[row.pk for row in taken])
            mine.update(due_at=now + COMES_BACK_AFTER, tries=F("tries") + 1, round=number)
    feeds = published(row.feed_id for row in taken)
    for row in taken:
        row.tries, row.round = row.tries + 1, number
        if row.feed_id not in feeds:  # deleted this moment, and the row with it
            lanes.cancel(row.host)
    return [(row, feeds[row.feed_id]) for row in taken if row.feed_id in feeds]


def as_taken(row: Row) -> QuerySet[Row]:
    """The row, unless something newer has happened to it since this round took it."""
    return type(row).objects.filter(pk=row.pk, round=row.round)


def put_back(row: HubSubscription | HubPing, answer: Answer, now: datetime) -> None:
    """Try again later, or give this version up; the row itself stays."""
    why = in_words(answer)
    at = next_try_at(now, tries=row.tries, chance=_chance.random(), asked_wait_seconds=answer.wait_seconds)
    as_taken(row).update(due_at=at, problem=(why if at else f"given up after {row.tries} tries: {why}")[:LONGEST_PROBLEM])


def in_words(answer: Answer) -> str:
    """What came back, for staff."""
    return f"answered {answer.status}" if answer.status else answer.problem
