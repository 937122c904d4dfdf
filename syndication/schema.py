"""Refuses to work on tables that a newer Syndication has changed (reliability.md F23)."""

import pkgutil
from pathlib import Path

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from syndication import __version__, migrations
from syndication.errors import SyndicationError

OURS = "syndication"


class NewerTables(SyndicationError):
    """The database holds migrations that this version does not know."""


def refuse_newer_tables() -> None:
    """Return when every migration that was applied is one that this code knows; one question to the database.

    An empty database is fine, and so is one that does not answer: who needs it will say so.
    Raises NewerTables.
    """
    unknown = _applied() - {module.name for module in pkgutil.iter_modules(migrations.__path__)}
    if unknown:
        unknown -= _squashed()
    if unknown:
        named = ", ".join(sorted(unknown)[:3]) + (" …" if len(unknown) > 3 else "")  # noqa: PLR2004  # enough to recognise the version
        raise NewerTables(
            f"The database was changed by a newer Syndication than this one ({__version__}): it holds {len(unknown)} migration(s) "
            f"that this one does not know ({named}). Nothing was touched. Start the newer version again, or restore a backup from before "
            "the upgrade into an empty installation of this version."
        )


def _applied() -> set[str]:
    if connection.vendor == "sqlite" and not Path(str(connection.settings_dict["NAME"])).exists():
        return set()  # asking would make the file
    was_open = connection.connection is not None
    try:
        return set(MigrationRecorder.Migration.objects.filter(app=OURS).values_list("name", flat=True))
    except DatabaseError:  # no such table, or no answer
        return set()
    finally:
        if not was_open:
            connection.close()  # a process that waits or forks after this keeps nothing open


def _squashed() -> set[str]:
    """Names of migrations that have no file any more, because another one stands for them."""
    ours = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    return {name for migration in ours for app, name in migration.replaces if app == OURS}
