"""Decides whether a reader that polls already has what we would send (RFC 9110 13)."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')  # RFC 9110 8.8.3


@dataclass(frozen=True, slots=True)
class Validators:
    """A strong entity tag, quotes included, and an aware time in whole seconds: both true of the stored bytes."""

    etag: str
    modified_at: datetime

    @property
    def last_modified(self) -> str:
        """As the header wants it: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7)."""
        return format_datetime(self.modified_at, usegmt=True)


def validators_of(body: bytes, modified_at: datetime) -> Validators:
    """The validators of `body`, stored since `modified_at` (aware)."""
    tag = hashlib.sha256(body).hexdigest()
    return Validators(f'"{tag}"', modified_at.astimezone(UTC).replace(microsecond=0))


def is_unchanged(validators: Validators, *, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """Whether the answer to a GET or HEAD is 304.

    The arguments are the values of the request's headers, or None. If-None-Match wins and If-Modified-Since is then not
    looked at (RFC 9110 13.2.2), whatever the former says. A date that cannot be read is ignored (13.1.3).
    """
    if if_none_match is not None:
        return if_none_match.strip() == "*" or validators.etag in _ENTITY_TAG.findall(if_none_match)  # weak compare: W/ is left out
    since = _http_date(if_modified_since or "")
    return since is not None and since >= validators.modified_at


def _http_date(text: str) -> datetime | None:
    """One of the three forms of RFC 9110 5.6.7 as UTC, or None."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
