"""Takes the wishes that the web has kept, and asks for each what may be known of its address: suppressed, blocked, confirmed, budget."""

import logging
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet

from syndication.audience import subscribe
from syndication.audience.addresses import NotAnAddress
from syndication.audience.change import Evidence
from syndication.audience.models import SignUp

AT_ONCE = 50  # wishes in one transaction: short enough for SQLite's other writers
MOST_FAILURES = 5

log = logging.getLogger("syndication.sign-up")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some wishes.

    asks      for each that needs a mail, the ids of its subscriptions
    has_more  whether others wait still
    """

    asks: list[tuple[int, ...]]
    has_more: bool


def take() -> Taken:
    """Act on the oldest wishes and remove them. Inside a transaction, which also plans the mails: a wish and its mail are not parted."""
    rows = list(_lock(waiting().order_by("pk"))[: AT_ONCE + 1])
    has_more = len(rows) > AT_ONCE
    asks, done = [], []
    for row in sorted(rows[:AT_ONCE], key=lambda row: row.address):  # one order for all, so that two workers never wait for each other
        try:
            with transaction.atomic():
                ids = _ask(row)
        except (DatabaseError, NotAnAddress):  # one row that cannot be taken must not hold the others
            log.exception("the sign-up %s could not be taken", row.pk)
            SignUp.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
            continue
        done.append(row.pk)
        asks += [tuple(ids)] if ids else []
    SignUp.objects.filter(pk__in=done).delete()
    return Taken(asks, has_more)


def waiting() -> QuerySet[SignUp]:
    """The wishes that nobody has taken; those that failed too often are left to a person."""
    return SignUp.objects.filter(failures__lt=MOST_FAILURES)


def _ask(row: SignUp) -> list[int]:
    evidence = Evidence(wording_id=row.wording_id, network=row.network)
    return subscribe.ask(row.address, list_ids=row.lists, how=row.how, now=row.asked_at, evidence=evidence)


def _lock(rows: QuerySet[SignUp]) -> QuerySet[SignUp]:
    return rows.select_for_update(skip_locked=True) if connection.vendor == "postgresql" else rows
