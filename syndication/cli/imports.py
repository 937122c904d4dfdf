"""The commands that bring readers in from a table, take an import back, and write readers out."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import available_timezones

import click
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from syndication.audience.importing import Counts, Plan, import_rows
from syndication.audience.imports import job as jobs
from syndication.audience.imports.work import work
from syndication.audience.lists import list_named
from syndication.audience.models import ImportJob, SubscriberList, Subscription
from syndication.audience.staff.exporting import Filter, export_rows, export_suppressions
from syndication.audience.table.columns import FIELDS, Reader, checked
from syndication.audience.table.forms import DELIMITERS
from syndication.audience.table.look import Chosen, Look, look_at, with_fields
from syndication.audience.table.presets import PRESETS
from syndication.audience.table.rows import BadTable
from syndication.audience.table.source import Source, count_records
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.readers import subscribers
from syndication.cli.which import chosen_publication
from syndication.delivery.ledger.mailed import mailed_among

__all__ = ["subscribers"]

SHOWN_REFUSALS = 20
_DELIMITERS = {name: sign for sign, name in DELIMITERS.items()}


@subscribers.command(name="import")
@click.argument("path", type=click.Path(allow_dash=True))
@click.option("--list", "list_slug", required=True, metavar="SLUG")
@publication_option
@click.option("--confirmed", is_flag=True, help="They have agreed already (you can show how); otherwise they are pending and not mailed.")
@click.option("--consent-source", default="", metavar="TEXT", help="Where they agreed; kept with each reader's consent.")
@click.option("--dry-run", is_flag=True, help="Count only, change nothing; the counts are exact.")
@click.option("--encoding", default="", help="When it is found wrongly, for example latin-1.")
@click.option("--delimiter", type=click.Choice(list(_DELIMITERS)), help="When it is found wrongly.")
@click.option("--header/--no-header", "has_header", default=None, help="Whether the first line names the columns.")
@click.option("--preset", type=click.Choice([*PRESETS, "none"]), help="Whose export it is, when that is found wrongly.")
@click.option("--map", "mapped", multiple=True, metavar="COLUMN=FIELD", help=f"FIELD: {', '.join(FIELDS)}, or attribute:KEY.")
@click.option("--suppress-left", is_flag=True, help="Suppress here, too, who left, bounced or complained in the other system.")
@json_option
def subscribers_import(path: str, list_slug: str, publication: str | None, **said: Any) -> None:
    """Bring a CSV or TSV table of readers into a list."""
    to = list_named(list_slug, chosen_publication(publication) if publication else None)
    chosen = Chosen(
        said["encoding"],
        _DELIMITERS.get(said["delimiter"] or "", ""),
        said["has_header"],
        "" if said["preset"] == "none" else said["preset"],
    )
    with _seekable(path) as file:
        look = _mapped(look_at(file, chosen), said["mapped"])
        checked(look.fields, look.names)
        rows = count_records(file, look.form)  # the whole table is read once, so that a broken one changes nothing
        counts, job = _brought_in(file, look, rows, _Asked(to, Path(path).name, said))
    result = {"new": counts.new, "updated": counts.updated, "unchanged": counts.unchanged, "refused": counts.refused}
    result |= {"refused_count": counts.refused_count, "suppressed": counts.suppressed, "job": job.pk if job else None}
    result |= {"read_as": look.form.kept(), "columns": {column.name: column.field for column in look.columns}}
    say(result, [_about_look(look), *_about_import(counts, said, job)], as_json=said["as_json"])


class _Asked:
    """What the command line asks for."""

    def __init__(self, to: SubscriberList, file_name: str, said: dict[str, Any]) -> None:
        self.to, self.file_name = to, file_name
        self.is_confirmed, self.is_dry, self.suppresses_left = said["confirmed"], said["dry_run"], said["suppress_left"]
        self.source = said["consent_source"].strip()
        if self.is_confirmed and not self.is_dry and not self.source and sys.stdin.isatty():
            self.source = click.prompt("Where did these readers agree to get mail?", err=True).strip()

    def job(self, look: Look) -> ImportJob:
        """The row under which the import is known."""
        return ImportJob.objects.create(
            list=self.to,
            file_name=self.file_name[:200],
            form=look.form.kept(),
            mapping={"columns": look.fields, "names": look.names},
            confirmed=self.is_confirmed,
            consent_source=self.source[:300],
            suppresses_left=self.suppresses_left,
            state=ImportJob.State.RUNNING,
            by=jobs.COMMAND_LINE,
            beat_at=timezone.now(),
        )


def _mapped(look: Look, said: tuple[str, ...]) -> Look:
    """The columns as --map says. Raises BadTable for a column that is not there."""
    fields = look.fields
    for one in said:
        name, equals, wanted = one.rpartition("=")
        at = next((at for at, known in enumerate(look.names) if known.lower() == name.strip().lower()), None)
        if not equals or at is None:
            raise BadTable(f"--map {one}: write COLUMN=FIELD; the columns are {', '.join(look.names)[:300]}.")
        if wanted in fields and wanted != "ignore":
            fields[fields.index(wanted)] = "ignore"
        fields[at] = wanted.strip()
    return with_fields(look, fields)


def _brought_in(file: BinaryIO, look: Look, total: int, asked: _Asked) -> tuple[Counts, ImportJob | None]:
    """Import, with a bar on a terminal."""
    reader = Reader(look.fields, preset=look.form.preset, known_zones=available_timezones())
    job = None if asked.is_dry else asked.job(look)
    plan = Plan(asked.to, asked.is_confirmed, asked.is_dry, timezone.now(), job, asked.suppresses_left)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Importing", total=total, note="")

        def tell(counts: Counts) -> None:
            bar.update(task, completed=counts.seen, note=f"{counts.seen:,} rows, {counts.refused_count:,} refused")

        try:
            counts = import_rows(map(reader.row, Source(file, look.form)), plan, tell)
        except BaseException:
            _close(job, ImportJob.State.STOPPED)
            raise
    _close(job, ImportJob.State.DONE)
    return counts, job


def _close(job: ImportJob | None, state: ImportJob.State) -> None:
    if job is not None:
        ImportJob.objects.filter(pk=job.pk).update(state=state, finished_at=timezone.now())


def _about_look(look: Look) -> str:
    whose = f" of {PRESETS[look.form.preset].name}" if look.form.preset else ""
    header = "with a header" if look.form.has_header else "without a header"
    columns = ", ".join(f"{column.name} → {column.field}" for column in look.columns)
    return f"Read as a table{whose}: {look.form.encoding}, {DELIMITERS.get(look.form.delimiter, '?')}, {header}; {columns}"


def _about_import(counts: Counts, said: dict[str, Any], job: ImportJob | None) -> list[str]:
    head = "Would be" if said["dry_run"] else "Now"
    lines = [f"{head}: {counts.new} new, {counts.updated} updated, {counts.unchanged} unchanged, {counts.refused_count} refused."]
    if counts.suppressed:
        lines.append(f"{counts.suppressed} of the refused are suppressed, as they left, bounced or complained elsewhere.")
    if counts.new and not said["confirmed"]:
        lines.append("New ones are pending and get no mail until they confirm; --confirmed is for readers who have agreed already.")
    lines += [f"  line {refusal['line']}: {refusal['why']}" for refusal in counts.refused[:SHOWN_REFUSALS]]
    hidden = counts.refused_count - SHOWN_REFUSALS
    if hidden > 0:
        lines.append(f"  … and {hidden} more; --json shows the first 10,000.")
    return [*lines, f"`syndication subscribers undo-import {job.pk}` takes it back."] if job else lines


@contextmanager
def _seekable(path: str) -> Iterator[BinaryIO]:
    """The table's bytes as a file that can be read twice; standard input is kept in a temporary file. Raises BadTable."""
    if path == "-":
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            yield kept
        return
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise BadTable(f"{path} cannot be read: {error.strerror}. Name a CSV file, or - for standard input.") from error


@subscribers.command(name="imports")
@json_option
def subscribers_imports(*, as_json: bool) -> None:
    """Show the imports, the newest first."""
    found = ImportJob.objects.select_related("list").order_by("-pk")[:100]
    result = [
        {"id": one.pk, "file": one.file_name, "list": one.list.slug, "state": one.state, "counts": one.counts, "by": one.by, "at": one.created_at}
        for one in found
    ]  # fmt: skip
    lines = [f"{row['id']}: {row['file']} into {row['list']}, {row['state']}, {row['counts']}" for row in result]
    say(result, lines or ["No import yet."], as_json=as_json)


@subscribers.command(name="undo-import")
@click.argument("job_id", type=int)
@json_option
def subscribers_undo_import(job_id: int, *, as_json: bool) -> None:
    """Take an import back: what it added goes, what it wrote over is put back, unless something has happened since."""
    jobs.undo(jobs.job_of(job_id))
    while work(job_id, mailed=mailed_among):
        pass
    job = jobs.job_of(job_id)
    done = job.place.get("undone", {})
    say({"id": job.pk, "state": job.state, **done}, about_undone(done), as_json=as_json)


def about_undone(done: dict[str, int]) -> list[str]:
    """What taking back has done, and what it could not."""
    gone = f"{done.get('removed', 0)} subscriptions and {done.get('left', 0)} new subscribers are gone"
    back = f"{done.get('put_back', 0)} subscribers have their old details; {done.get('released', 0)} suppressions are lifted"
    lines = [f"Taken back: {gone}; {back}."]
    if done.get("kept_changed"):
        lines.append(f"{done['kept_changed']} were changed since, by the reader or by staff, and stay as they are.")
    if done.get("kept_mailed"):
        lines.append(f"{done['kept_mailed']} had mail already: they stay as pending, and get no more until they confirm.")
    return lines


@subscribers.command(name="export")
@click.option("--list", "list_slug", metavar="SLUG", help="Only this list.")
@publication_option
@click.option("--state", type=click.Choice(Subscription.State.values), help="Only subscriptions in this state.")
@click.option("--suppressions", is_flag=True, help="The suppressed addresses' keyed hashes instead: they fit this installation's key only.")
@click.option("--out", type=click.Path(dir_okay=False), help="A file; standard output when left out.")
def subscribers_export(list_slug: str | None, publication: str | None, state: str | None, out: str | None, *, suppressions: bool) -> None:
    """Write readers, their subscriptions and their consent as CSV; `subscribers import` reads it again."""
    where = chosen_publication(publication) if publication else None
    found = list_named(list_slug, where) if list_slug else None
    wanted = Filter(list_id=found.pk if found else None, publication_id=where.pk if where else None, state=state or "")
    with click.open_file(out or "-", "w", encoding="utf-8") as file:
        for line in export_suppressions() if suppressions else export_rows(wanted):
            file.write(line)
