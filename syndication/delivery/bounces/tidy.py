"""Forgets what came back once it is old, and at once what names a person who was erased."""

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from syndication.audience.models import Subscriber
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.bounces.models import InboundMail

RAW_FOR = timedelta(days=30)
ROWS_FOR = timedelta(days=400)
MOST_STRANGE = 20_000
"""Mails that nobody could assign: strangers may send as many as they like."""
AT_ONCE = 2000
STRANGE = (Verdict.UNKNOWN, Verdict.FORGED)


def tidy(now: datetime) -> int:
    """Empty what is old or names an erased person, delete what is very old or too much. How many rows were changed."""
    named = InboundMail.objects.filter(subscriber__state=Subscriber.State.ERASED).exclude(raw=b"", sender="", recipient="", detail="")
    changed = _some(named).update(raw=b"", sender="", recipient="", detail="")
    old = InboundMail.objects.filter(received_at__lt=now - RAW_FOR).exclude(read_at=None).exclude(raw=b"")
    changed += _some(old).update(raw=b"")
    very_old = Q(received_at__lt=now - ROWS_FOR)
    strange = InboundMail.objects.filter(verdict__in=STRANGE).order_by("-pk").values_list("pk", flat=True)[MOST_STRANGE : MOST_STRANGE + 1]
    too_many = Q(verdict__in=STRANGE, pk__lte=next(iter(strange), 0))
    changed += _some(InboundMail.objects.filter(very_old | too_many)).delete()[0]
    return changed


def _some(rows: QuerySet[InboundMail]) -> QuerySet[InboundMail]:
    return InboundMail.objects.filter(pk__in=list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]))
