"""Changes a subscription and writes the consent record that proves it, in one transaction."""

from datetime import datetime

from django.db import transaction

from syndication.audience import consent
from syndication.audience.models import ConsentRecord, Subscription


def change(subscription_id: int, act: consent.Act, *, how: str, now: datetime, detail: str = "") -> Subscription:
    """Apply one act to one subscription; a second call changes nothing and adds no record.

    Raises Subscription.DoesNotExist when the row is gone.
    """
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        state = consent.after(consent.State(subscription.state), act)
        if state == subscription.state:
            return subscription
        subscription.state, subscription.changed_at = state, now
        subscription.save(update_fields=["state", "changed_at"])
        record(subscription, how=how, now=now, detail=detail)
    return subscription


def record(subscription: Subscription, *, how: str, now: datetime, detail: str = "") -> None:
    """Add one row to the subscription's consent history."""
    ConsentRecord.objects.create(subscription=subscription, state=subscription.state, how=how, detail=detail[:300], at=now)
