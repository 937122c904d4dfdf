"""Slows a provider down and lets it rise again; the rows are the truth, so that every sender and every restart knows the pace."""

from datetime import datetime

from django.db import transaction

from syndication.delivery.limits.adaptive import Seen, Throttled, faster, first_pace, is_burst, is_stale, may_rise, slower
from syndication.delivery.limits.matching import Pace
from syndication.delivery.limits.models import Throttle

LONGEST_REASON = 300  # characters
PAUSED_PER_MINUTE = 0.1
AFTER_PAUSE_PER_MINUTE = 60.0
"""At twice this pace nothing more is held against the sender."""


def read(now: datetime) -> list[Throttle]:
    """All throttles, in the order of their making; those that nothing happened to for a day are forgotten."""
    rows = list(Throttle.objects.order_by("pk"))
    stale = [row.pk for row in rows if is_stale(throttled(row), now)]
    if stale:
        Throttle.objects.filter(pk__in=stale).delete()
    return [row for row in rows if row.pk not in stale]


def pace_of(row: Throttle) -> Pace:
    """The row as limits are matched."""
    return Pace(row.sender_domain, row.provider, row.per_minute, row.because)


def throttled(row: Throttle) -> Throttled:
    """The row as its pace is decided."""
    return Throttled(row.per_minute, row.complained_per_minute, row.slowed_at, row.refused_at, row.raised_at)


def complained(pace: Pace, seen: Seen, now: datetime) -> bool:
    """A provider complained of speed: slow down, or further down, when it is a burst. Whether the pace changed.

    pace  names sender domain, provider and the provider's words; its per_minute is not read
    """
    with transaction.atomic():
        row = Throttle.objects.select_for_update().filter(sender_domain=pace.sender_domain, provider=pace.provider).first()
        if not is_burst(seen, is_throttled=row is not None):
            if row is not None:
                Throttle.objects.filter(pk=row.pk).update(refused_at=max(now, row.refused_at))
            return False
        if row is None:
            fresh = Throttle(sender_domain=pace.sender_domain, provider=pace.provider, began_at=now)
            _write(fresh, first_pace(seen, now), pace.because)
            Throttle.objects.bulk_create([fresh], ignore_conflicts=True)  # another sender may have been quicker
            return True
        before = throttled(row)
        after = slower(before, now)
        _write(row, after, pace.because)
        row.save()
        return after.per_minute != before.per_minute


def took_mail(sender_domain: str, provider: str, now: datetime) -> bool:
    """A throttled provider took mail without complaint: let its pace rise when it is time. Whether the pace changed."""
    with transaction.atomic():
        row = Throttle.objects.select_for_update().filter(sender_domain=sender_domain, provider=provider).first()
        if row is None or not may_rise(throttled(row), now):
            return False
        after = faster(throttled(row), now)
        if after is None:
            row.delete()
        else:
            _write(row, after, row.because)
            row.save()
        return True


def pause(pace: Pace, now: datetime) -> None:
    """A provider refuses the sender itself: let one message through now and then, to see whether it is mended. It rises as a throttle does.

    pace  names sender domain, provider and why; its per_minute is not read
    """
    with transaction.atomic():
        which = {"sender_domain": pace.sender_domain, "provider": pace.provider}
        row = Throttle.objects.select_for_update().filter(**which).first() or Throttle(**which, began_at=now)
        complained_per_minute = max(row.complained_per_minute or 0, AFTER_PAUSE_PER_MINUTE)
        _write(row, Throttled(PAUSED_PER_MINUTE, complained_per_minute, slowed_at=now, refused_at=now, raised_at=now), pace.because)
        if row.pk:
            row.save()
        else:
            Throttle.objects.bulk_create([row], ignore_conflicts=True)  # a sender may have been quicker; the next refusal pauses it


def lift(sender_domain: str, provider: str) -> int:
    """Forget a throttle, because a person knows better. How many there were."""
    return Throttle.objects.filter(sender_domain=sender_domain, provider=provider).delete()[0]


def _write(row: Throttle, to: Throttled, because: str) -> None:
    row.per_minute, row.complained_per_minute = to.per_minute, to.complained_per_minute
    row.slowed_at, row.refused_at, row.raised_at = to.slowed_at, to.refused_at, to.raised_at
    row.because = because[:LONGEST_REASON] or row.because
