"""Which servers may be used now, and what the senders saw of them. Health is shared by all processes through SQL."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from syndication.delivery.servers.health import FIRST_PAUSE_SECONDS, pause_seconds
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.servers.passwords import CannotOpen, address_of
from syndication.delivery.servers.shares import shares
from syndication.environment import EspAccount, SmtpAddress

Address = SmtpAddress | EspAccount
"""Where mail is handed over: a server, or an account at a provider."""

OF_THE_ENVIRONMENT = 0
"""The id of the server that SYNDICATION_SMTP_URL names."""
ENVIRONMENT_NAME = "default"
LONGEST_REASON = 300  # characters
MOST_TIMES = 1000


@dataclass(frozen=True, slots=True)
class Server:
    """A server that may be used now. `times_away` > 0: it comes back from a pause, so note_back() when it took a message."""

    id: int
    name: str
    address: Address = field(repr=False)  # holds a password
    weight: int
    max_connections: int
    times_away: int


@dataclass(frozen=True, slots=True)
class Route:
    """The servers for a publication; when there is none now, why, and when the first one comes back (None: when a person acts)."""

    servers: tuple[Server, ...]
    why_none: str = ""
    back_at: datetime | None = None

    def shares(self, count: int, turn: int) -> dict[int, int]:
        """How many of `count` messages each server gets, by id; `turn`: the batch's id. See shares.py."""
        return shares({one.id: one.weight for one in self.servers}, count, turn)


class Candidate(NamedTuple):
    """A server that could serve, and whether it rests now by the database's clock."""

    row: SmtpServer
    rests: bool


def route(publication_id: int) -> Route:
    """The servers that may serve a publication now.

    Its own servers when it has any, and only those: its domain's SPF record may name no others. Else the general ones; else
    the server of SYNDICATION_SMTP_URL. Paused and resting servers are left out, so a batch fails over to the others.
    """
    known = SmtpServer.objects.filter(Q(publication=publication_id) | Q(publication=None)).annotate(rests=Q(away_until__gt=Now()))
    candidates = _candidates([Candidate(row, bool(row.rests)) for row in known.order_by("pk")])
    usable, why = list[Server](), list[str]()
    for row, rests in candidates:
        try:
            reason = _why_unusable(row, rests=rests)
            usable += [] if reason else [_server(row)]
        except CannotOpen as error:
            reason = f"cannot be used: {error}"
        why += [f"{row.name} {reason}"] if reason else []
    if usable:
        return Route(tuple(usable))
    back = [row.away_until for row, rests in candidates if rests and row.is_active and row.away_until]
    return Route((), f"No SMTP server can be used now: {'; '.join(why)}", min(back, default=None))


def _candidates(known: list[Candidate]) -> list[Candidate]:
    own = [one for one in known if one.row.publication_id]
    general = [one for one in known if not one.row.publication_id and one.row.url]
    of_the_environment = [one for one in known if not one.row.url] or [Candidate(SmtpServer(name=ENVIRONMENT_NAME), rests=False)]
    return own or general or of_the_environment


def _why_unusable(row: SmtpServer, *, rests: bool) -> str:
    if not row.is_active:
        return f"is paused (`syndication server resume {row.name}` ends that)"
    return f"rests until {row.away_until:%H:%M:%S} UTC: {row.away_because}" if rests else ""


def _server(row: SmtpServer) -> Server:
    if row.url:
        return Server(row.pk, row.name, address_of(row), row.weight, row.max_connections, row.times_away)
    address = settings.ESP or settings.SMTP
    return Server(OF_THE_ENVIRONMENT, row.name, address, row.weight, row.max_connections, row.times_away)


def note_away(server: Server, because: str) -> datetime:
    """The server cannot be reached or takes no mail: let it rest for all processes, 5 s and doubling to 60 s. Until when.

    because  one sentence; it is shown to staff
    Many processes that notice the same fall are one fall: only the first of them lengthens the pause.
    """
    while True:
        row = _row(server)
        if row is None:  # removed meanwhile
            return datetime.now(UTC) + timedelta(seconds=FIRST_PAUSE_SECONDS)
        awake = Q(away_until=None) | Q(away_until__lte=Now())
        SmtpServer.objects.filter(awake, pk=row.pk, times_away=row.times_away).update(
            away_until=Now() + timedelta(seconds=pause_seconds(row.times_away)),
            away_because=because[:LONGEST_REASON],
            times_away=min(row.times_away + 1, MOST_TIMES),
        )
        until = SmtpServer.objects.filter(pk=row.pk).values_list("away_until", flat=True).first()
        if until is not None:  # None: another process called it back between the two statements
            return until


def note_back(server: Server) -> None:
    """The server took a message after a pause: the next pause is short again. Costs nothing when it was never away."""
    if server.times_away:
        _rows(server).filter(times_away__gt=0).update(away_until=None, away_because="", times_away=0)


def _rows(server: Server) -> QuerySet[SmtpServer]:
    return SmtpServer.objects.filter(url="") if server.id == OF_THE_ENVIRONMENT else SmtpServer.objects.filter(pk=server.id)


def _row(server: Server) -> SmtpServer | None:
    if server.id == OF_THE_ENVIRONMENT:
        return SmtpServer.objects.get_or_create(url="", defaults={"name": ENVIRONMENT_NAME})[0]
    return _rows(server).first()
