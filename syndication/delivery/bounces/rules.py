"""Applies what came back to the reader it is about: off at once, points, a complaint, or nothing but a line. Each once a mailing."""

import re
from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from syndication.audience.models import ReaderEvent, Subscriber, SubscriberList, Suppression
from syndication.audience.suppression.suppress import Scope, suppress_hash
from syndication.delivery.bounces import faults
from syndication.delivery.bounces.faults import Refused
from syndication.delivery.bounces.letters.copies import Copy
from syndication.delivery.bounces.score import Score, after_soft_bounce, is_enough
from syndication.delivery.limits import warmup
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.states import State

Kind = ReaderEvent.Kind
BOUNCES = (Kind.HARD_BOUNCE, Kind.SOFT_BOUNCE)
MOST_MAILINGS = 1000  # looked at for what arrived since the last bounce
_ADDRESS = re.compile(r"<[^<>\s]{0,320}@[^<>\s]{1,255}>|[^\s<>@]{1,64}@[^\s<>@]{1,255}")


class Hit(NamedTuple):
    """What happened to a copy: a bounce of some kind or a sender's fault, who told us, one word for what is wrong, and the reply.

    sent_at  when the copy was sent; None where what came back does not tell
    """

    kind: Kind
    source: str
    word: str
    detail: str
    sent_at: datetime | None = None


def bounced(copy: Copy, hit: Hit, now: datetime, *, is_counted: bool = False) -> bool:
    """Note a bounce of one copy. False: nothing is changed, because it is known, the person is gone, or their address is another one now.

    is_counted  whether the sender's day has counted it already: what was refused at the wire has
    """
    with transaction.atomic():
        found = _of(copy)
        if found is None or not _is_news(found, copy, hit.kind):
            return False
        subscriber, mailing = found
        event = _event(subscriber, copy, mailing, hit, now)
        if hit.kind == Kind.HARD_BOUNCE:
            _off(subscriber, hit)
        elif hit.kind == Kind.SOFT_BOUNCE:
            _points(subscriber, hit, event)
        elif mailing:
            sent_at = hit.sent_at or mailing.frozen_at
            faults.note(_sender_domain(mailing), Refused(subscriber.address.rpartition("@")[2], hit.word, hit.detail, sent_at), now)
        if mailing and not is_counted:
            warmup.note_bounces(_sender_domain(mailing), 1, now)
    return True


def complained(copy: Copy, source: str, detail: str, now: datetime) -> bool:
    """Note a complaint: the publication mails the person no more. False: it is known, or the person is gone."""
    with transaction.atomic():
        found = _of(copy)
        if found is None or not _is_news(found, copy, Kind.COMPLAINT):
            return False
        subscriber, mailing = found
        publication = mailing.publication_id if mailing else _publication_of(copy)
        if publication is None:
            return False
        event = _event(subscriber, copy, mailing, Hit(Kind.COMPLAINT, source, "complaint", detail), now)
        ReaderEvent.objects.filter(pk=event.pk).update(publication_id=publication)
        suppress_hash(
            Scope(subscriber.address_hash, publication), reason=Suppression.Reason.COMPLAINED, detail=_without_addresses(detail), by=source
        )
        if mailing:
            warmup.note_complaint(_sender_domain(mailing), now)
    return True


def _of(copy: Copy) -> tuple[Subscriber, Mailing | None] | None:
    """The reader, locked, and the mailing if it is still kept; None when the person is gone."""
    subscriber = Subscriber.objects.select_for_update().filter(pk=copy.subscriber, state=Subscriber.State.ACTIVE).first()
    narrow = Mailing.objects.only("publication", "envelope", "frozen_at", "publication__mail_domain")  # its texts are long
    mailing = narrow.filter(pk=copy.mailing).select_related("publication").first()
    return (subscriber, mailing) if subscriber else None


def _is_news(found: tuple[Subscriber, Mailing | None], copy: Copy, kind: Kind) -> bool:
    """Whether this copy has not come back in this way before, also if that was taken back, and went to the address of now."""
    subscriber, mailing = found
    told = subscriber.events.filter(Q(mailing_id=copy.mailing) | Q(kind=Kind.EDITED)).values_list("kind", "mailing_id", "detail", "at")
    events = list(told)
    known = {one for one, about, *_ in events if about == copy.mailing}
    if kind in known or (kind == Kind.SOFT_BOUNCE and Kind.HARD_BOUNCE in known):
        return False
    since = mailing.frozen_at if mailing else datetime.max.replace(tzinfo=UTC)
    return not any(one == Kind.EDITED and "address" in detail.lower() and at > since for one, _, detail, at in events)


def _event(subscriber: Subscriber, copy: Copy, mailing: Mailing | None, hit: Hit, now: datetime) -> ReaderEvent:
    return ReaderEvent.objects.create(
        subscriber=subscriber,
        kind=hit.kind,
        source=hit.source[:80],
        detail=_without_addresses(hit.detail),
        mailing_id=copy.mailing,
        publication_id=mailing.publication_id if mailing else None,
        at=now,
    )


def _off(subscriber: Subscriber, hit: Hit) -> None:
    detail = _without_addresses(hit.detail)
    suppress_hash(Scope(subscriber.address_hash), reason=Suppression.Reason.BOUNCED, detail=detail, by=hit.source)


def _points(subscriber: Subscriber, hit: Hit, event: ReaderEvent) -> None:
    """One more bounce that is not for good; the one that makes it enough is the last."""
    before = Score(subscriber.bounce_score, subscriber.bounced_at)
    after = after_soft_bounce(before, event.at, arrived=_arrived(subscriber, before))
    if after == before:
        return
    Subscriber.objects.filter(pk=subscriber.pk).update(bounce_score=after.points, bounced_at=after.bounced_at)
    if is_enough(after, settings.BOUNCE_THRESHOLD):
        _off(subscriber, hit._replace(detail=f"refused again and again, the last time: {hit.detail}"))


def _arrived(subscriber: Subscriber, score: Score) -> int:
    """Campaign mails that were taken and did not come back since the last bounce that counted."""
    if score.bounced_at is None:
        return 0
    since = Mailing.objects.filter(kind=Mailing.Kind.CAMPAIGN, frozen_at__gt=score.bounced_at).order_by("-frozen_at")
    ids = list(since.values_list("pk", flat=True)[:MOST_MAILINGS])
    back = set(subscriber.events.filter(mailing_id__in=ids, kind__in=BOUNCES).values_list("mailing_id", flat=True))
    taken = Delivery.objects.filter(mailing_id__in=[pk for pk in ids if pk not in back], subscriber=subscriber, state=State.DELIVERED)
    return taken.count()


def _publication_of(copy: Copy) -> int | None:
    return SubscriberList.objects.filter(pk=copy.list).values_list("publication_id", flat=True).first()


def _sender_domain(mailing: Mailing) -> str:
    return str(mailing.envelope.get("mail_domain") or mailing.publication.mail_domain)


def _without_addresses(text: str) -> str:
    """A reply often repeats the address; a line that is kept for years need not."""
    return _ADDRESS.sub("…", text)[:300]
