"""Tells one reader's story in one mailing: in or out and why, each attempt with its time and reply, where it stands."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from syndication.audience.models import ConsentRecord, Subscriber, Subscription, Suppression, SuppressionRecord
from syndication.audience.suppression.domain_rules import why_blocked
from syndication.delivery.models import Attempt, Batch, Delivery, Mailing
from syndication.delivery.states import State


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `at` is aware UTC, None where only the order is known."""

    at: datetime | None
    what: str
    code: int | None = None
    reply: str = ""
    where: str = ""

    def line(self) -> str:
        """For a person at a terminal."""
        moment = f"{self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else "?"
        said = " ".join(str(word) for word in (self.code, self.reply, f"[{self.where}]" if self.where else "") if word)
        return f"{moment}  {self.what}{f': {said}' if said and said != self.what else ''}"


@dataclass(slots=True)
class Story:
    """What the ledger and the audience know of one reader in one mailing."""

    address: str
    mailing: str
    state: str
    """A delivery state, or "not planned"."""
    why: str
    attempts: int = 0
    sent_at: datetime | None = None
    due_at: datetime | None = None
    events: list[Event] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For a person at a terminal."""
        head = f"{self.address} in {self.mailing}: {self.state}{f' - {self.why}' if self.why else ''}"
        due = [f"  next try {self.due_at:%Y-%m-%d %H:%M:%S} UTC"] if self.due_at else []
        return [head, *(f"  {event.line()}" for event in self.events), *due]

    def as_json(self) -> dict[str, Any]:
        """For --json; times as ISO 8601."""
        told = asdict(self)
        for holder in (told, *told["events"]):
            for name, value in holder.items():
                if isinstance(value, datetime):
                    holder[name] = value.isoformat()
        return told


def story(subscriber: Subscriber, mailing: Mailing) -> Story:
    """The story of one reader in one mailing."""
    row = Delivery.objects.filter(mailing=mailing, subscriber=subscriber).first()
    subscription = Subscription.objects.filter(subscriber=subscriber, list=mailing.list_id).first()
    told = Story(subscriber.address, mailing.key, "not planned", "")
    told.events += _consent(subscription) + _suppressions(subscriber, mailing)
    if row is None:
        told.why = _why_out(subscriber, subscription, mailing)
    else:
        told.state, told.why = _where_it_stands(row, mailing)
        told.attempts, told.sent_at, told.due_at = row.attempts, row.sent_at, row.due_at
        told.events += _tries(row)
    told.events.sort(key=lambda event: event.at.timestamp() if event.at else 0)
    return told


def _why_out(subscriber: Subscriber, subscription: Subscription | None, mailing: Mailing) -> str:
    return _why_nobody_mails(subscriber, mailing) or _why_not_on_the_list(subscription, mailing)


def _why_nobody_mails(subscriber: Subscriber, mailing: Mailing) -> str:
    if subscriber.state == Subscriber.State.ERASED:
        return "the person is erased"
    held = _held_back(subscriber, mailing)
    if held:
        place = "everywhere" if held[0].publication_id is None else "by this publication"
        return f"suppressed {place} ({held[0].reason}) since {held[0].since:%Y-%m-%d %H:%M} UTC"
    return why_blocked(subscriber.address, mailing.publication_id)


def _why_not_on_the_list(subscription: Subscription | None, mailing: Mailing) -> str:
    name = mailing.list.slug
    if subscription is None:
        return f"never on the list {name!r}"
    if subscription.state != Subscription.State.CONFIRMED:
        return f"{subscription.state} on the list {name!r} when the mailing was planned, or since"
    if subscription.frequency != Subscription.Frequency.EACH:
        return f"wants the list {name!r} as {subscription.frequency}, not each issue by mail"
    if subscription.paused_until and subscription.paused_until > datetime.now(UTC).date():
        return f"has paused the list {name!r} until {subscription.paused_until:%Y-%m-%d}"
    if mailing.audience is None:
        return "the mailing is still being planned"
    return f"came to the list {name!r} after the mailing was planned, or was not active then"


def _where_it_stands(row: Delivery, mailing: Mailing) -> tuple[str, str]:
    state = State(row.state)
    if state in {State.PLANNED, State.DEFERRED} and _is_claimed(row):
        return State.CLAIMED.word, "a sender has claimed it and will tell within seconds"
    whys = {
        State.PLANNED: f"waits for its turn; the mailing is {mailing.state}{_because(mailing)}",
        State.DEFERRED: f"waits for another try: {row.reply or ''}",
        State.DELIVERED: f"taken by the server ({row.code} {row.reply or ''})".replace("(None ", "("),
        State.HELD: f"nobody can know whether it was taken: {row.reply or ''}",
    }
    return state.word, whys.get(state, row.reply or "")


def _because(mailing: Mailing) -> str:
    return f" and waits: {mailing.waits_because}" if mailing.waits_because else ""


def _is_claimed(row: Delivery) -> bool:
    around = Batch.objects.filter(mailing=row.mailing_id, low__lte=row.subscriber_id, high__gte=row.subscriber_id)
    return around.filter(lease__isnull=False).exists()


def _consent(subscription: Subscription | None) -> list[Event]:
    records = ConsentRecord.objects.filter(subscription=subscription) if subscription else ConsentRecord.objects.none()
    return [Event(one.at, f"{one.state} on the list, by {one.how}") for one in records]


def _suppressions(subscriber: Subscriber, mailing: Mailing) -> list[Event]:
    where = Q(publication=None) | Q(publication=mailing.publication_id)
    history = SuppressionRecord.objects.filter(where, address_hash=subscriber.address_hash).order_by("pk")
    told = [Event(one.at, f"{'no longer ' if one.is_lifted else ''}suppressed: {one.reason}", reply=one.detail) for one in history]
    return told or [Event(one.since, f"suppressed: {one.reason}", reply=one.detail) for one in _held_back(subscriber, mailing)]


def _held_back(subscriber: Subscriber, mailing: Mailing) -> list[Suppression]:
    where = Q(publication=None) | Q(publication=mailing.publication_id)
    return list(Suppression.objects.filter(where, address_hash=subscriber.address_hash).order_by("pk"))


def _tries(row: Delivery) -> list[Event]:
    tries = Attempt.objects.filter(mailing=row.mailing_id, subscriber=row.subscriber_id).order_by("at", "pk")
    events = [Event(one.at, _what(one), one.code, one.reply, one.where) for one in tries]
    if row.state == State.DELIVERED and row.attempts <= 1:  # what simply succeeded stands in the row alone
        events.append(Event(row.sent_at, "attempt 1: delivered", row.code, row.reply or ""))
    return events


def _what(one: Attempt) -> str:
    kind = f" ({one.kind})" if one.kind else ""
    return f"attempt {one.number}: {State(one.state).word}{kind}" if one.number else one.reply
