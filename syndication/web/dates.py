"""Writes a day the way readers of a language do."""

from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import formats, timezone, translation


def day(moment: datetime, *, language: str, zone: str) -> str:
    """An aware moment as a day on the wall calendar of `zone`: "March 1, 2026", "1. März 2026". An unknown zone counts as UTC."""
    with translation.override(language):
        return formats.date_format(timezone.localtime(moment, zone_named(zone)), "DATE_FORMAT")


def zone_named(name: str) -> tzinfo:
    """The IANA zone of that name, or UTC: a page must not fail for a typing error in a setting."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
