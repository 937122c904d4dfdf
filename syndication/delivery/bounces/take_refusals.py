"""Takes the refusals at the wire out of the ledger's attempts and applies the same rules to them, beside the senders and never in their way."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef

from syndication.audience.models import ReaderEvent
from syndication.delivery import refusals
from syndication.delivery.bounces import rules
from syndication.delivery.bounces.letters.copies import Copy
from syndication.delivery.bounces.letters.judging import is_senders_fault
from syndication.delivery.bounces.models import RefusalsRead
from syndication.delivery.models import Attempt
from syndication.delivery.outcome import Stage
from syndication.delivery.refusals import Kind, Refusal
from syndication.delivery.states import State

SOURCE = "smtp"
PAGE, GROUP = 1000, 50  # attempts read, and written in one transaction
SLOWEST_TRANSACTION = timedelta(seconds=120)
GIVEN_UP = "given up after "


def take_refusals(now: datetime, *, run_seconds: float = 10.0) -> int:
    """Act on final refusals that nobody has acted on yet; how many changed something. Again, or twice at once, is harmless.

    Ids are given before their transactions end, so an id that is passed may still turn up: the mark moves on only to what was there
    SLOWEST_TRANSACTION ago, and what lies behind it is looked at again.
    """
    mark, _ = RefusalsRead.objects.get_or_create(pk=1)
    last, until, done = mark.upto, time.monotonic() + run_seconds, 0
    while page := _page(last):
        for group in _groups(page):
            done += _take(group, now)
            if time.monotonic() > until:
                return done
        last = page[-1].pk
    _move(mark, now)
    return done


def refusal_of(code: int, reply: str) -> Refusal:
    """The class of a refusal as the ledger keeps it: "RCPT: 5.1.1 no such user", behind the words of giving up."""
    text = reply.partition(": ")[2] if reply.startswith(GIVEN_UP) else reply
    stage = next((one for one in Stage if text.startswith(f"{one}: ")), Stage.RCPT)
    return refusals.classify(code, text.removeprefix(f"{stage}: "), stage)


def _page(last: int) -> list[Attempt]:
    known = ReaderEvent.objects.filter(subscriber=OuterRef("subscriber"), mailing_id=OuterRef("mailing_id"), source=SOURCE)
    found = Attempt.objects.filter(pk__gt=last, state__in=[State.BOUNCED, State.FAILED], code__gte=400, number__gt=0)
    return list(found.filter(~Exists(known)).order_by("pk")[:PAGE])


def _groups(page: list[Attempt]) -> Iterator[list[Attempt]]:
    """In the order of their readers, so that two who do the same never wait for each other in a circle."""
    ordered = sorted(page, key=lambda one: (one.subscriber_id, one.pk))
    for start in range(0, len(ordered), GROUP):
        yield ordered[start : start + GROUP]


def _take(group: list[Attempt], now: datetime) -> int:
    with transaction.atomic():
        return sum(_bounced(one, now) for one in group)


def _bounced(one: Attempt, now: datetime) -> bool:
    refusal = refusal_of(one.code or 550, one.reply)
    kind = ReaderEvent.Kind.SOFT_BOUNCE
    if is_senders_fault(refusal):
        kind = ReaderEvent.Kind.SENDERS_FAULT
    elif refusal.kind is Kind.HARD and one.state == State.BOUNCED:
        kind = ReaderEvent.Kind.HARD_BOUNCE
    hit = rules.Hit(kind, SOURCE, refusal.word, f"{refusal.sentence} {one.code} {one.reply}", one.at)
    return rules.bounced(Copy(one.mailing_id, one.subscriber_id, 0), hit, now, is_counted=True)


def _move(mark: RefusalsRead, now: datetime) -> None:
    if mark.seen_at is not None and now - mark.seen_at < SLOWEST_TRANSACTION:
        return
    newest = Attempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
    RefusalsRead.objects.filter(pk=mark.pk, seen_at=mark.seen_at).update(
        upto=max(mark.upto, mark.seen) if mark.seen_at else mark.upto, seen=newest, seen_at=now
    )
