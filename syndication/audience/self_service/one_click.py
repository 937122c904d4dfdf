"""Obeys a mail program's one click (RFC 8058) in two statements: after a campaign of a million, thousands come in a minute."""

from datetime import datetime

from django.db import connection, transaction

from syndication.audience import consent, tokens
from syndication.audience.keys import copy_key

HOW = "one-click"
_LEAVING = [str(state) for state in consent.State if consent.after(state, consent.Act.LEAVE) is not state]
_WHO = """subscriber_id = %s AND list_id = %s
    AND EXISTS (SELECT 1 FROM syndication_subscriber s WHERE s.id = subscriber_id AND s.state = 'active')"""


def leave_at_once(token: str, *, now: datetime) -> bool:
    """Leave the list of an unsubscribe token, with its consent record, as leave.unsubscribe does; again is harmless.

    False when this is no plain case (an old or wrong token, a row that is gone, somebody erased): leave.unsubscribe knows those.
    """
    copy = tokens.read_copy(token, tokens.UNSUBSCRIBE, copy_key())
    if copy is None:
        return False
    who = list(copy[1:])
    moment = connection.ops.adapt_datetimefield_value(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE syndication_subscription SET state = %s, changed_at = %s
                WHERE {_WHO} AND state IN ({", ".join(["%s"] * len(_LEAVING))}) RETURNING id""",  # noqa: S608  # our own constants
            [str(consent.State.UNSUBSCRIBED), moment, *who, *_LEAVING],
        )
        changed = cursor.fetchone()
        if changed is None:
            # a no that is said again is newer than a confirmation link that was asked for in between
            cursor.execute(f"UPDATE syndication_subscription SET changed_at = %s WHERE {_WHO} AND state = 'unsubscribed'", [moment, *who])  # noqa: S608
            return bool(cursor.rowcount)
        cursor.execute(
            "INSERT INTO syndication_consentrecord (subscription_id, state, how, detail, network, at) VALUES (%s, %s, %s, '', '', %s)",
            [changed[0], str(consent.State.UNSUBSCRIBED), HOW, moment],
        )
    return True
