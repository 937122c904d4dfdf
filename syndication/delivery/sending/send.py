"""Sends what is due of a mailing for a while: the step that a task calls."""

import functools
import gc
import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from syndication.delivery.esp.lane import EspLane
from syndication.delivery.journal.files import JournalFile, JournalFull
from syndication.delivery.limits.limiter import Limiter
from syndication.delivery.mailing.compose import composer_of
from syndication.delivery.models import Mailing
from syndication.delivery.sending.hello import host_name, sender_name
from syndication.delivery.sending.letters import Carrier, Desk
from syndication.delivery.sending.run import NothingToSendThrough, Run
from syndication.delivery.servers import lines, routing
from syndication.delivery.servers.routing import Address, Route
from syndication.delivery.wire.exchange import Exchange
from syndication.environment import SmtpAddress
from syndication.errors import SyndicationError

RUN_SECONDS = 5.0  # a task's length, so that a stopping worker is done soon and campaigns take turns
LINES = {Mailing.Kind.CAMPAIGN: 10, Mailing.Kind.CONFIRMATION: 2}
LOOK_AGAIN = timedelta(seconds=5)

log = logging.getLogger("syndication.send")
_of_this_thread = threading.local()
_LIMITER = Limiter()
_patient: list[threading.Thread] = []


@dataclass(slots=True)
class Sent:
    """What one run did. `has_more`: ring again at once."""

    settled: int = 0
    has_more: bool = False


class Kept(NamedTuple):
    """A thread's exchange under one name, and the servers to which it keeps lines."""

    exchange: Carrier
    staffed: set[Address]


def send_due(mailing_id: int, *, run_seconds: float = RUN_SECONDS) -> Sent:
    """Send due deliveries of a mailing for a while; a second call finds nothing to claim.

    A server that is away stops the run: nobody is marked failed, the rows go back, and the mailing says why it waits.
    """
    calm_the_collector()
    mailing = Mailing.objects.get(pk=mailing_id)
    route = routing.route(mailing.publication_id)
    if not route.servers:
        _wait(mailing, route.why_none)
        return Sent()
    exchange, staffed = _exchange(route, host_name(mailing.envelope["mail_domain"]))
    try:
        desk = Desk(composer_of(mailing), exchange, _LIMITER, staffed)
        journal = JournalFile(settings.JOURNAL)
    except SyndicationError as error:  # no room for the journal, a key that cannot be opened: nothing is claimed
        _wait(mailing, str(error))
        return Sent()
    run = Run(mailing, desk, journal)
    has_waited = False
    try:
        if run.staff(route.servers, LINES[Mailing.Kind(mailing.kind)]):
            run.work(time.monotonic() + run_seconds)
    except (NothingToSendThrough, JournalFull) as why:
        _wait(mailing, str(why))
        has_waited = True
    except BaseException:
        exchange.close()  # what was at the wire is told to the journal, which the reconciler reads
        run.flush()
        journal.close()
        raise
    _end(run, exchange)
    if not has_waited and (run.settled or run.held_back):
        _tell_what_holds_back(mailing, run.held_back)
    return Sent(run.settled, run.has_more and not has_waited)


@functools.cache
def calm_the_collector() -> None:
    """Once in a process: what is loaded stays for good, and a run makes no cycles, so looking for them often is waste.

    Measured: the collector took a fifth of a sender's time with its usual thresholds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _end(run: Run, exchange: Carrier) -> None:
    """Finish the run; an exchange on whose lines a server still thinks gets a thread, so that nobody else waits for it."""
    if not exchange.in_flight:
        run.finish()
        return
    kept: dict[str, Kept] = _of_this_thread.exchanges
    for name in [name for name, one in kept.items() if one.exchange is exchange]:
        del kept[name]
    thread = threading.Thread(target=run.see_out, name="patience", daemon=True)
    _patient[:] = [one for one in _patient if one.is_alive()] + [thread]
    thread.start()


def wait_for_replies(longest_seconds: float) -> None:
    """Give what is at the wire so long to be answered; for a worker that stops."""
    give_up_at = time.monotonic() + longest_seconds
    for thread in _patient:
        thread.join(max(0.0, give_up_at - time.monotonic()))


def close_connections() -> None:
    """Say QUIT on every connection that this thread keeps, and let other senders have their places."""
    kept: dict[str, Kept] = getattr(_of_this_thread, "exchanges", {})
    while kept:
        kept.popitem()[1].exchange.close()
    lines.give_back(sender_name())


def _exchange(route: Route, host: str) -> Kept:
    """This thread's exchange, its connections kept between tasks; a lane of requests where a provider takes the mail."""
    account = route.servers[0].address
    name = host if isinstance(account, SmtpAddress) else repr(account)
    kept: dict[str, Kept] | None = getattr(_of_this_thread, "exchanges", None)
    if kept is None:
        kept = _of_this_thread.exchanges = {}
    if name not in kept:
        kept[name] = Kept(Exchange(host_name=name) if isinstance(account, SmtpAddress) else EspLane(account), set())
    return kept[name]


def _wait(mailing: Mailing, because: str) -> None:
    """Nothing can be sent now: look again soon. Servers and providers that are away have longer and longer rests of their own."""
    until = datetime.now(UTC) + LOOK_AGAIN
    Mailing.objects.filter(pk=mailing.pk).update(waits=mailing.waits + 1, waits_until=until, waits_because=because[:300])
    if because[:300] != mailing.waits_because:
        log.warning("mailing %s waits: %s", mailing.key, because)


def _tell_what_holds_back(mailing: Mailing, because: str) -> None:
    """Limits and warm-up plans let only some go: said on the campaign, which goes on all the while."""
    if because[:300] != mailing.waits_because or mailing.waits:
        Mailing.objects.filter(pk=mailing.pk).update(waits=0, waits_until=None, waits_because=because[:300])
