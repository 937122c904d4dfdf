"""Lets a reader choose by the link in a mail, without a login; each change is noted on the reader's timeline.

The link is bound to a reader and to one publication. Lists are those of that publication; name, language, time zone, the word on
tracking, and erasure concern the person. What it means that a link was made at some moment the door finds out: the audience knows no mailings.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from django.db import transaction

from syndication.articles.models import Publication
from syndication.audience import addresses, consent
from syndication.audience.change import NOTHING_ELSE, Evidence, change
from syndication.audience.models import ConsentWording, ReaderEvent, Subscriber, SubscriberList, Subscription
from syndication.audience.self_service.choices import Frequency
from syndication.audience.signup.wording import Words
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.suppress import is_suppressed
from syndication.errors import NotFound, Refused

HOW = "preferences"
SOURCE = "reader"


@dataclass(frozen=True, slots=True)
class Right:
    """What a link opens: one reader's choices in one publication."""

    subscriber: Subscriber
    publication: Publication

    @property
    def address_hint(self) -> str:
        """For the page: never the whole address."""
        return addresses.hint(self.subscriber.address)


@dataclass(frozen=True, slots=True)
class Choice:
    """One list as the page shows it; `paused_until` only while it lasts."""

    list: SubscriberList
    state: str
    frequency: str
    paused_until: date | None

    @property
    def is_on(self) -> bool:
        """Whether the reader is on the list."""
        return self.state == Subscription.State.CONFIRMED


@dataclass(frozen=True, slots=True)
class About:
    """What a reader says of themselves, checked already (choices.py); tracking is off unless the reader gives it."""

    name: str
    locale: str
    time_zone: str
    tracking_consent: bool


def right_of(subscriber_id: int, list_id: int, *, made_at: datetime) -> Right | None:
    """What the link of a copy opens; None when the person was erased, or took back links made until then.

    made_at  when the copy's mailing was frozen
    """
    subscriber = Subscriber.objects.filter(pk=subscriber_id, state=Subscriber.State.ACTIVE).first()
    chosen = SubscriberList.objects.select_related("publication").filter(pk=list_id).first()
    if subscriber is None or chosen is None:
        return None
    if subscriber.links_revoked_at is not None and made_at <= subscriber.links_revoked_at:
        return None
    return Right(subscriber, chosen.publication)


def choices_of(right: Right, *, today: date) -> list[Choice]:
    """The lists that the reader may see: the open ones, and private ones as long as the reader is on them or was asked to join."""
    own = {one.list_id: one for one in _subscriptions(right)}
    lists = right.publication.lists.order_by("pk")
    return [_choice(one, own.get(one.pk), today) for one in lists if one.is_public or _is_held(own.get(one.pk))]


def why_no_mail(right: Right) -> str:
    """Why nothing reaches this reader whatever is chosen, in words for the reader; empty when nothing stands in the way."""
    reader, publication_id = right.subscriber, right.publication.pk
    if is_suppressed(reader.address_hash, publication_id):
        return (
            "At present we send nothing to this address: mails to it came back, or we were told not to write to it. "
            "Answer one of our mails if you think that this is wrong."
        )
    if domain_rules.is_blocked(reader.address, publication_id):
        return "At present we send nothing to addresses of this domain. Subscribe with another address, or read by feed."
    return ""


def join(right: Right, slug: str, *, now: datetime, evidence: Evidence = NOTHING_ELSE) -> None:
    """The reader joins an open list, or one that was offered; confirmed at once, since the link reached the reader by mail.

    evidence  what the consent record keeps of the request
    Raises NotFound for a list that is not shown, Refused while nothing may be sent to the address.
    """
    with _locked(right):
        chosen = _offered(right, slug)
        if why_no_mail(right):
            raise Refused(why_no_mail(right))
        row = {"subscriber": right.subscriber, "list": chosen}
        subscription, is_new = Subscription.objects.get_or_create(**row, defaults={"state": Subscription.State.PENDING, "changed_at": now})
        if subscription.state == Subscription.State.CONFIRMED:
            return
        was_asked = subscription.state == Subscription.State.PENDING and not is_new
        evidence = replace(evidence, wording_id=_words_read(chosen, was_asked=was_asked).pk)
        change(subscription.pk, consent.Act.CONFIRM, how=HOW, now=now, evidence=evidence)
        Subscription.objects.filter(pk=subscription.pk).update(frequency=Frequency.EACH, paused_until=None)
        _note(right, f"joined {slug}", now)


def leave(right: Right, slug: str, *, now: datetime) -> None:
    """The reader leaves a list; again is harmless. Raises NotFound for a list that the reader was never on."""
    with _locked(right):
        found = next((one for one in _subscriptions(right) if one.list.slug == slug), None)
        if found is None:
            raise NotFound("This list is not one of yours; nothing was changed.")
        _leave(right, [found], now)


def leave_all(right: Right, *, now: datetime) -> int:
    """The reader leaves every list of the publication, also those that they never were on; the number of lists left now.

    "No more mails come from there" is what the page says, so no import and no staff may put the reader on another list of it either.
    """
    with _locked(right):
        held = sum(map(_is_held, _subscriptions(right)))
        _never_on(right, now)
        for one in _subscriptions(right):
            change(one.pk, consent.Act.LEAVE, how=HOW, now=now, detail="left all lists")
        _note(right, "", now, kind=ReaderEvent.Kind.LEFT_ALL)
        return held


def choose(right: Right, slug: str, *, frequency: Frequency, paused_until: date | None, now: datetime) -> None:
    """How a list that the reader is on is to come. Raises NotFound when the reader is not on it."""
    with _locked(right):
        found = next((one for one in _subscriptions(right) if one.list.slug == slug), None)
        if found is None or found.state != Subscription.State.CONFIRMED:
            raise NotFound("You are not on this list (any more); nothing was changed.")
        if (found.frequency, found.paused_until) == (frequency, paused_until):
            return
        found.frequency, found.paused_until = frequency, paused_until
        found.save(update_fields=["frequency", "paused_until"])
        pause = f", paused until {paused_until}" if paused_until else ""
        _note(right, f"{slug}: {frequency}{pause}", now)


def describe(right: Right, about: About, *, now: datetime) -> None:
    """What the reader says of themselves. The timeline says which fields changed, not what stood there."""
    with _locked(right):
        reader = Subscriber.objects.get(pk=right.subscriber.pk)
        wanted = asdict(about)
        changed = [field for field, value in wanted.items() if getattr(reader, field) != value]
        if not changed:
            return
        for field in changed:
            setattr(reader, field, wanted[field])
        reader.save(update_fields=[*changed, "updated_at"])
        if "tracking_consent" in changed:
            _note(right, f"tracking {'allowed' if about.tracking_consent else 'not allowed'}", now)
        told = [field.replace("_", " ").replace("locale", "language") for field in changed if field != "tracking_consent"]
        if told:
            _note(right, f"changed {', '.join(told)}", now)


def revoke_links(right: Right, *, now: datetime) -> None:
    """Links to the preferences in all mails until now open nothing any more; links to leave go on working."""
    with _locked(right):
        Subscriber.objects.filter(pk=right.subscriber.pk).update(links_revoked_at=now)
        _note(right, "", now, kind=ReaderEvent.Kind.LINKS_REVOKED)


def note_export(right: Right, *, now: datetime) -> None:
    """The reader took a copy of their data."""
    _note(right, "", now, kind=ReaderEvent.Kind.EXPORTED)


@contextmanager
def _locked(right: Right) -> Iterator[None]:
    """A transaction in which nobody else changes or erases this reader. Raises NotFound when the person is gone since we looked."""
    with transaction.atomic():
        row = Subscriber.objects.select_for_update().filter(pk=right.subscriber.pk, state=Subscriber.State.ACTIVE)
        if row.first() is None:
            raise NotFound("This reader is not here any more.")
        yield


def _subscriptions(right: Right) -> list[Subscription]:
    own = right.subscriber.subscriptions.filter(list__publication=right.publication)
    return list(own.select_related("list").order_by("list_id"))


def _words_read(chosen: SubscriberList, *, was_asked: bool) -> ConsentWording:
    """What stands on the page beside the button; templates/public/preferences.html says the same (a test holds that)."""
    shown = Words(
        heading=chosen.publication.name,
        sender="You asked for this list and have not confirmed it yet." if was_asked else "You do not get this list.",
        offers=((chosen.name, chosen.description),),
        promise="Yes, I want it" if was_asked else "Get this list",
    )
    words = {"publication": chosen.publication, "digest": shown.digest}
    return ConsentWording.objects.get_or_create(**words, defaults={"text": shown.text})[0]


def _never_on(right: Right, now: datetime) -> None:
    """Give the reader a subscription, which is none yet, to each list of the publication that has none of theirs."""
    others = right.publication.lists.exclude(subscriptions__subscriber=right.subscriber)
    fresh = {"subscriber": right.subscriber, "state": Subscription.State.PENDING, "changed_at": now}
    Subscription.objects.bulk_create([Subscription(list=one, **fresh) for one in others], ignore_conflicts=True)


def _is_held(subscription: Subscription | None) -> bool:
    return subscription is not None and subscription.state != Subscription.State.UNSUBSCRIBED


def _choice(to: SubscriberList, own: Subscription | None, today: date) -> Choice:
    if own is None:
        return Choice(to, consent.State.NONE, Frequency.EACH, None)
    is_paused = own.paused_until is not None and own.paused_until > today
    return Choice(to, own.state, own.frequency, own.paused_until if is_paused else None)


def _offered(right: Right, slug: str) -> SubscriberList:
    own = {one.list_id: one for one in _subscriptions(right)}
    found = right.publication.lists.filter(slug=slug).first()
    if found is None or not (found.is_public or _is_held(own.get(found.pk))):
        raise NotFound("There is no such list; nothing was changed.")
    return found


def _leave(right: Right, subscriptions: list[Subscription], now: datetime) -> int:
    held = [one for one in subscriptions if _is_held(one)]
    for one in held:
        change(one.pk, consent.Act.LEAVE, how=HOW, now=now)
        _note(right, f"left {one.list.slug}", now)
    return len(held)


def _note(right: Right, detail: str, now: datetime, *, kind: str = ReaderEvent.Kind.PREFERENCES) -> None:
    whose = {"subscriber": right.subscriber, "publication": right.publication}
    ReaderEvent.objects.create(**whose, kind=kind, source=SOURCE, detail=detail[:300], at=now)
