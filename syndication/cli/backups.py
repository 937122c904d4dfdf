"""One file that holds the whole installation, and the way back; a restored installation sends nothing by itself."""

import gzip
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO

from django.apps import apps
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction

from syndication import __version__
from syndication.campaigns.models import Campaign
from syndication.delivery.ledger.correct import hold_all
from syndication.delivery.ledger.plan import plan
from syndication.delivery.models import Batch, Lease, Mailing
from syndication.errors import BadInput, Refused

FORMAT = 2  # 1 had the ledger of before the batches
PAGE = 2000  # rows
LEFT_OUT = {"sessions.session", "contenttypes.contenttype", "auth.permission", "auth.group"}


@dataclass(slots=True)
class Restored:
    """What came back: rows by table, how many campaigns are held, and advice about the secret key."""

    rows: dict[str, int] = field(default_factory=dict)
    held: int = 0
    advice: str = ""


def backup(file: Path, *, now: datetime) -> dict[str, int]:
    """Write a gzipped tar of one JSON-lines file a table, the secret key and a manifest; rows by table.

    One read transaction: the picture is of one moment, and senders go on meanwhile. The file appears whole or not at all, mode 0600.
    Raises BadInput when it cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=file.resolve().parent, prefix=f".{file.name}.", delete=False) as raw:
            part = Path(raw.name)
            try:
                with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=3) as archive:
                    rows = _write(archive, now)
                raw.flush()
                part.replace(file)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}. Name a file in a folder that exists and has room.") from error
    return rows


def _write(archive: tarfile.TarFile, now: datetime) -> dict[str, int]:
    rows = {}
    with _one_moment():
        for model in _tables():
            with tempfile.SpooledTemporaryFile(max_size=8 * 2**20) as spool:
                rows[model._meta.label_lower] = _dump(model, spool)
                _add(archive, f"{model._meta.label_lower}.jsonl", spool)
    manifest = {"format": FORMAT, "version": __version__, "made_at": now.isoformat(), "rows": rows}
    _add(archive, "secret_key", io.BytesIO(settings.SECRET_KEY.encode()))
    _add(archive, "manifest.json", io.BytesIO(json.dumps(manifest, indent=2).encode()))
    return rows


def _tables() -> list[type[models.Model]]:
    """Every table of ours and of the sign-in library, those that others point to first."""
    found = [model for model in apps.get_models(include_auto_created=False) if model._meta.label_lower not in LEFT_OUT]
    done: list[type[models.Model]] = []
    while found:
        ready = [model for model in found if not _points_to(model) & (set(found) - {model})]
        done += ready or found[:1]
        found = [model for model in found if model not in done]
    return done


def _points_to(model: type[models.Model]) -> set[type[models.Model]]:
    return {one.related_model for one in model._meta.concrete_fields if one.is_relation and isinstance(one.related_model, type)}


@contextmanager
def _one_moment() -> Iterator[None]:
    """A read transaction that sees one state and blocks nobody."""
    if connection.in_atomic_block:  # the caller's transaction is one moment already
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN" if connection.vendor == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")


def _dump(model: type[models.Model], spool: IO[bytes]) -> int:
    count, last = 0, None
    text = io.TextIOWrapper(spool, encoding="utf-8", write_through=True)
    while True:
        page = model._default_manager.order_by("pk")
        page = page if last is None else page.filter(pk__gt=last)
        rows = list(page[:PAGE])
        if not rows:
            break
        serializers.serialize("jsonl", rows, stream=text)
        count, last = count + len(rows), rows[-1].pk
    text.detach()
    return count


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = content.seek(0, io.SEEK_END), 0o600
    content.seek(0)
    archive.addfile(entry, content)


def restore(file: Path) -> Restored:
    """Fill empty tables from a backup in one transaction, then hold everything that would send.

    Raises BadInput for a file that is no backup, Refused when there are rows already.
    """
    call_command("migrate", verbosity=0, interactive=False)
    for model in _tables():
        if model._default_manager.exists():
            raise Refused(f"This installation has rows already ({model._meta.label}); restore into an empty one: a new SYNDICATION_HOME.")
    try:
        with tarfile.open(file, "r:gz") as archive, transaction.atomic():
            restored = _read(archive)
            restored.held = _hold()
            return restored
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, KeyError, serializers.base.DeserializationError, ValueError) as error:
        raise BadInput(f"{file} is no backup of Syndication, or it is damaged: {error}. Nothing was restored.") from error


def _read(archive: tarfile.TarFile) -> Restored:
    manifest = json.loads(_member(archive, "manifest.json").read())
    if manifest["format"] != FORMAT:
        raise BadInput(f"The backup has format {manifest['format']}; this version reads {FORMAT}. Use the version that made it.")
    restored = Restored()
    for model in _tables():
        label = model._meta.label_lower
        restored.rows[label] = _load(_member(archive, f"{label}.jsonl"))
        if restored.rows[label] != manifest["rows"][label]:
            raise BadInput(f"The backup is cut: {restored.rows[label]} of {manifest['rows'][label]} rows of {label}.")
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _tables()):
            cursor.execute(statement)
    restored.advice = _take_key(_member(archive, "secret_key").read().decode())
    return restored


def _take_key(key: str) -> str:
    """Make the backup's secret key this installation's own: suppressions and links in mails already sent need it.

    Returns advice, or nothing. Raises Refused when the environment gives another key, which only a person can change.
    """
    if key == settings.SECRET_KEY:
        return ""
    if not settings.SECRET_KEY_FILE.exists():
        raise Refused(
            "The backup was made with another secret key, and suppressions and links need that one. Nothing was restored. "
            "Set SYNDICATION_SECRET_KEY to the key in the file (tar -xzOf FILE secret_key), then restore again."
        )
    settings.SECRET_KEY_FILE.write_text(key, encoding="ascii")
    return "The backup's secret key is now this installation's; start (again) what runs on it."


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    found = archive.extractfile(name)
    if found is None:
        raise KeyError(name)
    return found


def _load(file: IO[bytes]) -> int:
    count, group = 0, list[models.Model]()
    for found in serializers.deserialize("jsonl", io.TextIOWrapper(file, encoding="utf-8")):
        group.append(found.object)
        count += 1
        if len(group) == PAGE:
            type(group[0])._default_manager.bulk_create(group)
            group.clear()
    if group:
        type(group[0])._default_manager.bulk_create(group)
    return count


def _hold() -> int:
    """Nothing that was under way goes on by itself; what was at the wire is in doubt, so it is held."""
    Batch.objects.update(lease=None)
    Lease.objects.all().delete()
    for mailing in Mailing.objects.exclude(state=Mailing.State.CLOSED):
        if mailing.audience is None and mailing.kind == Mailing.Kind.CAMPAIGN:
            plan(mailing.pk)  # whoever was not planned yet may have got it since, too
        hold_all(mailing.pk, why="restored from a backup: it may have been sent since")
    Mailing.objects.filter(state__in=(Mailing.State.OPEN, Mailing.State.PLANNING)).update(state=Mailing.State.PAUSED)
    held = Campaign.objects.filter(state=Campaign.State.RUNNING).update(state=Campaign.State.PAUSED)
    why = "Restored from a backup; schedule it again if it should be sent."
    return held + Campaign.objects.filter(state=Campaign.State.SCHEDULED).update(state=Campaign.State.DRAFT, problem=why)
