"""Settles what dead senders left: reads their journals, and where a journal is out of reach calls it doubt, never "planned"."""

import logging
import time
from pathlib import Path

from django.conf import settings

from syndication.delivery.journal import files
from syndication.delivery.journal.records import Settled, Told
from syndication.delivery.ledger.database import database_now, durable
from syndication.delivery.ledger.statements import BatchClaim, Came, sum_up, write_rows
from syndication.delivery.models import Batch, Delivery, Lease
from syndication.delivery.outcome import Tries, doubt
from syndication.delivery.states import WAITING, Doubt, State

ELSEWHERE_SECONDS = 900  # how long another machine may be away before what it had claimed becomes doubt
DEATHS_ALLOWED = 3

log = logging.getLogger("syndication.recover")


def recover() -> int:
    """Settle every journal of this machine whose writer is dead, and every lease that lapsed and has no journal; how many runs."""
    folder = settings.JOURNAL
    runs = sum(_recover_orphan(orphan) for orphan in files.orphans(folder))
    return runs + sum(_give_up(lease) for lease in _lost(folder))


def _recover_orphan(orphan: files.Orphan) -> bool:
    told = orphan.read()
    same_boot = told.boot == files.boot_name()
    lease = Lease.objects.filter(key=told.run).first()
    if lease is not None:
        for batch in Batch.objects.select_related("mailing").filter(lease=lease):
            _settle_batch(batch, told, same_boot=same_boot)
        Lease.objects.filter(pk=lease.pk, batches=None).delete()
        log.warning("run %s (%s) has died; its journal is settled", told.run, lease.owner)
    orphan.forget()
    return lease is not None


def _settle_batch(batch: Batch, told: Told, *, same_boot: bool) -> None:
    """Outcomes as the journal has them, doubt for what was begun without one, and the rest free again."""
    settled = [one for key, one in told.outcomes.items() if key[0] == batch.pk]
    why = "the sender died while it transmitted this" if same_boot else "the machine stopped while this was about to be transmitted"
    doubts = [key[1] for key in told.doubtful(same_boot=same_boot) if key[0] == batch.pk]
    begun = {key[1]: one for key, one in told.begun.items() if key[0] == batch.pk}
    settled += [_in_doubt(batch, subscriber, begun[subscriber].sent_at if subscriber in begun else None, why) for subscriber in doubts]
    suspect = told.composing[1] if told.composing and told.composing[0] == batch.pk else None
    deaths = batch.deaths + 1 if suspect is not None and suspect == batch.suspect else 1
    if suspect is not None and deaths >= DEATHS_ALLOWED - 1:  # the first death had no suspect yet
        why = f"{DEATHS_ALLOWED} senders died while they made this message"
        settled.append(Settled(batch.pk, suspect, State.FAILED, 1, None, kind="poison", reply=why, at=int(time.time())))
    batch.deaths, batch.suspect = deaths, suspect
    _write(batch, settled)


def _lost(folder: Path) -> list[Lease]:
    """Leases that lapsed and whose journal nobody will read: lost from this folder, or on a machine that stays away."""
    now, site = database_now(), files.site_of(folder)
    return [lease for lease in Lease.objects.filter(until__lt=now) if _is_out_of_reach(lease, folder, site, now)]


def _is_out_of_reach(lease: Lease, folder: Path, site: str, now: int) -> bool:
    """A journal that lies here has a writer that lives or is frozen: it is read when that one ends, however long it takes."""
    if lease.site == site:
        return not files.is_here(folder, lease.key)
    return bool(lease.until.timestamp() < now - ELSEWHERE_SECONDS)


def _give_up(lease: Lease) -> bool:
    """Nobody can know what this run had begun: all that it had claimed and not settled is in doubt."""
    for batch in Batch.objects.select_related("mailing").filter(lease=lease):
        rows = Delivery.objects.filter(mailing=batch.mailing, subscriber__gte=batch.low, subscriber__lte=batch.high, state__in=WAITING)
        why = f"the journal of {lease.owner}, which had claimed this, cannot be read"
        settled = [_in_doubt(batch, subscriber, None, why) for subscriber in rows.values_list("subscriber_id", flat=True)]
        _write(batch, settled)
    Lease.objects.filter(pk=lease.pk, batches=None).delete()
    return True


def _in_doubt(batch: Batch, subscriber: int, sent_at: int | None, why: str) -> Settled:
    now = int(time.time())
    attempts = Delivery.objects.values_list("attempts", flat=True).get(mailing=batch.mailing, subscriber=subscriber)
    tries = Tries(attempts + 1, int(batch.mailing.frozen_at.timestamp()), now, give_up_after=settings.GIVE_UP_AFTER_HOURS * 3600)
    found = doubt(why, tries, Doubt(batch.mailing.on_doubt))
    return Settled(batch.pk, subscriber, found.state, attempts + 1, sent_at, found.due_at, None, "doubt", f"{why}: nobody can know", at=now)


def _write(batch: Batch, settled: list[Settled]) -> None:
    claim = BatchClaim(batch.pk, batch.fence, batch.low, batch.high, batch.deaths, batch.suspect, batch.lease_id or 0)
    with durable():
        ours = Batch.objects.filter(pk=batch.pk, lease=batch.lease_id, fence=batch.fence)
        if ours.update(deaths=batch.deaths, suspect=batch.suspect) != 1:
            return
        write_rows(batch.mailing_id, Came(settled))
        sum_up(batch.mailing_id, claim, release=True)
