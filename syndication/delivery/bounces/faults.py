"""Keeps what providers hold against the sender: staff see it, and a domain that refuses most of the mail is paused."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import F

from syndication.delivery import refusals
from syndication.delivery.bounces.models import SendersFault
from syndication.delivery.limits import throttles
from syndication.delivery.limits.matching import Pace
from syndication.delivery.limits.models import ProviderDomain
from syndication.delivery.limits.providers import provider_of
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.states import State

WINDOW = timedelta(hours=1)
LOOK_EVERY = timedelta(minutes=1)
FEWEST = 3
"""Refusals in an hour that are looked at; one reader's own filter is not the provider's word."""
SHARE = 5
"""A domain that took five times as many messages as it refused has nothing against the sender."""
PAUSING = frozenset(
    one.word
    for one in (
        refusals.SPAM,
        refusals.BLOCKLIST,
        refusals.AUTHENTICATION,
        refusals.REVERSE_DNS,
        refusals.HELO,
        refusals.NEEDS_TLS,
        refusals.SENDER_ADDRESS,
        refusals.REFUSED_BY_POLICY,
    )
)
"""What ends only when somebody acts; too fast, say, has its own remedy (delivery/limits/adaptive.py)."""


class Refused(NamedTuple):
    """One refusal that is the sender's fault: by which recipient domain, one word for it, the reply, and when the message was sent."""

    domain: str
    word: str
    reply: str
    sent_at: datetime


def note(sender_domain: str, one: Refused, now: datetime) -> None:
    """One more refusal."""
    additions = dict(ProviderDomain.objects.filter(domain=one.domain).values_list("domain", "provider"))
    which = {"sender_domain": sender_domain, "provider": provider_of(one.domain, additions)}
    fresh = SendersFault(**which, domain=one.domain, word=one.word[:24], first_at=now, last_at=now, recent_from=now, sent_from=one.sent_at)
    SendersFault.objects.bulk_create([fresh], ignore_conflicts=True)  # another process may have been quicker
    row = SendersFault.objects.select_for_update().get(**which)
    if row.mended_at and row.mended_at > row.last_at:
        row.count, row.first_at, row.told_at = 0, now, None
    if now - row.recent_from > WINDOW:
        row.recent, row.recent_from, row.sent_from = 0, now, one.sent_at
    row.domain, row.word, row.reply, row.last_at = one.domain, one.word[:24], one.reply[:300], max(now, row.last_at)
    row.sent_from = min(row.sent_from, one.sent_at)
    row.count, row.recent = row.count + 1, row.recent + 1
    row.save()


def pause_domains(now: datetime) -> list[str]:
    """Pause the domains that refuse most of what they get: one message in ten minutes goes there, as a probe. Who was paused now."""
    paused = []
    waiting = SendersFault.objects.filter(word__in=PAUSING, recent__gte=FEWEST, last_at__gt=now - WINDOW).exclude(
        looked_at__gt=now - LOOK_EVERY
    )
    for row in waiting.order_by("pk"):
        is_news = row.looked_at is None or row.last_at > row.looked_at
        taken = SendersFault.objects.filter(pk=row.pk, looked_at=row.looked_at).update(looked_at=now)  # one process decides
        if taken and is_news and _refuses_most(row):
            because = f"it refuses mail for {row.word.replace('_', ' ')}, until that is mended: {row.reply}"
            throttles.pause(Pace(row.sender_domain, row.provider, 0, because), now)
            SendersFault.objects.filter(pk=row.pk).update(paused_at=now)
            paused.append(row.provider)
    return paused


def open_faults() -> list[SendersFault]:
    """What staff should see now, the newest first."""
    return list(SendersFault.objects.exclude(mended_at__gte=F("last_at")).order_by("-last_at"))


def mended(fault_id: int, now: datetime) -> bool:
    """Staff say that it is mended: the pause ends and the line goes, until the next refusal. Whether there was such a line."""
    row = SendersFault.objects.filter(pk=fault_id).first()
    if row is None:
        return False
    SendersFault.objects.filter(pk=fault_id).update(mended_at=max(now, row.last_at), paused_at=None, recent=0)
    if row.paused_at is not None:
        throttles.lift(row.sender_domain, row.provider)
    return True


def _refuses_most(row: SendersFault) -> bool:
    """Whether the domain took fewer than SHARE times what it refused, of all that was sent since the first of that; looks at no more rows."""
    limit = SHARE * row.recent
    recent = Mailing.objects.filter(publication__mail_domain=row.sender_domain, frozen_at__gt=row.sent_from - timedelta(days=3))
    taken = Delivery.objects.filter(
        mailing_id__in=list(recent.values_list("pk", flat=True)),
        state=State.DELIVERED,
        sent_at__gte=row.sent_from,
        subscriber__address__endswith=f"@{row.domain}",
    )
    return len(taken.values_list("pk")[:limit]) < limit
