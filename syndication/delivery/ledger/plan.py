"""Plans a mailing: one row for each confirmed subscriber of its list whom nothing holds back, in batches, by pages that can be interrupted and resumed.

Senders begin with the first batch while the later ones are still planned.
"""

import math
import time

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Sum

from syndication.audience.suppression.domain_rules import has_rules, refused_among
from syndication.delivery.crash_points import reach
from syndication.delivery.ledger.database import NOT_SUPPRESSED, WANTS_ISSUES, database_now, now_sql
from syndication.delivery.models import Batch, Mailing

BATCH = 1000  # readers that one sender takes at a time
FIRST_BATCH = 100  # the first ones are smaller, so that several senders share a small mailing
FIRST_BATCHES = 10
PAGE = 5  # batches a transaction
AT_WORK_SECONDS = 10  # after a page nobody rings for another planner
YIELD_SECONDS = 0.003  # between two pages on SQLite, whose one writer would not let the senders in

# The order is that of the subscription, not of the subscriber whom it names, or SQLite sorts the rest of the list for each page; the range
# stands for both, or PostgreSQL merges the list with the table of subscribers from its beginning.
_READERS = f"""FROM syndication_subscription x JOIN syndication_subscriber s ON s.id = x.subscriber_id
    WHERE x.list_id = %(list)s AND {WANTS_ISSUES} AND s.state = 'active' AND {NOT_SUPPRESSED} AND x.subscriber_id > %(after)s AND s.id > %(after)s"""


def begin(mailing_id: int) -> bool:
    """Plan the first batches, so that senders can begin; whether there is more to plan or somebody to mail."""
    return _plan_page(mailing_id) or Batch.objects.filter(mailing_id=mailing_id).exists()


def plan(mailing_id: int, *, run_seconds: float = math.inf) -> int | None:
    """Add the missing rows of a mailing and open it; the number of its rows. A second call adds nothing.

    None: the time was over before the end, call again.
    """
    until = time.monotonic() + run_seconds
    while _plan_page(mailing_id):
        if time.monotonic() > until:
            return None
        if connection.vendor == "sqlite":
            time.sleep(YIELD_SECONDS)
    return _finish(mailing_id)


def _plan_page(mailing_id: int) -> bool:
    """Some batches in one transaction; False when there is nothing (more) to plan."""
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update(no_key=True).get(pk=mailing_id)  # rows that name the mailing do not wait for it
        if mailing.audience is not None or mailing.state == Mailing.State.CANCELLED:
            return False
        batches = Batch.objects.filter(mailing=mailing).count()
        upto: int | None = mailing.planned_upto
        for number in range(batches, batches + PAGE):
            upto = _plan_batch(mailing, FIRST_BATCH if number < FIRST_BATCHES else BATCH)
            if upto is None:
                break
            mailing.planned_upto = upto
        mailing.planner_until = database_now() + AT_WORK_SECONDS
        mailing.save(update_fields=["planned_upto", "planner_until"])
    reach("planned-page")
    return upto is not None


def _plan_batch(mailing: Mailing, size: int) -> int | None:
    """The rows of the next readers and their batch; the last reader's id, or None when there is none."""
    scope = {
        "list": mailing.list_id,
        "publication": mailing.publication_id,
        "after": mailing.planned_upto,
        "page": size,
        "mailing": mailing.pk,
    }
    with connection.cursor() as cursor:
        page = f"SELECT x.subscriber_id AS id {_READERS} ORDER BY x.subscriber_id LIMIT %(page)s"
        cursor.execute(f"SELECT min(id), max(id) FROM ({page}) AS page", scope)
        low, upto = cursor.fetchone()
        if upto is None:
            return None
        refused = _of_refused_domains(cursor, mailing, {**scope, "upto": upto})
        cursor.execute(
            f"""INSERT INTO syndication_delivery (mailing_id, subscriber_id, state, attempts)
                SELECT %(mailing)s, x.subscriber_id, 0, 0 {_READERS} AND x.subscriber_id <= %(upto)s AND s.id <= %(upto)s {refused}
                ORDER BY x.subscriber_id
                ON CONFLICT (mailing_id, subscriber_id) DO NOTHING""",
            {**scope, "upto": upto},
        )
        if not cursor.rowcount:  # a whole page of domains that are not mailed
            return int(upto)
        cursor.execute(
            f"""INSERT INTO syndication_batch (mailing_id, low, high, rows, due_at, fence, deaths,
                deferred, delivered, bounced, failed, skipped, held)
                VALUES (%(mailing)s, %(low)s, %(upto)s, %(rows)s, {now_sql()}, 0, 0, 0, 0, 0, 0, 0, 0)""",
            {**scope, "low": low, "upto": upto, "rows": cursor.rowcount},
        )
    return int(upto)


def _of_refused_domains(cursor: CursorWrapper, mailing: Mailing, scope: dict[str, int]) -> str:
    """SQL that leaves out a page's readers whose domains the publication does not mail; "" when there are none."""
    if not has_rules(mailing.publication_id):
        return ""
    cursor.execute(f"SELECT s.address, s.id {_READERS} AND x.subscriber_id <= %(upto)s AND s.id <= %(upto)s", scope)
    found = dict(cursor.fetchall())
    refused = refused_among(found, mailing.publication_id)
    return f"AND x.subscriber_id NOT IN ({', '.join(str(int(found[one])) for one in refused)})" if refused else ""


def _finish(mailing_id: int) -> int:
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update(no_key=True).get(pk=mailing_id)
        if mailing.audience is None:
            mailing.audience = Batch.objects.filter(mailing_id=mailing_id).aggregate(rows=Sum("rows"))["rows"] or 0
            if mailing.state == Mailing.State.PLANNING:
                mailing.state = Mailing.State.OPEN
            mailing.save(update_fields=["audience", "state"])
    reach("after-plan")
    return mailing.audience
