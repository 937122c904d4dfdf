"""Knows what a reader may choose, and reads it out of a form: how often, until when, name, language and time zone."""

import re
import unicodedata
from datetime import date, timedelta
from enum import StrEnum

from syndication.errors import BadInput

LONGEST_PAUSE = timedelta(days=366)
LONGEST_NAME = 200  # characters
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_UNSEEN = {"Cc", "Cs", "Co", "Cn"}  # Unicode's control, surrogate, private and unassigned characters
_TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they let text read backwards


class Frequency(StrEnum):
    """What can be chosen now; digests are stored by other doors and sent by a later version, so they are not offered."""

    EACH = "each"
    FEED = "feed"


def frequency_of(text: str) -> Frequency:
    """The frequency that a form names. Raises BadInput for any other word."""
    try:
        return Frequency(text)
    except ValueError:
        raise BadInput("Choose how you want to read this list.") from None


def pause_of(text: str, *, today: date) -> date | None:
    """The first day with mail again, or None for an empty field: no pause.

    today  the day by UTC, as the senders count
    Raises BadInput for what is no day, a day that is over or today, and one more than LONGEST_PAUSE away.
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        day = date.fromisoformat(typed if _DAY(typed) else "")
    except ValueError:
        raise BadInput(f"This is not a day. Write it as year, month and day: {today + timedelta(days=14)}.") from None
    if day <= today:
        raise BadInput("Mails would begin again at once. Choose a later day, or leave the field empty for no pause.")
    if day - today > LONGEST_PAUSE:
        raise BadInput("A pause lasts a year at most. Choose an earlier day, or leave the list: you can come back at any time.")
    return day


def name_of(text: str) -> str:
    """A name without white space around and in pairs. Raises BadInput when it is too long or has characters that nobody sees."""
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME:
        raise BadInput(f"This name is longer than {LONGEST_NAME} characters. Please shorten it.")
    if any(unicodedata.category(one) in _UNSEEN or one in _TURNING for one in name):
        raise BadInput("This name has characters in it that cannot be shown. Please type it anew.")
    return name
