"""Erases a reader from the ledger too: the rows stay for the sums, the address goes."""

from datetime import datetime

from django.db import transaction

from syndication.audience.erase import Erased, erase
from syndication.delivery.models import Delivery


def erase_reader(address: str, *, now: datetime) -> Erased:
    """Erase a person everywhere, in one transaction. Raises NotAnAddress, NotFound."""
    with transaction.atomic():
        erased = erase(address, now=now)
        Delivery.objects.filter(subscriber_id=erased.subscriber_id).update(address="")
    return erased
