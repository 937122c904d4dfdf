"""The ledger's statements: claim, mark, settle, release. Each is conditional on owner and fence, so a second hand changes nothing.

A statement that changes no row says that somebody else owns it now. Time is the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from syndication.delivery.database import durable, now_sql, quick
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.outcome import Outcome
from syndication.delivery.states import FINAL, LEASED, WAITING, State

LEASE_SECONDS = 45

# Who may be mailed, asked at the claim and again just before transmission. `d` is the delivery.
_NOT_SUPPRESSED = """s.state = 'active' AND NOT EXISTS (
    SELECT 1 FROM syndication_suppression p
    WHERE p.address_hash = s.address_hash AND (p.publication_id IS NULL OR p.publication_id = %(publication)s))"""
_ELIGIBLE = {
    Mailing.Kind.CAMPAIGN: f"""EXISTS (
    SELECT 1 FROM syndication_subscription x JOIN syndication_subscriber s ON s.id = x.subscriber_id
    WHERE x.subscriber_id = d.subscriber_id AND x.list_id = %(list)s AND x.state = 'confirmed' AND {_NOT_SUPPRESSED})""",
    Mailing.Kind.CONFIRMATION: f"""EXISTS (
    SELECT 1 FROM syndication_subscription x JOIN syndication_subscriber s ON s.id = x.subscriber_id
    WHERE x.subscriber_id = d.subscriber_id AND x.list_id = %(list)s AND x.state <> 'confirmed' AND {_NOT_SUPPRESSED})""",
}
SKIPPED_BECAUSE = {
    Mailing.Kind.CAMPAIGN: "unsubscribed, erased or suppressed since the mailing was planned",
    Mailing.Kind.CONFIRMATION: "confirmed already, erased or suppressed",
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery that this owner may send, with what the message needs of its reader."""

    id: int
    subscriber_id: int
    address: str
    fence: int
    attempts: int
    sent_at: datetime | None
    name: str
    attributes: dict[str, Any]
    locale: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A claim that is about to be transmitted, with the Date of all its attempts."""

    claim: Claim
    owner: str
    date: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """A claim and what came of it."""

    claim: Claim
    owner: str
    outcome: Outcome


def claim(mailing: Mailing, owner: str, *, limit: int) -> list[Claim]:
    """Take up to `limit` due deliveries of an open mailing; those who may not be mailed any more are skipped on the way.

    Empty: nothing is due, or the mailing is not open.
    """
    while True:
        with durable():
            if not Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.OPEN).exists():
                return []
            ids = _take(mailing, owner, limit)
            skipped = _skip_ineligible(mailing, ids)
        if not ids:
            return []
        if len(skipped) < len(ids):
            return _read(ids, owner)


def due(mailing: Mailing) -> QuerySet[Delivery]:
    """The rows that may be claimed now, in the order of the index that serves this question: its cost is the answer's, not the mailing's."""
    return Delivery.objects.filter(mailing=mailing, state__one_of=WAITING, due_at__lte=Now()).order_by("due_at", "id")


def _take(mailing: Mailing, owner: str, limit: int) -> list[int]:
    ids = list(due(mailing).select_for_update(skip_locked=True).values_list("pk", flat=True)[:limit])
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""UPDATE syndication_delivery SET state = %s, owner = %s, fence = fence + 1, attempts = attempts + 1,
                lease_until = {now_sql(LEASE_SECONDS)} WHERE id = %s""",
            [(State.CLAIMED, owner, pk) for pk in ids],
        )
    return ids


def _skip_ineligible(mailing: Mailing, ids: Sequence[int]) -> list[int]:
    if not ids:
        return []
    marks = ", ".join(str(int(pk)) for pk in ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_delivery AS d SET state = %(skipped)s, owner = '', lease_until = NULL, settled_at = {now_sql()},
                reply = %(why)s, attempts = attempts - 1
                WHERE id IN ({marks}) AND NOT {_ELIGIBLE[Mailing.Kind(mailing.kind)]} RETURNING id""",
            {**_scope(mailing), "skipped": State.SKIPPED, "why": SKIPPED_BECAUSE[Mailing.Kind(mailing.kind)]},
        )
        return [row[0] for row in cursor.fetchall()]


def _scope(mailing: Mailing) -> dict[str, int]:
    return {"list": mailing.list_id, "publication": mailing.publication_id}


def _read(ids: Sequence[int], owner: str) -> list[Claim]:
    rows = Delivery.objects.filter(pk__in=ids, owner=owner, state=State.CLAIMED).order_by("due_at", "id")
    columns = ("id", "subscriber_id", "address", "fence", "attempts", "sent_at")
    about = ("subscriber__name", "subscriber__attributes", "subscriber__locale")
    return [Claim(*row) for row in rows.values_list(*columns, *about)]


def mark_transmitting(mailing: Mailing, mark: Mark) -> bool:
    """Note that the message is about to go out; False when it must not: cancelled, paused, left, suppressed, or not ours any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_delivery AS d SET state = %(transmitting)s, sent_at = COALESCE(sent_at, %(date)s),
                lease_until = {now_sql(LEASE_SECONDS)}
                WHERE id = %(id)s AND owner = %(owner)s AND fence = %(fence)s AND state IN (%(claimed)s, %(transmitting)s)
                AND EXISTS (SELECT 1 FROM syndication_mailing m WHERE m.id = d.mailing_id AND m.state = 'open')
                AND {_ELIGIBLE[Mailing.Kind(mailing.kind)]}""",
            {
                **_scope(mailing),
                "transmitting": State.TRANSMITTING,
                "claimed": State.CLAIMED,
                "id": mark.claim.id,
                "owner": mark.owner,
                "fence": mark.claim.fence,
                "date": mark.date,
            },
        )
        return bool(cursor.rowcount == 1)


def settle(settlement: Settlement) -> bool:
    """Write an outcome; False when the row is not ours any more.

    A row that was put in doubt or held while its server kept silent takes the late truth, as long as nobody claimed it again.
    """
    outcome, one = settlement.outcome, settlement.claim
    is_doubt, is_final = outcome.state == State.IN_DOUBT, outcome.state in FINAL
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_delivery SET state = %s, reply_code = %s, reply = %s, due_at = COALESCE(%s, due_at),
                owner = %s, lease_until = {now_sql() if is_doubt else "NULL"}, settled_at = {now_sql() if is_final else "NULL"}
                WHERE id = %s AND owner = %s AND fence = %s AND state IN (1, 2, 4, 14)""",
            [
                outcome.state,
                outcome.code,
                outcome.reply,
                outcome.due_at,
                settlement.owner if is_doubt else "",
                one.id,
                settlement.owner,
                one.fence,
            ],
        )
        return bool(cursor.rowcount == 1)


def release(mailing: Mailing, owner: str) -> int:
    """Give back what this owner has claimed and not begun; the attempt does not count. How many rows."""
    with quick():
        mine = Delivery.objects.filter(mailing=mailing, owner=owner, state=State.CLAIMED, state__one_of=LEASED)
        fresh = mine.filter(sent_at=None).update(state=State.PLANNED, owner="", lease_until=None, attempts=F("attempts") - 1)
        return fresh + mine.update(state=State.DEFERRED, owner="", lease_until=None, attempts=F("attempts") - 1)


def renew(owner: str) -> int:
    """Say that this owner lives: its leases run on. How many rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_delivery SET lease_until = {now_sql(LEASE_SECONDS)}
                WHERE state IN (1, 2, 4) AND state <> 4 AND owner = %s""",
            [owner],
        )
        return int(cursor.rowcount)
