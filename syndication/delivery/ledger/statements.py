"""The ledger's statements: claim a batch, read it, settle it, give it back. Each is conditional on lease and fence.

A statement that changes no row says that somebody else owns the batch now. Time is the database's. The claim stands in the batch
and not in its rows: a row is written once more after planning, with its outcome.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from syndication.audience.suppression.domain_rules import refused_among
from syndication.delivery.journal.records import Settled
from syndication.delivery.ledger.database import NOT_SUPPRESSED, WANTS_ISSUES, durable, now_sql, quick
from syndication.delivery.models import Attempt, Lease, Mailing
from syndication.delivery.states import COUNTED, State

LEASE_SECONDS = 60
USUAL_CODE = 250

# Who may be mailed, asked at the claim and again while a batch is sent.
_FREE = f"s.state = 'active' AND {NOT_SUPPRESSED}"
_ELIGIBLE = {
    Mailing.Kind.CAMPAIGN: f"{WANTS_ISSUES} AND {_FREE}",
    Mailing.Kind.CONFIRMATION: f"x.state <> 'confirmed' AND {_FREE}",
}
SKIPPED_BECAUSE = {
    Mailing.Kind.CAMPAIGN: "unsubscribed, paused, erased, suppressed or of a blocked domain since the mailing was planned",
    Mailing.Kind.CONFIRMATION: "confirmed already, erased, suppressed or of a blocked domain",
}
_ROWS = """FROM syndication_delivery d JOIN syndication_subscriber s ON s.id = d.subscriber_id AND s.id BETWEEN %(low)s AND %(high)s
    LEFT JOIN syndication_subscription x
        ON x.subscriber_id = d.subscriber_id AND x.list_id = %(list)s AND x.subscriber_id BETWEEN %(low)s AND %(high)s
    WHERE d.mailing_id = %(mailing)s AND d.subscriber_id BETWEEN %(low)s AND %(high)s AND d.state IN (0, 3)"""


@dataclass(frozen=True, slots=True)
class BatchClaim:
    """A batch that a run owns as long as fence and lease are its own."""

    id: int
    fence: int
    low: int
    high: int
    deaths: int
    suspect: int | None
    lease_id: int


Taken = tuple[int, str, int]
"""A message that was delivered at the first try with the usual 250: its Date (seconds since 1970), its receipt, its subscriber."""


class Came(NamedTuple):
    """What came of some rows: those that were simply taken, and the others."""

    others: Sequence[Settled] = ()
    taken: Sequence[Taken] = ()

    def __len__(self) -> int:
        return len(self.others) + len(self.taken)


class WaitingRow(NamedTuple):
    """One reader of a claimed batch whose time has come. `attributes` is JSON text; `sent_at` seconds since 1970."""

    subscriber: int
    attempts: int
    sent_at: int | None
    address: str
    name: str
    attributes: str
    locale: str
    is_eligible: bool


def open_lease(run: str, owner: str, *, site: str, boot: str) -> int:
    """Say that a run begins; its lease's id."""
    with quick(), connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO syndication_lease (key, owner, site, boot, until)
                VALUES (%s, %s, %s, %s, {now_sql(LEASE_SECONDS)}) RETURNING id""",
            [run, owner, site, boot],
        )
        return int(cursor.fetchone()[0])


def renew(lease_id: int) -> bool:
    """Say that the run lives; False when its lease was taken away."""
    with quick(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE syndication_lease SET until = {now_sql(LEASE_SECONDS)} WHERE id = %s", [lease_id])
        return bool(cursor.rowcount)


def close_lease(lease_id: int) -> None:
    """The run has ended and owns nothing any more."""
    Lease.objects.filter(pk=lease_id, batches=None).delete()


def claim(mailing_id: int, lease_id: int) -> BatchClaim | None:
    """Take the next due batch of a mailing that may be sent; None when there is none. Durable: a power cut cannot undo it."""
    skip_locked = "FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with durable(), connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_batch SET lease_id = %(lease)s, fence = fence + 1
                WHERE id = (SELECT id FROM syndication_batch
                    WHERE mailing_id = %(mailing)s AND lease_id IS NULL AND due_at <= {now_sql()} ORDER BY due_at, id LIMIT 1 {skip_locked})
                AND lease_id IS NULL AND EXISTS (
                    SELECT 1 FROM syndication_mailing m WHERE m.id = %(mailing)s AND m.state IN ('planning', 'open'))
                RETURNING id, fence, low, high, deaths, suspect""",
            {"mailing": mailing_id, "lease": lease_id},
        )
        found = cursor.fetchone()
    if found is None:
        return None
    batch, fence, low, high, deaths, suspect = found
    return BatchClaim(batch, fence, low, high, deaths, suspect, lease_id)


def rows_of(mailing: Mailing, batch: BatchClaim) -> list[WaitingRow]:
    """The rows of a claimed batch that are due now, by subscriber, each with the answer whether it may be mailed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT d.subscriber_id, d.attempts, d.sent_at, s.address, s.name, s.attributes, s.locale,
                CASE WHEN {_eligible(mailing)} THEN 1 ELSE 0 END
                {_ROWS} AND COALESCE(d.due_at, 0) <= {now_sql()} ORDER BY d.subscriber_id""",
            _scope(mailing, batch),
        )
        rows = [WaitingRow._make(row) for row in cursor.fetchall()]
    refused = refused_among((row.address for row in rows), mailing.publication_id)
    return [row._replace(is_eligible=False) if row.address in refused else row for row in rows] if refused else rows


def withdrawn(mailing: Mailing, batch: BatchClaim) -> set[int]:
    """The subscribers of a claimed batch's waiting rows who may not be mailed any more."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT d.subscriber_id {_ROWS} AND CASE WHEN {_eligible(mailing)} THEN 1 ELSE 0 END = 0", _scope(mailing, batch))
        return {row[0] for row in cursor.fetchall()}


def settle(mailing_id: int, batch: BatchClaim, came: Came, *, release: bool) -> bool:
    """Write outcomes and the batch's sums in one transaction, and give the batch back where told; False when it is not ours any more.

    A row that is final already stays as it is, so that a journal may be replayed. What is told here the run forgets, so on PostgreSQL,
    whose server may crash while the run lives on, it is durable; SQLite's machine would take run and memory along, not the journal.
    """
    with durable() if release or connection.vendor == "postgresql" else quick(), connection.cursor() as cursor:
        # A row that is changed twice in one transaction has its foreign keys checked by PostgreSQL: that would wait for the planner.
        lock = "FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""  # on SQLite the whole transaction holds the write lock
        cursor.execute(
            f"SELECT 1 FROM syndication_batch WHERE id = %s AND lease_id = %s AND fence = %s {lock}",
            [batch.id, batch.lease_id, batch.fence],
        )
        if cursor.fetchone() is None:
            return False
        write_rows(mailing_id, came)
        sum_up(mailing_id, batch, release=release)
    return True


def write_rows(mailing_id: int, came: Came) -> None:
    """Each outcome into its row, and a line into the attempts for each that did not simply succeed. Inside a transaction."""
    if came.taken:
        (_write_at_once if connection.vendor == "postgresql" else _write_in_turn)(mailing_id, came.taken)
    tries = [_attempt(mailing_id, one) for one in came.others if _write_one(mailing_id, one) and _is_told(one)]
    if tries:
        Attempt.objects.bulk_create(tries)


def _is_told(one: Settled) -> bool:
    """Whether the row alone does not tell it all."""
    return bool(one.attempt) and (one.state is not State.DELIVERED or one.attempt > 1)


_SET = "state = %s, attempts = %s, sent_at = COALESCE(sent_at, %s), due_at = %s, reply_code = %s, reply = %s"
_WHICH = "WHERE mailing_id = %s AND subscriber_id = %s AND state IN (0, 3)"


def _write_in_turn(mailing_id: int, taken: Sequence[Taken]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""UPDATE syndication_delivery SET state = 10, attempts = 1, sent_at = COALESCE(sent_at, %s), due_at = NULL, reply_code = NULL,
                reply = %s WHERE mailing_id = {int(mailing_id)} AND subscriber_id = %s AND state IN (0, 3)""",
            taken,
        )


def _write_at_once(mailing_id: int, taken: Sequence[Taken]) -> None:
    """One statement for all: PostgreSQL's way to say a thousand updates.

    The range of subscribers stands in it so that the planner, which knows nothing of a list's length, looks at this stretch alone.
    """
    sent, receipts, subscribers = zip(*taken, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE syndication_delivery d SET state = 10, attempts = 1, sent_at = COALESCE(d.sent_at, o.sent_at), due_at = NULL,
                   reply_code = NULL, reply = o.reply
               FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS o(sent_at, reply, subscriber)
               WHERE d.mailing_id = %s AND d.subscriber_id BETWEEN %s AND %s AND d.subscriber_id = o.subscriber AND d.state IN (0, 3)""",
            [list(sent), list(receipts), list(subscribers), mailing_id, min(subscribers), max(subscribers)],
        )


def _write_one(mailing_id: int, one: Settled) -> bool:
    with connection.cursor() as cursor:
        if one.attempt:
            # an attempt is written once: a journal that is read again adds no second line about it
            cursor.execute(
                f"UPDATE syndication_delivery SET {_SET} {_WHICH} AND attempts < %s", (*_parameters(mailing_id, one), one.attempt)
            )
        elif one.state in {State.PLANNED, State.DEFERRED}:  # postponed: nothing was tried
            cursor.execute(f"UPDATE syndication_delivery SET due_at = %s {_WHICH}", [one.due_at, mailing_id, one.subscriber])
        else:
            cursor.execute(
                f"UPDATE syndication_delivery SET state = %s, due_at = NULL, reply = %s {_WHICH}",
                [int(one.state), one.reply, mailing_id, one.subscriber],
            )
        return bool(cursor.rowcount == 1)


def _parameters(mailing_id: int, one: Settled) -> tuple[int | str | None, ...]:
    return (int(one.state), one.attempt, one.sent_at, one.due_at, _code(one), one.reply or None, mailing_id, one.subscriber)


def _code(one: Settled) -> int | None:
    """The usual 250 of a delivered one is not written: two bytes in each of tens of millions of rows."""
    return None if one.state is State.DELIVERED and one.code == USUAL_CODE else one.code


def _attempt(mailing_id: int, one: Settled) -> Attempt:
    return Attempt(
        mailing_id=mailing_id,
        subscriber_id=one.subscriber,
        at=one.at,
        number=one.attempt,
        state=one.state,
        code=one.code,
        kind=one.kind,
        reply=one.reply,
        where=one.where,
    )


def sum_up(mailing_id: int, batch: BatchClaim, *, release: bool) -> None:
    """Count a batch's rows anew and, where told, give it back: due when the next of its rows is. Inside a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT state, count(*), min(COALESCE(due_at, 0)) FROM syndication_delivery
               WHERE mailing_id = %s AND subscriber_id BETWEEN %s AND %s GROUP BY state""",
            [mailing_id, batch.low, batch.high],
        )
        found = {State(state): (count, due) for state, count, due in cursor.fetchall()}
        sums = ", ".join(f"{state.word} = {found.get(state, (0, 0))[0]}" for state in COUNTED)
        waiting = [found[state][1] for state in (State.PLANNED, State.DEFERRED) if state in found]
        back = f", lease_id = NULL, due_at = {min(waiting) if waiting else 'NULL'}" if release else ""
        cursor.execute(f"UPDATE syndication_batch SET {sums}{back} WHERE id = %s", [batch.id])


def _eligible(mailing: Mailing) -> str:
    return _ELIGIBLE[Mailing.Kind(mailing.kind)]


def _scope(mailing: Mailing, batch: BatchClaim) -> dict[str, int]:
    return {
        "list": mailing.list_id,
        "publication": mailing.publication_id,
        "mailing": mailing.pk,
        "low": batch.low,
        "high": batch.high,
    }
