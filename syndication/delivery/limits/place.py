"""Where the buckets are: in Redis, or in SQL from the moment in which one sender cannot reach Redis until none has for a while.

All senders use the same store, so that a limit holds for all of them together also while only some of them reach Redis. Each move
begins a new generation of buckets that start empty and owe OVERLAP_SECONDS: no sender learns of a move later than that.
"""

from datetime import timedelta
from typing import NamedTuple

from django.db import transaction

from syndication.delivery.limits.clock import database_now
from syndication.delivery.limits.models import Bucket, BucketPlace
from syndication.delivery.limits.request import PREFIX

IN_SQL_FOR = timedelta(seconds=10)
PROBE_SECONDS = 3
"""While the buckets are in SQL, each sender tries Redis so often; one that does not reach it keeps them there for IN_SQL_FOR more."""
LEARNT_SECONDS = 2
"""How old a sender's knowledge of the place may be."""
OVERLAP_SECONDS = 3
THE_ROW = 1


class Place(NamedTuple):
    """Which generation of buckets counts, and for how many seconds from now they are in SQL (0: in Redis)."""

    generation: int = 0
    in_sql_seconds: float = 0.0

    @property
    def owed_seconds(self) -> float:
        """What a new bucket owes, in seconds of its rate."""
        return OVERLAP_SECONDS if self.generation else 0.0


def read() -> Place:
    """Where the buckets are now."""
    row = BucketPlace.objects.filter(pk=THE_ROW).first()
    return _place(row) if row else Place()


def move_into_sql() -> Place:
    """Say that this sender cannot reach Redis: all senders find the buckets in SQL from now on, or longer than they knew."""
    with transaction.atomic():
        BucketPlace.objects.get_or_create(pk=THE_ROW)
        row = BucketPlace.objects.select_for_update().get(pk=THE_ROW)
        now = database_now()
        if row.in_sql_until is None or row.in_sql_until <= now:
            row.generation += 1
            Bucket.objects.exclude(key__startswith=f"{PREFIX}{row.generation}:").delete()
        row.in_sql_until = now + IN_SQL_FOR
        row.save()
    return _place(row)


def _place(row: BucketPlace) -> Place:
    left = (row.in_sql_until - database_now()).total_seconds() if row.in_sql_until else 0.0
    return Place(row.generation, max(0.0, left))
