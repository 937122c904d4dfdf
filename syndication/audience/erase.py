"""Erases a person: everything that names them goes, the keyed hash stays so that nobody mails them again."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from syndication.audience import addresses, consent
from syndication.audience.change import change
from syndication.audience.keys import address_hash
from syndication.audience.models import ImportChange, ImportJob, ImportRefusal, ReaderEvent, SignUp, Subscriber, Suppression
from syndication.audience.suppression.suppress import Scope, forget_details, suppress_hash
from syndication.errors import NotFound

LONGEST_REFUSED = 80  # characters that an import's refusal keeps of an address


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: the row that remains and how many subscriptions ended."""

    subscriber_id: int
    subscriptions: int


def erase(address: str, *, now: datetime) -> Erased:
    """Forget a person and suppress the address everywhere. Raises NotAnAddress, NotFound."""
    known_as = addresses.normalise(address)
    hashed = address_hash(known_as)
    with transaction.atomic():
        subscriber = Subscriber.objects.select_for_update().filter(address_hash=hashed).first()
        if subscriber is None:
            raise NotFound(f"No subscriber has the address {known_as!r}; nothing was erased.")
        ended = [
            change(pk, consent.Act.LEAVE, how="erased", now=now)
            for pk in subscriber.subscriptions.order_by("pk").values_list("pk", flat=True)
        ]
        suppress_hash(Scope(hashed), reason=Suppression.Reason.ERASED)
        forget_details(hashed)
        placeholder = f"erased-{subscriber.uid}@erased.invalid"
        Subscriber.objects.filter(pk=subscriber.pk).update(
            address=placeholder,
            address_hash=address_hash(placeholder),
            name="",
            attributes={},
            locale="",
            time_zone="",
            state=Subscriber.State.ERASED,
            tracking_consent=None,
            links_revoked_at=now,
            bounce_score=0,
            bounced_at=None,
            updated_at=now,
        )
        _forget_notes(subscriber.pk, known_as)
    return Erased(subscriber.pk, len(ended))


def _forget_notes(subscriber_id: int, address: str) -> None:
    """What else was noted: the timeline keeps what happened and when, and loses its words; imports forget what stood there before.

    Consent records stay as they are: they are the proof, and say nothing of the person.
    """
    ReaderEvent.objects.filter(subscriber_id=subscriber_id).update(detail="")
    ImportChange.objects.filter(job__in=ImportJob.objects.values("pk"), subscriber_id=subscriber_id).delete()
    refused = Q(address__iexact=address[:LONGEST_REFUSED]) | Q(why__icontains=address)
    ImportRefusal.objects.filter(refused).update(address="", why="This row was about a person who was erased since.")
    SignUp.objects.filter(address__iexact=address).delete()
