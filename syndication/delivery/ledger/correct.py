"""A person's word about rows that are final: failed ones get another round, held ones are settled. Each leaves a line behind."""

import time
from collections.abc import Callable, Iterable

from django.db import connection, transaction
from django.db.models import QuerySet

from syndication.delivery.ledger.statements import BatchClaim, sum_up
from syndication.delivery.models import Attempt, Batch, Delivery
from syndication.delivery.states import State

GROUP = 50  # batches a transaction


def plan_again(mailing_id: int, states: Iterable[State], *, by: str, only: set[int] | None = None) -> int:
    """Plan rows of these states again, as if nothing had been tried; how many. Batches that a sender has claimed stay as they are.

    by    who decided, for the record
    only  these subscribers; None: all
    """
    wanted = [int(state) for state in states]

    def again(batch: Batch) -> int:
        rows = _rows(batch, wanted, only)
        _record(mailing_id, list(rows.values_list("subscriber_id", flat=True)), State.PLANNED, f"planned again by {by}")
        return rows.update(state=State.PLANNED, due_at=None, attempts=0)

    return _for_each_batch(mailing_id, wanted, again)


def call_delivered(mailing_id: int, *, by: str, only: set[int] | None = None) -> int:
    """Settle held rows as delivered: somebody knows that they were taken; how many."""

    def settled(batch: Batch) -> int:
        rows = _rows(batch, [int(State.HELD)], only)
        _record(mailing_id, list(rows.values_list("subscriber_id", flat=True)), State.DELIVERED, f"settled as delivered by {by}")
        return rows.update(state=State.DELIVERED, due_at=None)

    return _for_each_batch(mailing_id, [int(State.HELD)], settled)


def hold_all(mailing_id: int, *, why: str) -> int:
    """Hold everything that waits, for a restored mailing of which nobody knows how far it went; how many rows."""

    def held(batch: Batch) -> int:
        return _rows(batch, [int(State.PLANNED), int(State.DEFERRED)], None).update(state=State.HELD, due_at=None, reply=why)

    return _for_each_batch(mailing_id, [], held)


def _for_each_batch(mailing_id: int, states: list[int], change: Callable[[Batch], int]) -> int:
    changed, after = 0, 0
    while True:
        with transaction.atomic():
            batches = Batch.objects.filter(mailing_id=mailing_id, lease=None, pk__gt=after).order_by("pk")
            if connection.vendor == "postgresql":
                batches = batches.select_for_update()
            group = list(batches[:GROUP])
            for batch in group:
                if states and not any(_sum_of(batch, State(state)) for state in states):
                    continue
                changed += change(batch)
                claim = BatchClaim(batch.pk, batch.fence, batch.low, batch.high, batch.deaths, batch.suspect, 0)
                sum_up(mailing_id, claim, release=True)
        if not group:
            return changed
        after = group[-1].pk


def _sum_of(batch: Batch, state: State) -> int:
    return int(getattr(batch, state.word))


def _rows(batch: Batch, states: list[int], only: set[int] | None) -> QuerySet[Delivery]:
    rows = Delivery.objects.filter(mailing=batch.mailing_id, subscriber__gte=batch.low, subscriber__lte=batch.high, state__in=states)
    return rows if only is None else rows.filter(subscriber_id__in=only)


def _record(mailing_id: int, subscribers: list[int], state: State, words: str) -> None:
    now = int(time.time())
    Attempt.objects.bulk_create(
        [Attempt(mailing_id=mailing_id, subscriber_id=one, at=now, number=0, state=state, reply=words[:300]) for one in subscribers]
    )
