"""Keeps moments as whole seconds, so that the ledger's rows stay narrow."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Integer = models.BigIntegerField[datetime | int | None, Any]
else:
    _Integer = models.BigIntegerField


class SecondsField(_Integer):
    """A moment, aware UTC in Python, whole seconds since 1970 in the database: 4 bytes a row in SQLite where a text takes 26."""

    def from_db_value(self, value: int | None, *_: Any) -> datetime | None:
        """What a query gives."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def to_python(self, value: Any) -> datetime | None:
        """What a backup or a form gives: a datetime, its ISO form, or seconds."""
        if value is None or isinstance(value, datetime):
            return value
        return datetime.fromtimestamp(int(value), UTC) if str(value).lstrip("-").isdigit() else datetime.fromisoformat(value)

    def get_prep_value(self, value: Any) -> Any:
        """What is written; expressions pass."""
        return int(value.timestamp()) if isinstance(value, datetime) else value

    def value_to_string(self, obj: models.Model) -> str:
        """For backups."""
        value = self.value_from_object(obj)
        return "" if value is None else value.isoformat()
