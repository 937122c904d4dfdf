"""Takes an import back: what it added goes, what it wrote over is put back, unless something has happened since."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Q

from syndication.audience.imports.take import suppression_detail
from syndication.audience.keys import address_hash
from syndication.audience.models import ConsentRecord, ImportChange, ImportJob, Subscriber, Subscription, Suppression
from syndication.audience.suppression.suppress import Scope, lift

PAGE = 1000  # rows a transaction
HOW = "import undone"
COUNTED = ("removed", "left", "put_back", "released", "kept_changed", "kept_mailed")
"""Subscriptions removed; subscribers removed ("left" the system); details put back; suppressions released; and what could not be undone."""

Mailed = Callable[[Sequence[int]], set[int]]
"""Which of some subscribers have rows in the ledger of deliveries: those must stay."""


def undo_some(mine: Q, *, mailed: Mailed, now: datetime) -> bool:
    """Take back the next PAGE; whether there was anything. Call it again until there is not.

    mine  the row of the job as long as it is ours; another worker's is left alone
    """
    with transaction.atomic():
        held = ImportJob.objects.select_for_update().filter(mine).first()
        if held is None:
            return False
        done = dict.fromkeys(COUNTED, 0) | held.place.get("undone", {})
        upto = _subscriptions(held, held.place.get("consent", 0), done, mailed=mailed, now=now)
        if upto is None and not _details(held, done, now) and not _suppressions(held, done):
            return False
        place = {"consent": held.place.get("consent", 0) if upto is None else upto, "undone": done}
        ImportJob.objects.filter(pk=held.pk).update(place=place, beat_at=now)
    return True


def _subscriptions(job: ImportJob, after: int, done: dict[str, int], *, mailed: Mailed, now: datetime) -> int | None:
    """The subscriptions of the next page of the import's consent records; the last record's id, None when there is none."""
    found = ConsentRecord.objects.filter(import_job=job, pk__gt=after).select_related("subscription__subscriber").order_by("pk")
    page = list(found[:PAGE])
    if not page:
        return None
    last = page[-1].pk
    have_more = _with_more_records(page)
    in_ledger = mailed(sorted({record.subscription.subscriber_id for record in page}))
    gone, back = [], []
    for record in page:
        one = record.subscription
        if one.pk in have_more or one.changed_at != record.at:
            done["kept_changed"] += 1
        elif one.created_at != record.at:
            back.append(one)
        elif one.subscriber_id in in_ledger:
            done["kept_mailed"] += 1
            back.append(one)
        else:
            gone.append(record)
    _set_back(back, now)
    Subscription.objects.filter(pk__in=[record.subscription_id for record in gone]).delete()
    done["removed"] += len(gone)
    done["left"] += _subscribers(gone)
    return int(last)


def _with_more_records(page: list[ConsentRecord]) -> set[int]:
    """The subscriptions of a page that something happened to after the import: a record that is newer."""
    newest = {record.subscription_id: record.pk for record in page}
    rows = ConsentRecord.objects.filter(subscription__in=list(newest)).values_list("subscription_id", "pk")
    return {subscription for subscription, pk in rows if pk > newest[subscription]}


def _set_back(subscriptions: Iterable[Subscription], now: datetime) -> None:
    """To pending: not mailed any more, while the links in mails already sent still let the reader leave."""
    chosen = [one for one in subscriptions if one.state == Subscription.State.CONFIRMED]
    Subscription.objects.filter(pk__in=[one.pk for one in chosen]).update(state=Subscription.State.PENDING, changed_at=now)
    ConsentRecord.objects.bulk_create(
        [ConsentRecord(subscription=one, state=Subscription.State.PENDING, how=HOW, at=now) for one in chosen]
    )


def _subscribers(gone: list[ConsentRecord]) -> int:
    """Of those whose subscription went, forget the subscribers whom the import made and nobody has touched since; how many there were.

    The row stays, empty, as an erased one's does: to delete it the database would look through the whole ledger for each.
    """
    ids = [one.subscription.subscriber_id for one in gone if _is_untouched(one.subscription.subscriber, one.at)]
    free = (
        Subscriber.objects.filter(pk__in=ids)
        .annotate(lists=Count("subscriptions", distinct=True), happened=Count("events", distinct=True))
        .filter(lists=0, happened=0)
    )
    forgotten = [_emptied(one) for one in free]
    Subscriber.objects.bulk_update(forgotten, ["address", "address_hash", "name", "locale", "time_zone", "attributes", "state"])
    return len(forgotten)


def _emptied(subscriber: Subscriber) -> Subscriber:
    subscriber.address = f"undone-{subscriber.uid}@erased.invalid"
    subscriber.address_hash = address_hash(subscriber.address)
    subscriber.name = subscriber.locale = subscriber.time_zone = ""
    subscriber.attributes = {}
    subscriber.state = Subscriber.State.ERASED
    return subscriber


def _is_untouched(subscriber: Subscriber, at: datetime) -> bool:
    return subscriber.created_at == at == subscriber.updated_at and not subscriber.bounce_score and subscriber.tracking_consent is None


def _details(job: ImportJob, done: dict[str, int], now: datetime) -> bool:
    """Put back what the next subscribers had before; whether there were any."""
    page = list(ImportChange.objects.filter(job=job).order_by("subscriber_id")[:PAGE])
    for change in page:
        same = Subscriber.objects.filter(pk=change.subscriber_id, updated_at=change.at)
        name = "put_back" if same.update(**change.before, updated_at=now) else "kept_changed"
        done[name] += 1
    ImportChange.objects.filter(pk__in=[change.pk for change in page]).delete()
    return bool(page)


def _suppressions(job: ImportJob, done: dict[str, int]) -> bool:
    """Take back the suppressions that the import's file asked for."""
    detail, where = suppression_detail(job), job.list.publication_id
    said = Suppression.objects.filter(publication=where, detail=detail)
    page = list(said.order_by("pk")[:PAGE])
    for one in page:
        # by its reason: what staff or a bounce said of the address since goes on to hold it back
        done["released"] += lift(Scope(one.address_hash, where), [one.reason], detail=HOW, by=f"import {job.pk}")
    return bool(page)
