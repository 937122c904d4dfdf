"""Decides whether a reader that polls already has what we would send (RFC 9110 13)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')  # RFC 9110 8.8.3
_STRONG_TAG = re.compile(r'(?<!W/)("[\x21\x23-\x7e\x80-\xff]*")')
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES = tuple(
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"[a-z]{{3}}, +(?P<day>\d\d?) (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {_TIME} (?:GMT|UTC|\+0000)",  # IMF-fixdate
        rf"[a-z]{{6,9}}, (?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {_TIME} (?:GMT|UTC)",  # RFC 850
        rf"[a-z]{{3}} (?P<month>[a-z]{{3}}) (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",  # asctime
    )
)
_LONGEST_DATE = 64  # characters
_PIVOT = 70  # a year of two digits: 70 to 99 are the last century's, as nobody can have read a feed before


@dataclass(frozen=True, slots=True)
class Validators:
    """A strong entity tag, quotes included, and an aware time in whole seconds: both true of the stored bytes."""

    etag: str
    modified_at: datetime

    @property
    def last_modified(self) -> str:
        """As the header wants it: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)."""
        return format_datetime(self.modified_at, usegmt=True)


def is_unchanged(validators: Validators, *, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the answer to a GET or HEAD is 304.

    The arguments are the values of the request's headers, or None. If-None-Match wins and If-Modified-Since is then not
    looked at (RFC 9110 13.2.2), whatever the former says.
    """
    if if_none_match is not None:
        return known_tag(if_none_match, (validators.etag,)) is not None
    return is_not_newer(validators.modified_at, if_modified_since or "")


def tags_in(header: str) -> list[str]:
    """The opaque tags that If-None-Match lists, quotes included; W/ is left out, because its comparison is weak (RFC 9110 13.1.2)."""
    return _ENTITY_TAG.findall(header)


def known_tag(if_none_match: str, tags: Sequence[str]) -> str | None:
    """The first of `tags` that If-None-Match names ("*" names any), or None. What cannot be read names nothing."""
    if if_none_match in tags:
        return if_none_match
    if if_none_match.strip() == "*":
        return tags[0]
    listed = tags_in(if_none_match)
    return next((tag for tag in tags if tag in listed), None)


def is_not_newer(modified_at: datetime, if_modified_since: str) -> bool:
    """Whether the date is `modified_at` (aware) or later; one that cannot be read is ignored (RFC 9110 13.1.3)."""
    since = http_date(if_modified_since)
    return since is not None and since >= modified_at


def is_refused(if_match: str | None, if_unmodified_since: str | None, tags: Sequence[str], modified_at: datetime) -> bool:
    """Whether the answer is 412: none of `tags` is named by If-Match (strong, RFC 9110 13.1.1), or, without it, the bytes are newer (13.1.4)."""
    if if_match is not None:
        return if_match.strip() != "*" and not set(_STRONG_TAG.findall(if_match)) & set(tags)
    since = http_date(if_unmodified_since or "")
    return since is not None and modified_at > since


def http_date(text: str) -> datetime | None:
    """One of the three forms of RFC 9110 5.6.7 as UTC, or None; the day of the week is not looked at."""
    return _http_date(text) if len(text) <= _LONGEST_DATE else None


@lru_cache(maxsize=1024)
def _http_date(text: str) -> datetime | None:
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _DATES)), None)
    if found is None or found["month"].lower() not in _MONTHS:
        return None
    year = int(found["year"])
    if len(found["year"]) == len("94"):
        year += 1900 if year >= _PIVOT else 2000
    month = _MONTHS.index(found["month"].lower()) + 1
    second = min(int(found["second"]), 59)  # a leap second is one
    try:
        return datetime(year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), second, tzinfo=UTC)
    except ValueError:
        return None


def last_modified(modified_at: datetime, now: datetime) -> str:
    """The header's value: "Sun, 06 Nov 1994 08:49:37 GMT"; never later than now, the moment of the answer (RFC 9110 8.8.2.1)."""
    return format_datetime(min(modified_at, now).astimezone(UTC), usegmt=True)
