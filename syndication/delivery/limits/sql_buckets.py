"""Keeps the token buckets in SQL while Redis is away: slower, and just as exact for all senders together."""

from collections.abc import Sequence

from django.db import transaction

from syndication.delivery.limits import models
from syndication.delivery.limits.buckets import Allotment, allot, refilled
from syndication.delivery.limits.clock import database_now
from syndication.delivery.limits.request import Request


def take(request: Request) -> Allotment:
    """As RedisBuckets.take."""
    with transaction.atomic():
        rows = _filled(request)
        found = allot([row.level for row in rows], request.wishes)
        _keep(rows, found.levels)
    return found


def put(request: Request, amounts: Sequence[int]) -> None:
    """As RedisBuckets.put."""
    with transaction.atomic():
        rows = _filled(request)
        _keep(rows, [min(bucket.burst, row.level + amount) for row, bucket, amount in zip(rows, request.buckets, amounts, strict=True)])


def _filled(request: Request) -> list[models.Bucket]:
    """The rows, one for each bucket, filled up to now and locked until the end of the transaction, always in the same order: no deadlock."""
    by_key = dict(zip(request.keys(), request.buckets, strict=True))
    moment = database_now().timestamp() if request.now is None else request.now
    missing = [models.Bucket(key=key, level=-one.rate * request.owed_seconds, at=moment) for key, one in sorted(by_key.items())]
    models.Bucket.objects.bulk_create(missing, ignore_conflicts=True)
    rows = {row.key: row for row in models.Bucket.objects.select_for_update().filter(key__in=by_key).order_by("key")}
    moment = database_now().timestamp() if request.now is None else request.now  # waiting for the locks took time
    for key, bucket in by_key.items():
        rows[key].level = refilled(rows[key].level, moment - rows[key].at, bucket)
        rows[key].at = moment
    return [rows[key] for key in by_key]


def _keep(rows: Sequence[models.Bucket], levels: Sequence[float]) -> None:
    for row, level in zip(rows, levels, strict=True):
        row.level = level
    models.Bucket.objects.bulk_update(rows, ["level", "at"])
