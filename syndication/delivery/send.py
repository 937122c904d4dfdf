"""Sends what is due of a mailing: claim a group, then for each row mark, transmit and settle, over a kept connection."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from syndication.delivery import ledger
from syndication.delivery.compose import Composer, composer_of
from syndication.delivery.database import new_owner, quick
from syndication.delivery.ledger import Claim, Mark, Settlement
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.outcome import Outcome, Tries, lost_after_dot, lost_before_dot, outcome_of
from syndication.delivery.parcel import Parcel
from syndication.delivery.smtp import Connection, LostAfterDot, LostBeforeDot, ServerAway, host_name
from syndication.delivery.states import State
from syndication.rendering.reader import ReaderRow

GROUP = 50  # rows a claim: the most that a power cut puts in doubt
RUN_SECONDS = 5.0  # a task's length, so that a stopping worker is done soon and campaigns take turns
RENEW_SECONDS = 15
DATABASE_PATIENCE_SECONDS = 60
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(seconds=60)

log = logging.getLogger("syndication.send")
Result = TypeVar("Result")
_of_this_thread = threading.local()


@dataclass(slots=True)
class Sent:
    """What one run did. `has_more`: ring again at once."""

    settled: int = 0
    has_more: bool = False


def send_due(mailing_id: int, *, run_seconds: float = RUN_SECONDS) -> Sent:
    """Send due deliveries of a mailing for a while; a second call finds nothing to claim.

    A server that is away stops the run: nobody is marked failed, the rows go back, and the mailing says why it waits.
    """
    mailing = Mailing.objects.get(pk=mailing_id)
    sent, until = Sent(has_more=True), time.monotonic() + run_seconds
    run = _Run(mailing, composer_of(mailing), new_owner())
    with _leases_renewed(run.owner):
        while sent.has_more and time.monotonic() < until:
            # a claim whose answer was lost on the way goes back with the release below
            claims = _patiently(lambda: ledger.claim(mailing, run.owner, limit=GROUP))
            sent.has_more = bool(claims)
            try:
                sent.settled += run.send(claims)
            except ServerAway as away:
                _wait(mailing, str(away))
                sent.has_more = False
            finally:
                _patiently(lambda: ledger.release(mailing, run.owner))
    return sent


class _Run:
    """One owner's way through its claims."""

    def __init__(self, mailing: Mailing, composer: Composer, owner: str) -> None:
        self.mailing = mailing
        self.composer = composer
        self.owner = owner
        self._unwritten: Settlement | None = None
        """The outcome of the message before, written together with the next mark: one commit a message."""

    def send(self, claims: list[Claim]) -> int:
        """Each claim to its outcome; how many were settled. Raises ServerAway."""
        settled = 0
        try:
            for claim in claims:
                settled += self._send_one(claim)
        finally:
            _patiently(self._write)
        return settled

    def _send_one(self, claim: Claim) -> bool:
        date = claim.sent_at or datetime.now(UTC).replace(microsecond=0)
        try:
            parcel = self._parcel(claim, date)
        except Exception as error:  # noqa: BLE001  # whatever one reader's values break, the others go on
            return self._settle(claim, Outcome(State.FAILED, f"could not be composed: {error}"[:300]))
        wire = _connection(self.mailing)
        if not wire.takes(parcel.recipient):  # opens the connection, before any mark
            return self._settle(claim, Outcome(State.FAILED, f"{wire.address} does not offer SMTPUTF8, which this address needs"))
        if not _patiently(lambda: self._mark(Mark(claim, self.owner, date))):
            return self._explain_refused_mark(claim)
        try:
            outcome = self._transmit(wire, parcel, claim)
        except ServerAway as away:
            self._settle(claim, Outcome(State.DEFERRED, str(away)[:300], due_at=datetime.now(UTC)))
            raise
        self._settle(claim, outcome)
        return True

    def _parcel(self, claim: Claim, date: datetime) -> Parcel:
        row = ReaderRow(claim.subscriber_id, claim.address, claim.name, claim.attributes, claim.locale)
        return self.composer.parcel_of(row, date)

    def _mark(self, mark: Mark) -> bool:
        with quick():
            self._write_in_transaction()
            is_ours = ledger.mark_transmitting(self.mailing, mark)
        self._unwritten = None
        return is_ours

    def _transmit(self, wire: Connection, parcel: Parcel, claim: Claim) -> Outcome:
        try:
            answer = wire.deliver(parcel)
        except LostBeforeDot as error:
            return lost_before_dot(str(error), self._tries(claim))
        except LostAfterDot as error:
            return lost_after_dot(str(error))
        if self.mailing.waits:
            Mailing.objects.filter(pk=self.mailing.pk).update(waits=0, waits_until=None, waits_because="")
            self.mailing.waits = 0
        return outcome_of(answer, self._tries(claim))

    def _tries(self, claim: Claim) -> Tries:
        jitter = random.random()  # noqa: S311  # spreads retries, guards nothing
        return Tries(claim.attempts, self.mailing.frozen_at, datetime.now(UTC), jitter)

    def _settle(self, claim: Claim, outcome: Outcome) -> bool:
        _patiently(self._write)
        self._unwritten = Settlement(claim, self.owner, outcome)
        return True

    def _write(self) -> None:
        if self._unwritten is not None:
            with quick():
                self._write_in_transaction()
            self._unwritten = None

    def _write_in_transaction(self) -> None:
        if self._unwritten is not None and not ledger.settle(self._unwritten):
            log.warning("delivery %s: its outcome came after somebody else took it over", self._unwritten.claim.id)

    def _explain_refused_mark(self, claim: Claim) -> bool:
        """The mark changed no row: not ours any more, paused (goes back with the release), cancelled, or no longer to be mailed."""
        mailing = Mailing.objects.get(pk=self.mailing.pk)
        is_ours = Delivery.objects.filter(pk=claim.id, owner=self.owner, fence=claim.fence, state=State.CLAIMED).exists()
        if not is_ours or mailing.state == Mailing.State.PAUSED:
            return False
        if mailing.state == Mailing.State.CANCELLED:
            return self._settle(claim, Outcome(State.SKIPPED, "cancelled"))
        return self._settle(claim, Outcome(State.SKIPPED, ledger.SKIPPED_BECAUSE[Mailing.Kind(mailing.kind)]))


def _connection(mailing: Mailing) -> Connection:
    """This thread's connection to the server, kept between tasks: one connection carries one message at a time."""
    kept: dict[str, Connection] | None = getattr(_of_this_thread, "connections", None)
    if kept is None:
        kept = _of_this_thread.connections = {}
    key = str(settings.SMTP)
    if key not in kept:
        kept[key] = Connection(settings.SMTP, host_name=host_name(mailing.envelope["mail_domain"]))
    return kept[key]


def close_connections() -> None:
    """Say QUIT on every connection that this thread keeps."""
    kept: dict[str, Connection] = getattr(_of_this_thread, "connections", {})
    while kept:
        kept.popitem()[1].close()


def _wait(mailing: Mailing, because: str) -> None:
    pause = min(FIRST_WAIT * (1 << min(mailing.waits, 8)), LONGEST_WAIT)
    until = datetime.now(UTC) + pause
    Mailing.objects.filter(pk=mailing.pk).update(waits=mailing.waits + 1, waits_until=until, waits_because=because[:300])
    log.warning("mailing %s waits %d s: %s", mailing.key, pause.total_seconds(), because)


def _patiently(write: Callable[[], Result]) -> Result:
    """Do a write that may be done twice; when the database is away, try again for DATABASE_PATIENCE_SECONDS.

    What still cannot be written stays `transmitting` in its row, lapses into doubt, and is never sent twice.
    """
    until = time.monotonic() + DATABASE_PATIENCE_SECONDS
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if time.monotonic() > until:
                raise
            log.warning("the database is away, trying again: %s", str(error).strip())
            connection.close()
            time.sleep(0.5)


@contextmanager
def _leases_renewed(owner: str) -> Iterator[None]:
    """While the body runs, a thread says every RENEW_SECONDS that this owner lives."""
    is_done = threading.Event()

    def renew() -> None:
        while not is_done.wait(RENEW_SECONDS):
            try:
                ledger.renew(owner)
            except (OperationalError, InterfaceError) as error:
                log.warning("leases not renewed: %s", error)
                connection.close()
        connection.close()

    thread = threading.Thread(target=renew, name="leases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_done.set()
        thread.join()
