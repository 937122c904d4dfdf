"""Takes the wishes that the web has kept, and asks for each what may be known of its address: suppressed, blocked, confirmed, budget."""

import logging
from dataclasses import dataclass

from django.db import DatabaseError, connection, transaction
from django.db.models import F, QuerySet

from syndication.audience.addresses import NotAnAddress
from syndication.audience.asking import Wish, ask_all
from syndication.audience.change import Evidence
from syndication.audience.models import SignUp

AT_ONCE = 25  # wishes in one transaction, some 20 ms: short enough for SQLite's other writers
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
    rows = rows[:AT_ONCE]
    done, needed = _ask_all(rows)
    SignUp.objects.filter(pk__in=[row.pk for row in done]).delete()
    return Taken([tuple(ids) for ids in needed if ids], has_more)


def _ask_all(rows: list[SignUp]) -> tuple[list[SignUp], list[list[int]]]:
    """The rows that were taken, and what each needs; one by one when not all of them can be taken together."""
    try:
        with transaction.atomic():
            return rows, ask_all([_wish(row) for row in rows])
    except (DatabaseError, NotAnAddress):
        log.exception("%d sign-ups could not be taken together; each is tried alone", len(rows))
    done, needed = [], []
    for row in rows:
        try:
            with transaction.atomic():
                needed += ask_all([_wish(row)])
        except (DatabaseError, NotAnAddress):  # one row that cannot be taken must not hold the others
            log.exception("the sign-up %s could not be taken", row.pk)
            SignUp.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
        else:
            done.append(row)
    return done, needed


def next_lists() -> set[tuple[int, ...]]:
    """The choices of lists, by their ids, among the wishes that come next."""
    return {tuple(ids) for ids in waiting().order_by("pk").values_list("lists", flat=True)[:AT_ONCE]}


def waiting() -> QuerySet[SignUp]:
    """The wishes that nobody has taken; those that failed too often are left to a person."""
    return SignUp.objects.filter(failures__lt=MOST_FAILURES)


def _wish(row: SignUp) -> Wish:
    return Wish(row.address, tuple(row.lists), row.how, row.asked_at, Evidence(wording_id=row.wording_id, network=row.network))


def _lock(rows: QuerySet[SignUp]) -> QuerySet[SignUp]:
    return rows.select_for_update(skip_locked=True) if connection.vendor == "postgresql" else rows
