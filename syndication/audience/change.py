"""Changes a subscription and writes the consent record that proves it, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from syndication.audience import consent
from syndication.audience.models import ConsentRecord, Subscription


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else a consent record proves.

    wording_id     the words that the person read (ConsentWording)
    network        "ipv4" or "ipv6", never an address; empty when it is not to be kept
    import_job_id  the import that said so
    """

    wording_id: int | None = None
    network: str = ""
    import_job_id: int | None = None


NOTHING_ELSE = Evidence()


def change(  # noqa: PLR0913  # who, what, how, when and the proof: each is one column of the record
    subscription_id: int, act: consent.Act, *, how: str, now: datetime, detail: str = "", evidence: Evidence = NOTHING_ELSE
) -> Subscription:
    """Apply one act to one subscription; a second call adds no record.

    A no that is said again is the last word again: links to confirm that were asked for in between die.
    Raises Subscription.DoesNotExist when the row is gone.
    """
    with transaction.atomic():
        subscription = Subscription.objects.select_for_update().get(pk=subscription_id)
        state = consent.after(consent.State(subscription.state), act)
        if state == subscription.state:
            if act is consent.Act.LEAVE:
                subscription.changed_at = now
                subscription.save(update_fields=["changed_at"])
            return subscription
        subscription.state, subscription.changed_at = state, now
        subscription.save(update_fields=["state", "changed_at"])
        record(subscription, how=how, now=now, detail=detail, evidence=evidence)
    return subscription


def record(subscription: Subscription, *, how: str, now: datetime, detail: str = "", evidence: Evidence = NOTHING_ELSE) -> None:
    """Add one row to the subscription's consent history. The database refuses to change it ever after (migration 0005)."""
    ConsentRecord.objects.create(
        subscription=subscription,
        state=subscription.state,
        how=how,
        detail=detail[:300],
        wording_id=evidence.wording_id,
        network=evidence.network,
        import_job_id=evidence.import_job_id,
        at=now,
    )
