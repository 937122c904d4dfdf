"""Keeps the ledger going: ends what was cancelled, says who wants a worker, closes what is done. Any process may run it, twice is harmless."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from syndication.delivery.ledger.database import database_now
from syndication.delivery.ledger.recover import recover
from syndication.delivery.ledger.statements import BatchClaim, sum_up
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.states import FINAL, WAITING, State

CANCELLED = "cancelled"
MOST_BELLS = 8  # senders that share one mailing; those that find nothing end at once


@dataclass(frozen=True, slots=True)
class Mended:
    """How many runs of dead senders were settled, and how many batches of cancelled mailings were ended."""

    recovered: int = 0
    cancelled: int = 0


def reconcile() -> Mended:
    """Settle what dead senders left, end what was cancelled."""
    return Mended(recover(), sum(map(end_cancelled, _cancelled())))


def _cancelled() -> list[int]:
    rest = Batch.objects.filter(mailing__state=Mailing.State.CANCELLED, lease=None, due_at__isnull=False)
    return list(rest.order_by("mailing").values_list("mailing", flat=True).distinct())


def end_cancelled(mailing_id: int) -> int:
    """Skip all that a cancelled mailing has not begun; how many batches. What a sender has claimed follows when it gives it back."""
    ended = 0
    while True:
        with transaction.atomic():
            batches = list(_takeable(mailing_id)[:50])
            for batch in batches:
                rows = Delivery.objects.filter(
                    mailing_id=mailing_id, subscriber__gte=batch.low, subscriber__lte=batch.high, state__in=WAITING
                )
                rows.update(state=State.SKIPPED, due_at=None, reply=CANCELLED)
                sum_up(mailing_id, BatchClaim(batch.pk, batch.fence, batch.low, batch.high, 0, None, 0), release=True)
        ended += len(batches)
        if not batches:
            return ended


def _takeable(mailing_id: int) -> QuerySet[Batch]:
    free = Batch.objects.filter(mailing_id=mailing_id, mailing__state=Mailing.State.CANCELLED, lease=None, due_at__isnull=False)
    return free.select_for_update(skip_locked=True, of=("self",)) if connection.vendor == "postgresql" else free


@dataclass(frozen=True, slots=True)
class Bell:
    """A mailing that wants workers: one that plans, or so many that send."""

    mailing_id: int
    kind: str
    senders: int = 0
    is_planning: bool = False


def bells() -> list[Bell]:
    """Open mailings with due batches and no sender at work, and mailings whose planning was interrupted."""
    now = database_now()
    at_work = Batch.objects.filter(mailing=OuterRef("pk"), lease__until__gt=now)
    going = Mailing.objects.filter(state__in=(Mailing.State.OPEN, Mailing.State.PLANNING)).exclude(
        waits_until__gt=datetime.fromtimestamp(now, UTC)
    )
    due = Count("batches", filter=Q(batches__lease=None, batches__due_at__lte=now))
    open_ones = going.filter(~Exists(at_work)).annotate(due=due).filter(due__gt=0)
    unplanned = Mailing.objects.filter(Q(planner_until=None) | Q(planner_until__lte=now), state=Mailing.State.PLANNING)
    return [
        *(Bell(pk, kind, is_planning=True) for pk, kind in unplanned.order_by("pk").values_list("pk", "kind")),
        *(Bell(pk, kind, min(count, MOST_BELLS)) for pk, kind, count in open_ones.order_by("pk").values_list("pk", "kind", "due")),
    ]


def new_bell(mailing_id: int) -> int:
    """The number for the next tasks of a mailing; chains with an older one end."""
    Mailing.objects.filter(pk=mailing_id).update(bell=F("bell") + 1)
    return Mailing.objects.values_list("bell", flat=True).get(pk=mailing_id)


def is_current(mailing_id: int, bell: int) -> bool:
    """Whether no newer bell was rung for the mailing since."""
    return Mailing.objects.filter(pk=mailing_id, bell=bell).exists()


def close_finished() -> list[int]:
    """Close each open mailing of which every row is final and the sums agree; their ids."""
    busy = Batch.objects.filter(Q(due_at__isnull=False) | Q(lease__isnull=False), mailing=OuterRef("pk"))
    planned = Mailing.objects.filter(state=Mailing.State.OPEN, kind=Mailing.Kind.CAMPAIGN).exclude(audience=None)
    closed = []
    for mailing in planned.filter(~Exists(busy)):
        sums = Batch.objects.filter(mailing=mailing).aggregate(rows=Sum("rows"), **{one.word: Sum(one.word) for one in FINAL})
        final = sum(sums[one.word] or 0 for one in FINAL)
        if not (sums["rows"] or 0) == final == mailing.audience or mailing.deliveries.count() != mailing.audience:
            continue  # `campaign verify` says what is wrong; a sum that does not agree is never "finished"
        if Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.OPEN).update(state=Mailing.State.CLOSED):
            closed.append(mailing.pk)
    return closed
