"""Tells all that happened to one subscriber, newest first: consent, mails and what servers said to them, what came back, suppressions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from syndication.audience.models import ConsentRecord, ReaderEvent, Subscriber, SuppressionRecord
from syndication.audience.suppression.release import UNDOABLE
from syndication.delivery.models import Attempt, Delivery, Mailing
from syndication.delivery.states import State

MOST = 200  # of each sort, the newest


@dataclass(frozen=True, slots=True)
class Moment:
    """One line. `badge` colours it; `undo` is the event that staff may take back, or None."""

    at: datetime | None
    badge: str
    what: str
    detail: str = ""
    mailing: Mailing | None = None
    undo: int | None = None
    is_complaint: bool = False


def timeline(subscriber: Subscriber) -> list[Moment]:
    """Every moment that is kept, at most MOST of each sort; what has no time stands first, as it is still to come."""
    moments = [*_consent(subscriber), *_mails(subscriber), *_tries(subscriber), *_events(subscriber), *_suppressions(subscriber)]
    return sorted(moments, key=lambda one: (one.at is None, one.at.timestamp() if one.at else 0), reverse=True)


def _consent(subscriber: Subscriber) -> Iterator[Moment]:
    rows = ConsentRecord.objects.filter(subscription__subscriber=subscriber)
    for one in rows.select_related("subscription__list", "wording", "import_job").order_by("-at", "-pk")[:MOST]:
        said = [
            one.detail,
            f"read: “{one.wording.text[:120]}” (version {one.wording.digest[:8]})" if one.wording else "",
            f"from the {one.network.replace('ipv', 'IPv')} internet" if one.network else "",
            f"file {one.import_job.file_name or one.import_job_id}" if one.import_job else "",
        ]
        yield Moment(one.at, one.state, f"{one.state} on {one.subscription.list.name}, by {one.how}", "; ".join(filter(None, said)))


def _mails(subscriber: Subscriber) -> Iterator[Moment]:
    # the unique index begins with the mailing: asked mailing by mailing, this costs their number and not the ledger's
    rows = Delivery.objects.filter(mailing__in=Mailing.objects.values("pk"), subscriber=subscriber)
    for one in rows.select_related("mailing__article__publication", "mailing__list").order_by("-mailing_id")[:MOST]:
        word = State(one.state).word
        yield Moment(one.sent_at or one.due_at, word, word.replace("_", " "), _said(one.code, one.reply), one.mailing)


def _tries(subscriber: Subscriber) -> Iterator[Moment]:
    rows = Attempt.objects.filter(mailing__in=Mailing.objects.values("pk"), subscriber=subscriber)
    for one in rows.select_related("mailing__article__publication", "mailing__list").order_by("-mailing_id", "-pk")[:MOST]:
        word = State(one.state).word
        what = f"attempt {one.number}: {word.replace('_', ' ')}{f' ({one.kind})' if one.kind else ''}" if one.number else one.reply
        yield Moment(one.at, word, what, _said(one.code, one.reply if one.number else "", one.where), one.mailing)


def _events(subscriber: Subscriber) -> Iterator[Moment]:
    rows = list(subscriber.events.prefetch_related("reversed_by").order_by("-at", "-pk")[:MOST])
    mailings = Mailing.objects.select_related("article__publication", "list").in_bulk([one.mailing_id for one in rows if one.mailing_id])
    is_here = subscriber.state == Subscriber.State.ACTIVE
    for one in rows:
        is_undone = bool(one.reversed_by.all())
        can_undo = one.kind in UNDOABLE and not is_undone and is_here
        yield Moment(
            one.at,
            _COLOURS.get(one.kind, "pending"),
            f"{one.kind}{', taken back' if is_undone else ''}",
            "; ".join(filter(None, [one.detail, one.source and f"by {one.source}"])),
            mailings.get(one.mailing_id or 0),
            one.pk if can_undo else None,
            one.kind == ReaderEvent.Kind.COMPLAINT,
        )


def _suppressions(subscriber: Subscriber) -> Iterator[Moment]:
    rows = SuppressionRecord.objects.filter(address_hash=subscriber.address_hash).select_related("publication").order_by("-pk")[:MOST]
    for one in rows:
        where = f"by {one.publication.name}" if one.publication else "everywhere"
        what = f"{'no longer suppressed' if one.is_lifted else 'suppressed'} {where}: {one.reason}"
        yield Moment(
            one.at, "active" if one.is_lifted else "suppressed", what, "; ".join(filter(None, [one.detail, one.by and f"by {one.by}"]))
        )


_COLOURS: dict[str, str] = {
    ReaderEvent.Kind.HARD_BOUNCE: "bounced",
    ReaderEvent.Kind.SOFT_BOUNCE: "deferred",
    ReaderEvent.Kind.COMPLAINT: "suppressed",
    ReaderEvent.Kind.RELEASED: "active",
    ReaderEvent.Kind.SCORE_CLEARED: "active",
}


def _said(code: int | None, reply: str | None, where: str = "") -> str:
    return " ".join(str(word) for word in (code, reply, f"[{where}]" if where else "") if word)
