"""Lets one round at a time go on in the whole installation; one that died is followed by another within half a minute."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from syndication.feeds.hub.models import HubShift

LASTS = timedelta(seconds=30)
_ONLY = 1


@dataclass(frozen=True, slots=True)
class Shift:
    """The right to do a round, until it is not kept."""

    holder: uuid.UUID
    number: int

    def keep(self, now: datetime) -> bool:
        """Hold it for LASTS more; False when somebody else has it."""
        return bool(HubShift.objects.filter(pk=_ONLY, holder=self.holder).update(until=now + LASTS))

    def end(self) -> None:
        """Let the next one begin at once."""
        HubShift.objects.filter(pk=_ONLY, holder=self.holder).update(until=None)


def begin(now: datetime) -> Shift | None:
    """The shift, or None while somebody else has it."""
    HubShift.objects.get_or_create(pk=_ONLY)
    holder = uuid.uuid4()
    is_free = Q(until=None) | Q(until__lte=now)
    if not HubShift.objects.filter(is_free, pk=_ONLY).update(holder=holder, until=now + LASTS, number=F("number") + 1):
        return None
    return Shift(holder, HubShift.objects.values_list("number", flat=True).get(pk=_ONLY, holder=holder))
