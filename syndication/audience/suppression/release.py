"""Takes back what a bounce or a complaint did to a subscriber, once and with a line in the timeline that says so."""

from datetime import datetime

from django.db import transaction

from syndication.audience.models import ReaderEvent, Subscriber, Suppression
from syndication.audience.suppression.suppress import Scope, lift
from syndication.errors import BadInput, NotFound, Refused

BOUNCES = (ReaderEvent.Kind.HARD_BOUNCE, ReaderEvent.Kind.SOFT_BOUNCE)
UNDOABLE = (*BOUNCES, ReaderEvent.Kind.COMPLAINT)


def undo_event(event_id: int, by: str, *, now: datetime, note: str = "") -> ReaderEvent:
    """Take back what one event did: its suppression is lifted, the score is cleared. The event that says so; the same one when it was done before.

    by    who does it, as the timeline names them: "staff ines@example.org"
    note  how and when the person asked for it; needed for a complaint, which is the person's own word
    Raises NotFound, Refused (an event that changed nothing, or an erased person), BadInput (a complaint without a note).
    """
    with transaction.atomic():
        event = ReaderEvent.objects.filter(pk=event_id).first()
        if event is None:
            raise NotFound("This event is not known; nothing was changed.")
        subscriber = Subscriber.objects.select_for_update().get(pk=event.subscriber_id)
        done = event.reversed_by.first()
        if done is not None:
            return done
        _refuse(event, subscriber, note)
        if event.kind == ReaderEvent.Kind.COMPLAINT:
            is_lifted = lift(Scope(subscriber.address_hash, event.publication_id), [Suppression.Reason.COMPLAINED], detail=note, by=by)
        else:
            is_lifted = _clear(event, subscriber, by)
        return ReaderEvent.objects.create(
            subscriber=subscriber,
            kind=ReaderEvent.Kind.RELEASED if is_lifted else ReaderEvent.Kind.SCORE_CLEARED,
            source=by[:80],
            detail=(note or f"{event.kind} taken back")[:300],
            mailing_id=event.mailing_id,
            publication_id=event.publication_id,
            reverses=event,
            at=now,
        )


def _refuse(event: ReaderEvent, subscriber: Subscriber, note: str) -> None:
    if event.kind not in UNDOABLE:
        raise Refused(f"A line about {event.kind!r} changed nothing that could be taken back.")
    if subscriber.state == Subscriber.State.ERASED:
        raise Refused("The person was erased; their address is suppressed by their own wish, and nothing was changed.")
    if event.kind == ReaderEvent.Kind.COMPLAINT and not note.strip():
        raise BadInput("The person complained. Say how and when they asked for the mail again; the note stays in the history.")


def _clear(event: ReaderEvent, subscriber: Subscriber, by: str) -> bool:
    """Forget the score, and lift what bounces suppressed unless another hard bounce stands; whether anything was lifted."""
    Subscriber.objects.filter(pk=subscriber.pk).update(bounce_score=0, bounced_at=None)
    others = subscriber.events.filter(kind=ReaderEvent.Kind.HARD_BOUNCE, reversed_by=None).exclude(pk=event.pk)
    if others.exists():
        return False
    return lift(Scope(subscriber.address_hash), [Suppression.Reason.BOUNCED], detail=f"{event.kind} taken back", by=by)
