"""Plans a mailing: one row for each confirmed subscriber of its list, in pages that can be interrupted and resumed."""

from django.db import connection, transaction

from syndication.delivery.database import now_sql
from syndication.delivery.models import Delivery, Mailing

PAGE = 10_000  # rows a statement

_READERS = """FROM syndication_subscription x JOIN syndication_subscriber s ON s.id = x.subscriber_id
    WHERE x.list_id = %(list)s AND x.state = 'confirmed' AND s.state = 'active' AND s.id > %(after)s"""


def plan(mailing_id: int) -> int:
    """Add the missing rows of a mailing and open it; the number of its rows. A second call adds nothing."""
    while _plan_page(mailing_id):
        pass
    return _finish(mailing_id)


def _plan_page(mailing_id: int) -> bool:
    """One page in one transaction; False when there is nothing (more) to plan."""
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().get(pk=mailing_id)
        if mailing.audience is not None or mailing.state == Mailing.State.CANCELLED:
            return False
        scope = {"list": mailing.list_id, "after": mailing.planned_upto, "page": PAGE, "mailing": mailing_id}
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT max(id) FROM (SELECT s.id {_READERS} ORDER BY s.id LIMIT %(page)s) AS page", scope)
            upto = cursor.fetchone()[0]
            if upto is None:
                return False
            cursor.execute(
                f"""INSERT INTO syndication_delivery (mailing_id, subscriber_id, address, state, attempts, fence, owner, due_at, reply)
                    SELECT %(mailing)s, s.id, s.address, 0, 0, 0, '', {now_sql()}, '' {_READERS} AND s.id <= %(upto)s
                    ON CONFLICT (mailing_id, subscriber_id) DO NOTHING""",
                {**scope, "upto": upto},
            )
        Mailing.objects.filter(pk=mailing_id).update(planned_upto=upto)
    return True


def _finish(mailing_id: int) -> int:
    with transaction.atomic():
        mailing = Mailing.objects.select_for_update().get(pk=mailing_id)
        if mailing.audience is None:
            mailing.audience = Delivery.objects.filter(mailing_id=mailing_id).count()
            if mailing.state == Mailing.State.PLANNING:
                mailing.state = Mailing.State.OPEN
            mailing.save(update_fields=["audience", "state"])
        return mailing.audience
