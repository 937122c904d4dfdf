"""Plans the confirmation mail of one subscription: a mailing too, shared by all who ask in the same words."""

from datetime import datetime

from django.db import transaction

from syndication.audience.models import Subscription
from syndication.delivery.mailing.freeze import freeze_confirmation, keep
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.states import WAITING

MOST_ROUNDS = 100


def plan_confirmation(subscription_id: int, *, now: datetime) -> int | None:
    """The mailing that now holds a due row for this reader; None when the subscription is gone or confirmed.

    A reader who asks again gets the next round's mailing, since one mailing reaches a subscriber once. A row still waiting serves
    the new wish as well.
    """
    subscription = Subscription.objects.select_related("subscriber", "list__publication").filter(pk=subscription_id).first()
    if subscription is None or subscription.state == Subscription.State.CONFIRMED:
        return None
    frozen = freeze_confirmation(subscription.list)
    waiting = Delivery.objects.filter(
        subscriber=subscription.subscriber,
        mailing__list=subscription.list,
        mailing__kind=Mailing.Kind.CONFIRMATION,
        state__in=WAITING,
    ).first()
    if waiting is not None:
        return waiting.mailing_id
    for number in range(1, MOST_ROUNDS):
        key = f"confirmation:{subscription.list_id}:{frozen.content_hash[:16]}:{number}"
        with transaction.atomic():
            mailing = keep(frozen, key, subscription.list, article=None, now=now)
            Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.PLANNING).update(state=Mailing.State.OPEN)
            _, is_new = Delivery.objects.get_or_create(mailing=mailing, subscriber=subscription.subscriber)
            if is_new:
                reader = subscription.subscriber_id
                Batch.objects.create(mailing=mailing, low=reader, high=reader, rows=1, due_at=now)
        if is_new:
            return mailing.pk
    return None
