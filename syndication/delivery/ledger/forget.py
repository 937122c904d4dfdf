"""Erases a reader from the ledger too: the rows stay for the sums, what servers said about the address and what came back goes."""

from datetime import datetime

from django.db import transaction

from syndication.audience.erase import Erased, erase
from syndication.audience.models import Subscriber
from syndication.delivery.models import Attempt, Delivery, Mailing
from syndication.feeds.private.address import forget


def erase_reader(address: str, *, now: datetime) -> Erased:
    """Erase a person everywhere, in one transaction. Raises NotAnAddress, NotFound."""
    with transaction.atomic():
        erased = erase(address, now=now)
        of_reader = {"mailing__in": Mailing.objects.values("pk"), "subscriber_id": erased.subscriber_id}
        Delivery.objects.filter(**of_reader).update(reply=None)
        Attempt.objects.filter(**of_reader).update(reply="")
        Subscriber.objects.get(pk=erased.subscriber_id).inbound_mail.update(raw=b"", sender="", detail="")
        forget(erased.subscriber_id)
    return erased
