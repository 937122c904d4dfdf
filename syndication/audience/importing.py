"""Brings a table of readers into a list: in groups, with exact counts, and never against a reader's word."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from syndication.audience import addresses, consent
from syndication.audience.keys import address_hash
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.table import Row
from syndication.errors import Refused

GROUP = 500  # rows a transaction
HOW = "import"
LONGEST_NAME = 200  # characters


@dataclass(slots=True)
class Counts:
    """What an import did, or with a dry run would do."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[dict[str, int | str]] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """Rows looked at."""
        return self.new + self.updated + self.unchanged + len(self.refused)

    def refuse(self, line: int, why: str) -> None:
        """Note a row that was not taken."""
        self.refused.append({"line": line, "why": why})


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the rows go and how."""

    to: SubscriberList
    confirmed: bool
    dry_run: bool
    now: datetime


def import_rows(rows: Iterable[Row], plan: Plan, progress: Callable[[Counts], None] = lambda _: None) -> Counts:
    """Add or update each row's reader on the list; `progress` hears the counts after each group.

    Readers who left, and suppressed addresses, are refused with the reason; with `confirmed` off, new ones are pending.
    A dry run does everything and takes it back, so its counts are exact up to repeated rows in different groups.
    """
    counts, group, seen = Counts(), [], dict[str, int]()
    for row in rows:
        known_as = _checked(row, seen, counts)
        if known_as is None:
            continue
        group.append((known_as, row))
        if len(group) == GROUP:
            _take(group, plan, counts)
            group.clear()
            progress(counts)
    _take(group, plan, counts)
    progress(counts)
    return counts


def _checked(row: Row, seen: dict[str, int], counts: Counts) -> str | None:
    if row.problem:
        counts.refuse(row.line, row.problem)
        return None
    try:
        known_as = addresses.normalise(row.address)
    except addresses.NotAnAddress as error:
        counts.refuse(row.line, str(error))
        return None
    if known_as in seen:
        counts.refuse(row.line, f"the same address as in line {seen[known_as]}")
        return None
    seen[known_as] = row.line
    return known_as


def _take(group: list[tuple[str, Row]], plan: Plan, counts: Counts) -> None:
    if not group:
        return
    with transaction.atomic():
        by_hash = {address_hash(known_as): (known_as, row) for known_as, row in group}
        _refuse_suppressed(by_hash, plan, counts)
        known = {one.address_hash: one for one in Subscriber.objects.select_for_update().filter(address_hash__in=list(by_hash))}
        _add_subscribers({key: value for key, value in by_hash.items() if key not in known})
        everyone = {one.address_hash: one for one in Subscriber.objects.filter(address_hash__in=list(by_hash))}
        if len(everyone) < len(by_hash):  # the address is there, under the hash of another key
            raise Refused(
                "These readers were kept with another secret key, so suppressions cannot be met. Nothing was imported from here on; "
                "give back the key (`syndication doctor` says more)."
            )
        changed = _update_subscribers({key: by_hash[key][1] for key in known}, known, plan)
        _subscribe(everyone, by_hash, changed, plan, counts)
        if plan.dry_run:
            transaction.set_rollback(True)  # Django's own signature


def _refuse_suppressed(by_hash: dict[str, tuple[str, Row]], plan: Plan, counts: Counts) -> None:
    where = Q(publication=None) | Q(publication=plan.to.publication)
    for hashed, reason in Suppression.objects.filter(where, address_hash__in=list(by_hash)).values_list("address_hash", "reason"):
        taken = by_hash.pop(hashed, None)
        if taken is not None:
            counts.refuse(taken[1].line, f"suppressed ({reason}): this address must not be mailed")


def _add_subscribers(missing: dict[str, tuple[str, Row]]) -> None:
    Subscriber.objects.bulk_create(
        [
            Subscriber(
                address=known_as,
                address_hash=hashed,
                name=row.name[:LONGEST_NAME],
                locale=row.locale[:35],
                time_zone=row.time_zone[:64],
                attributes=dict(row.attributes),
            )
            for hashed, (known_as, row) in missing.items()
        ],
        ignore_conflicts=True,
    )


def _update_subscribers(rows: dict[str, Row], known: dict[str, Subscriber], plan: Plan) -> set[str]:
    """Write what a row says and the subscriber does not have yet; returns the hashes of those that changed."""
    changed = []
    for hashed, row in rows.items():
        subscriber = known[hashed]
        before = (subscriber.name, subscriber.locale, subscriber.time_zone, dict(subscriber.attributes))
        subscriber.name = row.name[:LONGEST_NAME] or subscriber.name
        subscriber.locale = row.locale[:35] or subscriber.locale
        subscriber.time_zone = row.time_zone[:64] or subscriber.time_zone
        subscriber.attributes = {**subscriber.attributes, **row.attributes}
        if before != (subscriber.name, subscriber.locale, subscriber.time_zone, subscriber.attributes):
            subscriber.updated_at = plan.now
            changed.append(subscriber)
    Subscriber.objects.bulk_update(changed, ["name", "locale", "time_zone", "attributes", "updated_at"])
    return {subscriber.address_hash for subscriber in changed}


def _subscribe(everyone: dict[str, Subscriber], by_hash: dict[str, tuple[str, Row]], changed: set[str], plan: Plan, counts: Counts) -> None:
    act = consent.Act.ADD_CONFIRMED if plan.confirmed else consent.Act.ADD_PENDING
    have = {one.subscriber_id: one for one in Subscription.objects.filter(list=plan.to, subscriber__in=list(everyone.values()))}
    made, moved = [], []
    for hashed, (_, row) in by_hash.items():
        subscriber = everyone[hashed]
        subscription = have.get(subscriber.pk)
        if subscription is None:
            made.append(
                Subscription(subscriber=subscriber, list=plan.to, state=consent.after(consent.State.NONE, act), changed_at=plan.now)
            )
            counts.new += 1
            continue
        if subscription.state == Subscription.State.UNSUBSCRIBED:
            counts.refuse(row.line, f"left this list on {subscription.changed_at:%Y-%m-%d}; only the reader can come back")
            continue
        state = consent.after(consent.State(subscription.state), act)
        if state != subscription.state:
            subscription.state, subscription.changed_at = state, plan.now
            moved.append(subscription)
            counts.updated += 1
        elif hashed in changed:
            counts.updated += 1
        else:
            counts.unchanged += 1
    Subscription.objects.bulk_create(made)
    Subscription.objects.bulk_update(moved, ["state", "changed_at"])
    ConsentRecord.objects.bulk_create([ConsentRecord(subscription=one, state=one.state, how=HOW, at=plan.now) for one in [*made, *moved]])
