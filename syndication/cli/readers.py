"""The commands about lists and readers."""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from django.db.models import Count, Q
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from syndication.audience.exporting import export_rows
from syndication.audience.importing import Counts, Plan, import_rows
from syndication.audience.lists import create_list, list_named
from syndication.audience.models import SubscriberList, Subscription, Suppression
from syndication.audience.suppress import suppress as suppress_address
from syndication.audience.table import BadTable, Row, encoding_of, rows
from syndication.cli.output import json_option, publication_option, say
from syndication.cli.which import chosen_publication
from syndication.delivery.ledger.forget import erase_reader

SAMPLE = 16 * 1024  # bytes looked at to find encoding and delimiter
SHOWN_REFUSALS = 20


@click.group(name="list")
def lists() -> None:
    """What one subscribes to inside a publication."""


@lists.command(name="create")
@click.argument("slug")
@publication_option
@click.option("--name", default="", help="As readers see it; made from the slug when left out.")
@click.option("--private", "is_private", is_flag=True, help="Cannot be joined from the public page.")
@json_option
def list_create(slug: str, publication: str | None, name: str, *, is_private: bool, as_json: bool) -> None:
    """Make a list."""
    made = create_list(slug, publication=chosen_publication(publication, make=True), name=name, is_public=not is_private)
    result = {"slug": made.slug, "name": made.name, "publication": made.publication.slug}
    who = "anybody can join it on the public page (--private closes that)" if made.is_public else "private"
    say(result, [f"Made the list {made.slug!r} ({made.name}) in {made.publication.slug!r}; {who}."], as_json=as_json)


@lists.command(name="list")
@publication_option
@json_option
def list_list(publication: str | None, *, as_json: bool) -> None:
    """Show all lists with their readers."""
    found = SubscriberList.objects.select_related("publication").order_by("publication__slug", "slug")
    if publication:
        found = found.filter(publication=chosen_publication(publication))
    confirmed = Count("subscriptions", filter=Q(subscriptions__state=Subscription.State.CONFIRMED))
    result = [
        {"slug": one.slug, "name": one.name, "publication": one.publication.slug, "confirmed": getattr(one, "confirmed", 0)}
        for one in found.annotate(confirmed=confirmed)
    ]
    say(
        result, [f"{row['publication']}/{row['slug']}: {row['confirmed']} confirmed" for row in result] or ["No list yet."], as_json=as_json
    )


@click.group()
def subscribers() -> None:
    """The people who read."""


@subscribers.command(name="import")
@click.argument("path", type=click.Path(allow_dash=True))
@click.option("--list", "list_slug", required=True, metavar="SLUG")
@publication_option
@click.option("--confirmed", is_flag=True, help="They have agreed already (you can show how); otherwise they are pending and not mailed.")
@click.option("--dry-run", is_flag=True, help="Count only, change nothing.")
@click.option("--encoding", default="", help="When the file is not UTF-8, for example latin-1.")
@json_option
def subscribers_import(path: str, list_slug: str, publication: str | None, encoding: str, **flags: bool) -> None:
    """Bring a CSV table of readers into a list; the first line names the columns, one of them email."""
    to = list_named(list_slug, chosen_publication(publication) if publication else None)
    plan = Plan(to=to, confirmed=flags["confirmed"], dry_run=flags["dry_run"], now=timezone.now())
    with _seekable(path) as file:
        counts = _with_progress(file, encoding, plan)
    result = {"new": counts.new, "updated": counts.updated, "unchanged": counts.unchanged, "refused": counts.refused}
    say(result, _about_import(counts, plan), as_json=flags["as_json"])


def _about_import(counts: Counts, plan: Plan) -> list[str]:
    head = "Would be" if plan.dry_run else "Now"
    lines = [f"{head}: {counts.new} new, {counts.updated} updated, {counts.unchanged} unchanged, {len(counts.refused)} refused."]
    if counts.new and not plan.confirmed:
        lines.append("New ones are pending and get no mail until they confirm; --confirmed is for readers who have agreed already.")
    lines += [f"  line {refusal['line']}: {refusal['why']}" for refusal in counts.refused[:SHOWN_REFUSALS]]
    hidden = len(counts.refused) - SHOWN_REFUSALS
    return [*lines, f"  … and {hidden} more; --json shows them all."] if hidden > 0 else lines


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


def _rows(file: BinaryIO, encoding: str) -> Iterator[Row]:
    """The rows from the start of the file. Raises BadTable, also for bytes that are not in the encoding (with their offset)."""
    file.seek(0)
    start = file.read(SAMPLE)
    file.seek(0)
    name = encoding_of(start, encoding)
    try:
        text = io.TextIOWrapper(file, encoding=name, newline="")
    except LookupError as error:
        raise BadTable(f"--encoding {encoding} is unknown; use utf-8, latin-1, cp1252 or utf-16.") from error
    try:
        yield from rows(text, start.decode(name, "replace"))
    except UnicodeDecodeError as error:
        offset = file.tell() - len(error.object) + error.start
        raise BadTable(
            f"The file is not {name}: byte {error.object[error.start]:#04x} at offset {offset:,} cannot be read. "
            "Save it as UTF-8, or say --encoding latin-1 (or cp1252). Nothing was imported."
        ) from error
    finally:
        text.detach()


def _with_progress(file: BinaryIO, encoding: str, plan: Plan) -> Counts:
    """Read the whole table once, so that a broken one changes nothing; then import, with a bar on a terminal."""
    total = sum(1 for _ in _rows(file, encoding))
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Importing", total=total, note="")

        def tell(counts: Counts) -> None:
            bar.update(task, completed=counts.seen, note=f"{counts.seen:,} rows, {len(counts.refused):,} refused")

        return import_rows(_rows(file, encoding), plan, tell)


@subscribers.command(name="export")
@click.option("--list", "list_slug", metavar="SLUG", help="Only this list.")
@publication_option
@click.option("--out", type=click.Path(dir_okay=False), help="A file; standard output when left out.")
def subscribers_export(list_slug: str | None, publication: str | None, out: str | None) -> None:
    """Write readers and their subscriptions as CSV."""
    found = list_named(list_slug, chosen_publication(publication) if publication else None) if list_slug else None
    with click.open_file(out or "-", "w", encoding="utf-8") as file:
        for line in export_rows(list_id=found.pk if found else None):
            file.write(line)


@subscribers.command(name="erase")
@click.argument("address")
@json_option
def subscribers_erase(address: str, *, as_json: bool) -> None:
    """Forget a person; a keyed hash stays so that nobody mails them again."""
    erased = erase_reader(address, now=timezone.now())
    result: dict[str, Any] = {"erased": True, "subscriptions": erased.subscriptions}
    say(result, [f"Erased; {erased.subscriptions} subscription(s) ended, and the address is suppressed everywhere."], as_json=as_json)


@click.command()
@click.argument("address")
@click.option("--reason", default=Suppression.Reason.STAFF.value, type=click.Choice(Suppression.Reason.values), show_default=True)
@publication_option
@json_option
def suppress(address: str, reason: str, publication: str | None, *, as_json: bool) -> None:
    """Never mail an address again: in one publication, or in all."""
    where = chosen_publication(publication) if publication else None
    row, is_new = suppress_address(address, reason=reason, publication=where, detail="command line")
    result = {"new": is_new, "reason": row.reason, "publication": where.slug if where else None, "since": row.since.isoformat()}
    place = f"in {where.slug!r}" if where else "everywhere"
    say(result, [f"{'Suppressed' if is_new else 'Was suppressed already'} {place} ({row.reason})."], as_json=as_json)
