"""Does one thing to many subscribers, chosen by hand or by a search: in groups, each of which is done whole or not at all."""

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from syndication.audience import consent
from syndication.audience.change import change
from syndication.audience.models import BulkJob, Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.staff import find, search
from syndication.audience.staff.search import Search
from syndication.audience.subscribe import Person, add
from syndication.audience.suppression.suppress import Scope, suppress_hash
from syndication.errors import BadInput, Refused, SyndicationError

GROUP = 100  # subscribers a transaction: short enough for the senders beside it
AT_ONCE = 200  # so few are done while the person waits
LARGEST_SELECTION = 1000  # ids in one job; more are chosen by a search
SILENCE = timedelta(seconds=60)
HOW = "staff"

Erase = Callable[[str], object]
"""Forgets the person of an address everywhere, also where the audience does not reach."""
Whom = Search | Sequence[int]


def how_many(whom: Whom) -> int:
    """Exactly how many subscribers are meant."""
    return _rows(whom).count()


def begin(act: str, whom: Whom, *, by: str, to: SubscriberList | None = None, detail: str = "") -> BulkJob:
    """Write down what is to be done; nothing is done yet.

    to  the list to add to, or to leave (None: every list)
    Raises BadInput for an unknown act or an adding without a list, Refused when nobody is meant.
    """
    if act not in BulkJob.Act.values:
        raise BadInput(f"{act!r} is nothing that can be done to many; use one of {', '.join(BulkJob.Act.values)}.")
    if act == BulkJob.Act.ADD and to is None:
        raise BadInput("Choose the list to add them to.")
    rows = _rows(whom)
    expected = rows.count()
    if not expected:
        raise Refused("Nobody is meant: no subscriber fits any more. Nothing was changed.")
    said = {"search": dict(whom.asked)} if isinstance(whom, Search) else {"ids": list(whom)[:LARGEST_SELECTION]}
    upto = rows.aggregate(last=Max("pk"))["last"] or 0
    return BulkJob.objects.create(act=act, whom=said, upto=upto, list=to, detail=detail[:300], expected=expected, by=by)


def run(job_id: int, *, erase: Erase, now: datetime, run_seconds: float = math.inf) -> bool:
    """Work on a job; whether there is more to do. Again, or twice at once, is harmless: its row says how far it is, and is locked."""
    until = time.monotonic() + run_seconds
    while _group(job_id, erase, now):
        if time.monotonic() > until:
            return True
    return False


def due(now: datetime) -> list[int]:
    """The jobs that no worker has worked on for SILENCE, the oldest first; whoever asks is to ring for them."""
    silent = BulkJob.objects.filter(Q(beat_at=None) | Q(beat_at__lt=now - SILENCE), state=BulkJob.State.RUNNING)
    return [pk for pk in silent.order_by("pk").values_list("pk", flat=True) if silent.filter(pk=pk).update(beat_at=now)]


def stop(job_id: int, *, now: datetime) -> bool:
    """End a job between two groups; what is done stays. Whether it was running."""
    running_one = BulkJob.objects.filter(pk=job_id, state=BulkJob.State.RUNNING)
    return bool(running_one.update(state=BulkJob.State.STOPPED, finished_at=now))


def _rows(whom: Whom) -> QuerySet[Subscriber]:
    return find.found(whom) if isinstance(whom, Search) else find.of_ids(list(whom)[:LARGEST_SELECTION])


def _group(job_id: int, erase: Erase, now: datetime) -> bool:
    """The next subscribers of a job, in one transaction; whether there may be more."""
    with transaction.atomic():
        job = BulkJob.objects.select_for_update(of=("self",)).select_related("list").filter(pk=job_id, state=BulkJob.State.RUNNING).first()
        if job is None:
            return False
        whom: Whom = search.read(job.whom["search"]) if "search" in job.whom else job.whom["ids"]
        rows = list(_rows(whom).filter(pk__gt=job.position, pk__lte=job.upto).order_by("pk")[:GROUP])
        for one in rows:
            job.changed += _done(job, one, erase, now)
        job.seen += len(rows)
        is_last = len(rows) < GROUP
        job.position = rows[-1].pk if rows else job.upto
        if is_last:
            job.state, job.finished_at = BulkJob.State.DONE, now
        job.beat_at = timezone.now()
        job.save(update_fields=["changed", "seen", "position", "state", "finished_at", "beat_at"])
    return not is_last


def _done(job: BulkJob, one: Subscriber, erase: Erase, now: datetime) -> bool:
    """Do it to one subscriber; False when that changed nothing, because it was so already or may not be."""
    try:
        with transaction.atomic():
            return _ACTS[BulkJob.Act(job.act)](job, one, erase, now)
    except SyndicationError:
        return False


def _add(job: BulkJob, one: Subscriber, _: Erase, now: datetime) -> bool:
    """Pending: the list's mail waits for the person's yes. One who left stays away."""
    if job.list is None or one.subscriptions.filter(list=job.list).exists():
        return False
    add(Person(one.address), to=job.list, confirmed=False, how=HOW, now=now)
    return True


def _leave(job: BulkJob, one: Subscriber, _: Erase, now: datetime) -> bool:
    held = one.subscriptions.exclude(state=Subscription.State.UNSUBSCRIBED)
    held = held.filter(list=job.list) if job.list else held
    ids = list(held.order_by("pk").values_list("pk", flat=True))
    for pk in ids:
        change(pk, consent.Act.LEAVE, how=HOW, now=now, detail=job.detail)
    return bool(ids)


def _suppress(job: BulkJob, one: Subscriber, _: Erase, now: datetime) -> bool:  # noqa: ARG001  # one shape for all acts
    return suppress_hash(Scope(one.address_hash), reason=Suppression.Reason.STAFF, detail=job.detail, by=job.by)[1]


def _erase(_: BulkJob, one: Subscriber, erase: Erase, __: datetime) -> bool:
    erase(one.address)
    return True


_ACTS = {BulkJob.Act.ADD: _add, BulkJob.Act.LEAVE: _leave, BulkJob.Act.SUPPRESS: _suppress, BulkJob.Act.ERASE: _erase}
