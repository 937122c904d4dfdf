"""Shares a server's connections between all sender processes, through SQL."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from syndication.delivery.servers.fair_lines import Holder, lines_for
from syndication.delivery.servers.models import ServerLines
from syndication.delivery.servers.routing import Server

KEPT_SECONDS = 60
"""A sender that died gives its connections back after this long."""
_LOCKS = 1_397_771_602  # a number of our own among PostgreSQL's advisory locks


def lease(server: Server, owner: str, wanted: int) -> int:
    """How many connections to a server this sender may hold open from now on, 0 to `wanted` (>= 1).

    owner  the sender's name, at most 80 characters
    Asked at the start of a run and at least every KEPT_SECONDS while it goes on: the answer may fall when another sender comes. All
    senders together never hold more than server.max_connections. 0: the others hold all of them; ask again at the next run.
    """
    with transaction.atomic():
        _lock(server.id)
        ServerLines.objects.filter(server_id=server.id, until__lte=Now()).delete()
        ServerLines.objects.get_or_create(server_id=server.id, owner=owner, defaults={"wanted": wanted, "until": Now()})
        rows = list(ServerLines.objects.filter(server_id=server.id).order_by("pk"))
        me = next(place for place, row in enumerate(rows) if row.owner == owner)
        holders = [Holder(wanted if place == me else row.wanted, row.held) for place, row in enumerate(rows)]
        held = lines_for(server.max_connections, holders, me)
        until = Now() + timedelta(seconds=KEPT_SECONDS)
        ServerLines.objects.filter(pk=rows[me].pk).update(wanted=wanted, held=held, until=until)
    return held


def give_back(owner: str) -> None:
    """This sender has closed its connections, to every server."""
    ServerLines.objects.filter(owner=owner).delete()


def _lock(server_id: int) -> None:
    """One sender at a time for a server, until the transaction ends; SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCKS, server_id % 2**31])
