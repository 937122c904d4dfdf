"""Tells which readers have rows in the ledger."""

from collections.abc import Sequence

from syndication.delivery.models import Delivery, Mailing


def mailed_among(subscriber_ids: Sequence[int]) -> set[int]:
    """Those of some subscribers who have a delivery in any mailing, sent or not."""
    rows = Delivery.objects.filter(mailing__in=Mailing.objects.values("pk"), subscriber__in=subscriber_ids)
    return set(rows.values_list("subscriber_id", flat=True))
