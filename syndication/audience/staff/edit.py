"""Changes what is known of a subscriber, checked, with a line in the timeline that says which fields and by whom."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from syndication.audience.models import ReaderEvent, Subscriber
from syndication.errors import BadInput, NotFound

LARGEST_ATTRIBUTES = 16 * 1024  # characters of JSON
MOST_ATTRIBUTES = 200
LONGEST_NAME = 80  # characters, of an attribute's name
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}").fullmatch  # BCP 47, as far as a mail needs it


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall stand there; `attributes` as JSON text, "" for none."""

    name: str = ""
    locale: str = ""
    time_zone: str = ""
    attributes: str = ""


def edit(subscriber_id: int, wish: Wish, *, by: str, now: datetime) -> list[str]:
    """Write what differs; the names of the fields that were changed. The timeline keeps no values: they may be what is to be forgotten.

    Raises BadInput with the field and what is wrong, before anything is changed; NotFound for an erased person.
    """
    wanted = {**asdict(wish), "attributes": attributes_of(wish.attributes)}
    _check(wish)
    with transaction.atomic():
        found = Subscriber.objects.select_for_update().filter(pk=subscriber_id, state=Subscriber.State.ACTIVE).first()
        if found is None:
            raise NotFound("This person is not kept any more; nothing was changed.")
        changed = [name for name, value in wanted.items() if getattr(found, name) != value]
        if not changed:
            return []
        for name in changed:
            setattr(found, name, wanted[name])
        found.updated_at = now
        found.save(update_fields=[*changed, "updated_at"])
        told = [name.replace("_", " ").replace("locale", "language") for name in changed]
        ReaderEvent.objects.create(
            subscriber=found, kind=ReaderEvent.Kind.EDITED, source=by[:80], detail=f"changed {', '.join(told)}", at=now
        )
    return told


def attributes_of(text: str) -> dict[str, Any]:
    """The attributes that JSON text says. Raises BadInput."""
    try:
        found = json.loads(text or "{}", parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The attributes are not JSON: {error}. Nothing was changed.") from error
    if not isinstance(found, dict):
        raise BadInput('The attributes must be a JSON object, such as {"city": "Ulm"}. Nothing was changed.')
    if len(text) > LARGEST_ATTRIBUTES or len(found) > MOST_ATTRIBUTES:
        raise BadInput(f"At most {MOST_ATTRIBUTES} attributes and {LARGEST_ATTRIBUTES:,} characters fit. Nothing was changed.")
    if any(not name.strip() or len(name) > LONGEST_NAME for name in found):
        raise BadInput(f"An attribute needs a name of 1 to {LONGEST_NAME} characters. Nothing was changed.")
    if "\\u0000" in json.dumps(found):
        raise BadInput("An attribute holds a NUL character, which no database keeps. Nothing was changed.")
    return found


def _check(wish: Wish) -> None:
    if any(ord(sign) < ord(" ") for sign in wish.name):
        raise BadInput("The name holds a control character or a line break. Nothing was changed.")
    if wish.locale and not _LOCALE(wish.locale):
        raise BadInput(f"{wish.locale!r} is no language; write it as en or de-AT. Nothing was changed.")
    if wish.time_zone:
        try:
            ZoneInfo(wish.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise BadInput(f"{wish.time_zone!r} is no time zone; write it as Europe/Berlin. Nothing was changed.") from error


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number in JSON")
