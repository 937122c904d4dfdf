"""Works on an import for some seconds: tries it out, brings it in, stops or takes it back; whoever comes after goes on exactly there."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple
from uuid import uuid4

from django.db import DataError, IntegrityError, connection
from django.db.models import F, Q
from django.utils import timezone

from syndication.audience.imports import files, many_rows
from syndication.audience.imports import job as jobs
from syndication.audience.imports.ahead import ahead
from syndication.audience.imports.job import LAPSE, State
from syndication.audience.imports.seen import Seen
from syndication.audience.imports.take import Group, Outcome, Plan, Taker
from syndication.audience.imports.undo import Mailed, undo_some
from syndication.audience.models import ImportJob, ImportRefusal
from syndication.audience.table.rows import BadTable, Row
from syndication.audience.table.source import Source
from syndication.errors import NotFound, Refused

GROUP = 10_000  # rows a transaction: some tenths of a second on SQLite, whose one writer others wait for
YIELD_SECONDS = 0.003  # between two groups on SQLite, so that the others get their turn
COUNTED = ("new", "updated", "unchanged", "suppressed")
NO_COUNTS = dict.fromkeys((*COUNTED, "refused"), 0)


class _LostError(Exception):
    """Somebody stopped the import, or another worker has taken it over."""


@dataclass(slots=True)
class _Turn:
    """One worker's time with one import."""

    job: ImportJob
    owner: str
    until: float

    @property
    def mine(self) -> Q:
        return Q(pk=self.job.pk, owner=self.owner, state=self.job.state)

    def end(self, **values: object) -> None:
        """Give the import back, changed; nothing happens when it is not ours any more."""
        ImportJob.objects.filter(self.mine).update(owner="", beat_at=timezone.now(), **values)


def work(job_id: int, *, mailed: Mailed, run_seconds: float = math.inf) -> bool:
    """Work on an import; whether there is more to do.

    mailed       which of some subscribers have rows in the ledger (undo.py)
    run_seconds  after which the group that is being written is the last
    A second call at the same time does nothing; after a death the next one goes on where the last commit was.
    """
    now, owner = timezone.now(), uuid4().hex
    free = Q(owner="") | Q(beat_at__lt=now - LAPSE) | Q(beat_at=None)
    if not ImportJob.objects.filter(free, pk=job_id, state__in=jobs.WORKING).update(owner=owner, beat_at=now):
        return False
    turn = _Turn(jobs.job_of(job_id), owner, time.monotonic() + run_seconds)
    try:
        return _STEPS[State(turn.job.state)](turn, mailed)
    except _LostError:
        ImportJob.objects.filter(pk=job_id, owner=owner).update(owner="")
        return ImportJob.objects.filter(pk=job_id, state=State.STOPPING).exists()
    except (BadTable, NotFound, Refused) as error:
        turn.end(state=State.FAILED, problem=str(error)[:500], finished_at=timezone.now())
        return False
    except (DataError, IntegrityError) as error:
        turn.end(
            state=State.FAILED,
            problem=f"The database refused a group of rows, and what came before is in: {error}"[:500],
            finished_at=timezone.now(),
        )
        return False
    except BaseException:
        turn.end()  # the next tick tries again
        raise


def _check(turn: _Turn, _: Mailed) -> bool:
    if not _rows(turn, is_dry=True):
        return True
    turn.end(state=State.READY, position=0, place={})
    files.seen_path(turn.job.pk).unlink(missing_ok=True)
    return False


def _run(turn: _Turn, _: Mailed) -> bool:
    if not _rows(turn, is_dry=False):
        return True
    turn.end(state=State.DONE, path="", finished_at=timezone.now())
    files.remove(turn.job.path, turn.job.pk)
    return False


def _stop(turn: _Turn, _: Mailed) -> bool:
    """A trial that was stopped can be described anew; an import that was stopped has begun."""
    has_begun = bool(turn.job.counts)
    turn.end(state=State.STOPPED if has_begun else State.UPLOADED, finished_at=timezone.now() if has_begun else None)
    return False


def _undo(turn: _Turn, mailed: Mailed) -> bool:
    while undo_some(turn.mine, mailed=mailed, now=timezone.now()):
        if time.monotonic() > turn.until:
            turn.end()
            return True
        _make_room()
    turn.end(state=State.UNDONE, path="", finished_at=timezone.now())
    files.remove(turn.job.path, turn.job.pk)
    return False


_STEPS: dict[ImportJob.State, Callable[[_Turn, Mailed], bool]] = {
    State.CHECKING: _check,
    State.RUNNING: _run,
    State.STOPPING: _stop,
    State.UNDOING: _undo,
}


def _rows(turn: _Turn, *, is_dry: bool) -> bool:
    """Take groups until the time or the file is over; whether it was the file."""
    job, reader = turn.job, jobs.reader_of(turn.job)
    plan = Plan(job.list, confirmed=job.confirmed, dry_run=is_dry, now=timezone.now(), job=job, suppresses_left=job.suppresses_left)
    with files.opened(job.path) as file, _seen(job, reader.row) as seen, many_rows.loading():
        source = Source(file, jobs.form_of(job), offset=job.place.get("offset", 0), line=job.place.get("line", 0))
        taker, rows = Taker(plan, seen), map(reader.row, source)

        def prepared() -> _Group | None:
            found = list(islice(rows, GROUP))
            return _Group(taker.prepare(found), len(found), {"offset": source.offset, "line": source.line}) if found else None

        with closing(ahead(prepared)) as groups:
            for group in groups:
                noting = _Noting(turn, group, is_dry=is_dry)
                taker.take(group.rows, timezone.now(), also=noting)
                noting.committed()
                if time.monotonic() > turn.until:
                    turn.end()
                    return False
                _make_room()
    return True


class _Group(NamedTuple):
    """Some rows, how many, and the place in the file where they end."""

    rows: Group
    row_count: int
    place: dict[str, int]


def _make_room() -> None:
    if connection.vendor == "sqlite":
        time.sleep(YIELD_SECONDS)


def _seen(job: ImportJob, read: Callable[..., Row]) -> Seen:
    """What the import has seen up to its position; made anew from the file when it is lost."""
    path = files.seen_path(job.pk)
    if not job.position:
        path.unlink(missing_ok=True)
    is_lost = not path.exists() and job.position
    seen = Seen(path)
    path.chmod(0o600)
    if is_lost:
        with files.opened(job.path) as file:
            before = islice(map(read, Source(file, jobs.form_of(job))), job.position)
            taker = Taker(Plan(job.list, confirmed=False, dry_run=True, now=timezone.now()), seen)
            for group in _groups(before):
                taker.remember(group)
    seen.forget_after(job.place.get("line", 0))
    return seen


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while group := list(islice(rows, GROUP)):
        yield group


class _Noting:
    """Writes into the job what came of a group, in the group's own transaction. Raises _LostError when the job is not ours any more."""

    def __init__(self, turn: _Turn, group: _Group, *, is_dry: bool) -> None:
        self._turn, self._group = turn, group
        self._name = "expected" if is_dry else "counts"
        self._counts: dict[str, int] = {}

    def __call__(self, outcome: Outcome) -> None:
        job = self._turn.job
        before: dict[str, int] = NO_COUNTS | getattr(job, self._name)
        self._counts = {name: before[name] + getattr(outcome, name) for name in COUNTED} | {
            "refused": before["refused"] + len(outcome.refused)
        }
        values = {self._name: self._counts, "place": self._group.place, "beat_at": timezone.now()}
        if not ImportJob.objects.filter(self._turn.mine).update(position=F("position") + self._group.row_count, **values):
            raise _LostError
        refused = [(str(one.line), one.address, one.why[:300]) for one in outcome.refused]
        if refused:
            many_rows.load(ImportRefusal, ("line", "address", "why"), refused, {"job_id": job.pk})

    def committed(self) -> None:
        """The group is in; the next one counts on from there."""
        setattr(self._turn.job, self._name, self._counts)
