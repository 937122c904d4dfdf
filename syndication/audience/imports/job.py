"""Makes imports and moves them from state to state, as people ask: describe, try out, start, stop, take back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import available_timezones

from django.db.models import Q

from syndication.audience.imports import files
from syndication.audience.models import ImportJob, ImportRefusal, SubscriberList
from syndication.audience.table.columns import Reader, checked
from syndication.audience.table.forms import Form
from syndication.audience.table.look import Chosen, Look, look_at, with_fields
from syndication.errors import BadInput, NotFound, Refused

State = ImportJob.State
WORKING = (State.CHECKING, State.RUNNING, State.STOPPING, State.UNDOING)
LAPSE = timedelta(seconds=60)  # a step that says nothing for so long is dead, and another one goes on
KEPT_FOR = timedelta(days=7)
COMMAND_LINE = "command line"
_NO_SOURCE = "Say where these readers agreed to get mail, for example: the sign-up form of the old site, exported in May."


@dataclass(frozen=True, slots=True)
class Described:
    """What a person says about a file and its readers. `fields`: one a column, None for those that were found."""

    chosen: Chosen
    fields: list[str] | None = None
    is_confirmed: bool = False
    consent_source: str = ""
    suppresses_left: bool = False


def upload(chunks: Iterable[bytes], *, to: SubscriberList, file_name: str, by: str, limit_bytes: int) -> ImportJob:
    """Keep a file and look at it. Raises BadInput when it is too large or no table; then nothing stays."""
    name, size = files.keep(chunks, limit_bytes=limit_bytes)
    try:
        with files.opened(name) as file:
            look = look_at(file)
    except BaseException:
        files.path_of(name).unlink(missing_ok=True)
        raise
    return ImportJob.objects.create(
        list=to, file_name=file_name[:200], path=name, size_bytes=size, by=by[:254], form=look.form.kept(), mapping={"columns": look.fields}
    )


def job_of(job_id: int) -> ImportJob:
    """The import of that number. Raises NotFound."""
    found = ImportJob.objects.select_related("list__publication").filter(pk=job_id).first()
    if found is None:
        raise NotFound(f"There is no import {job_id}.")
    return found


def form_of(job: ImportJob) -> Form:
    """How the job's file is written."""
    return Form(**job.form)


def look_again(job: ImportJob) -> Look:
    """The job's file as it is described now. Raises NotFound when the file is gone."""
    form = form_of(job)
    with files.opened(job.path) as file:
        look = look_at(file, Chosen(form.encoding, form.delimiter, form.has_header, form.preset))
    fields = job.mapping.get("columns", [])
    return with_fields(look, fields) if len(fields) == len(look.columns) else look


def describe(job: ImportJob, said: Described) -> Look:
    """Write down what a person says about the file, before it is tried out. Raises BadTable with nothing written."""
    with files.opened(job.path) as file:
        look = look_at(file, said.chosen)
    if said.fields is not None and len(said.fields) == len(look.columns):
        look = with_fields(look, said.fields)
    changed = _described(look, said)
    _move(job, (State.UPLOADED, State.READY, State.FAILED), state=State.UPLOADED, problem="", **changed)
    return look


def _described(look: Look, said: Described) -> dict[str, object]:
    return {
        "form": look.form.kept(),
        "mapping": {"columns": look.fields, "names": look.names},
        "confirmed": said.is_confirmed,
        "consent_source": said.consent_source.strip()[:300],
        "suppresses_left": said.suppresses_left,
    }


def check(job: ImportJob) -> None:
    """Have it tried out in the background. Raises BadTable for columns that cannot be used, BadInput without a source of consent."""
    checked(job.mapping.get("columns", []), job.mapping.get("names", job.mapping.get("columns", [])))
    if job.confirmed and not job.consent_source:
        raise BadInput(_NO_SOURCE)
    ImportRefusal.objects.filter(job=job).delete()
    files.seen_path(job.pk).unlink(missing_ok=True)
    _move(job, (State.UPLOADED, State.READY), state=State.CHECKING, position=0, place={}, counts={}, expected={}, problem="", owner="")


def start(job: ImportJob) -> None:
    """Bring it in, after it was tried out."""
    if job.state == State.READY:
        ImportRefusal.objects.filter(job=job).delete()
        files.seen_path(job.pk).unlink(missing_ok=True)
    _move(job, (State.READY,), state=State.RUNNING, position=0, place={}, counts={}, problem="", owner="")


def resume(job: ImportJob) -> None:
    """Go on with one that was stopped."""
    _move(job, (State.STOPPED,), state=State.RUNNING, finished_at=None, owner="")


def stop(job: ImportJob) -> None:
    """Stop at the end of the group that is being written."""
    _move(job, (State.CHECKING, State.RUNNING), state=State.STOPPING)


def undo(job: ImportJob) -> None:
    """Take it back in the background."""
    _move(job, (State.DONE, State.STOPPED, State.FAILED), state=State.UNDOING, place={}, owner="", problem="", finished_at=None)


def discard(job: ImportJob) -> None:
    """Forget a file that was not brought in."""
    name = job.path
    _move(job, (State.UPLOADED, State.READY, State.FAILED), state=State.UNDONE, path="")
    files.remove(name, job.pk)


def _move(job: ImportJob, allowed: tuple[ImportJob.State, ...], **values: object) -> None:
    """Raises Refused when the job is in none of the allowed states (any more)."""
    if not ImportJob.objects.filter(pk=job.pk, state__in=allowed).update(**values):
        job.refresh_from_db(fields=["state"])
        raise Refused(f"The import is {job.state}, so that is not possible now; nothing was changed.")
    for name, value in values.items():
        setattr(job, name, value)


def due(now: datetime) -> list[int]:
    """The import that wants work, if any: the oldest one. Never two at a time, so that confirmations keep their threads."""
    waiting = ImportJob.objects.filter(state__in=WORKING).exclude(path="", state__in=(State.CHECKING, State.RUNNING, State.STOPPING))
    if waiting.filter(~Q(owner=""), beat_at__gt=now - LAPSE).exists():
        return []
    return list(waiting.order_by("pk").values_list("pk", flat=True)[:1])


def reader_of(job: ImportJob) -> Reader:
    """What reads the rows of the job's file. Raises BadTable."""
    fields = job.mapping.get("columns", [])
    return Reader(
        checked(fields, job.mapping.get("names", fields)), preset=str(job.form.get("preset", "")), known_zones=available_timezones()
    )


def sweep(now: datetime) -> None:
    """Delete the files and the refused rows of imports that ended a week ago, or that nobody has gone on with since."""
    old = ImportJob.objects.filter(created_at__lt=now - KEPT_FOR).exclude(state__in=WORKING)
    for job in old.exclude(path="")[:100]:
        files.remove(job.path, job.pk)
        ImportJob.objects.filter(pk=job.pk).update(path="")
    ImportRefusal.objects.filter(job__in=old.values("pk")).delete()
    files.remove_strangers(set(ImportJob.objects.exclude(path="").values_list("path", flat=True)), now - KEPT_FOR)
    lost = ImportJob.objects.filter(path="", by=COMMAND_LINE, state=State.RUNNING, beat_at__lt=now - 10 * LAPSE)
    lost.update(state=State.STOPPED, problem="The command ended before its end. Run it again: what it had done stays.", finished_at=now)
