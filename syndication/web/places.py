"""The languages and time zones that a page offers, each by the name that its people know."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.utils.translation import get_language_info

_OLD_NAMES = ("Etc", "SystemV", "posix", "right", "US", "Brazil", "Canada", "Chile", "Mexico")
"""Kept by IANA for old programs; every place has a name by continent."""


@cache
def languages() -> dict[str, str]:
    """Language tags and names in their own language, by tag."""
    named = {code: get_language_info(code)["name_local"] for code, _ in settings.LANGUAGES}
    return {code: named[code][:1].upper() + named[code][1:] for code in sorted(named)}


@cache
def time_zones() -> dict[str, list[tuple[str, str]]]:
    """IANA zones (name, what a person reads) by continent; the Etc zones but UTC, and names of old, are left out."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        continent, _, place = name.partition("/")
        if place and continent not in _OLD_NAMES:
            found.setdefault(continent, []).append((name, place.replace("_", " ").replace("/", ", ")))
    return {**found, "Everywhere": [("UTC", "UTC")]}


def is_zone(name: str) -> bool:
    """Whether the name is offered."""
    return any(name == zone for zones in time_zones().values() for zone, _ in zones)
