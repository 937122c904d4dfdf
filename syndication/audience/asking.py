"""Acts on many wishes to subscribe at once: a fixed number of questions to the database, however many come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from syndication.audience import addresses
from syndication.audience.change import NOTHING_ELSE, Evidence
from syndication.audience.keys import address_hash
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.suppression.domain_rules import refused_among

CONFIRMATIONS_A_DAY = 3
DAY = timedelta(days=1)
ASKED = ("form", "api", "asked")  # how a reader asks; "asked" in records of before


@dataclass(frozen=True, slots=True)
class Wish:
    """One reader's wish: an address in any spelling, the lists by their ids, how ("form" or "api"), when, and what proves it."""

    address: str
    list_ids: tuple[int, ...]
    how: str
    at: datetime
    evidence: Evidence = NOTHING_ELSE


def ask_all(wishes: Sequence[Wish]) -> list[list[int]]:
    """For each wish the ids of the subscriptions that need a confirmation, all by the same mail; empty when no mail is due.

    Confirmed ones are left out, private lists too, whoever knows their ids. Nothing is kept of an address that is suppressed or whose
    domain is blocked, and the fourth wish of a day gets no mail, in whatever publication. Nothing is confirmed here: that takes the
    link. Raises NotAnAddress for the first that is none, before anything is changed.
    """
    known_as = [addresses.normalise(wish.address) for wish in wishes]
    wanted = _wanted(wishes, known_as)
    with transaction.atomic():
        readers = _readers({address for address, lists in zip(known_as, wanted, strict=True) if lists})
        found = _subscriptions(
            {(readers[address].pk, one.pk): wish.at for address, lists, wish in zip(known_as, wanted, wishes, strict=True) for one in lists}
        )
        asked = _asked_before([reader.pk for reader in readers.values()], wishes)
        needed: list[list[int]] = []
        records = []
        for address, lists, wish in zip(known_as, wanted, wishes, strict=True):
            mine = [found[readers[address].pk, one.pk] for one in lists]
            mine = [one for one in mine if one.state != Subscription.State.CONFIRMED]
            times = asked[readers[address].pk] if mine else set()
            if not mine or sum(wish.at - DAY < time for time in times) >= CONFIRMATIONS_A_DAY:
                needed.append([])
                continue
            times.add(wish.at)
            needed.append([one.pk for one in mine])
            records += [_record(one, wish) for one in mine]
        ConsentRecord.objects.bulk_create(records)
    return needed


def _wanted(wishes: Sequence[Wish], known_as: Sequence[str]) -> list[list[SubscriberList]]:
    """For each wish the lists that its address may ask for: open ones, of publications that may write to it."""
    ids = {pk for wish in wishes for pk in wish.list_ids}
    lists = SubscriberList.objects.filter(is_public=True).in_bulk(sorted(ids))
    hashes = {address: address_hash(address) for address in known_as}
    suppressed = set(Suppression.objects.filter(address_hash__in=hashes.values()).values_list("address_hash", "publication_id"))
    of_publication: dict[int, set[str]] = defaultdict(set)
    for wish, address in zip(wishes, known_as, strict=True):
        for pk in wish.list_ids:
            if pk in lists:
                of_publication[lists[pk].publication_id].add(address)
    blocked = {(publication, one) for publication, asking in of_publication.items() for one in refused_among(asking, publication)}

    def may_ask(address: str, one: SubscriberList) -> bool:
        no = {(hashes[address], None), (hashes[address], one.publication_id)} & suppressed
        return not no and (one.publication_id, address) not in blocked

    return [
        [lists[pk] for pk in sorted(set(wish.list_ids)) if pk in lists and may_ask(address, lists[pk])]
        for wish, address in zip(wishes, known_as, strict=True)
    ]


def _readers(known_as: Iterable[str]) -> dict[str, Subscriber]:
    """The subscribers of addresses, made where they are new, and locked: wishes of one address come one after the other (the budget)."""
    hashes = {address_hash(address): address for address in known_as}
    known = set(Subscriber.objects.filter(address_hash__in=hashes).values_list("address_hash", flat=True))
    new = [Subscriber(address=hashes[one], address_hash=one) for one in sorted(hashes.keys() - known)]
    Subscriber.objects.bulk_create(new, ignore_conflicts=True)  # who comes at the same moment from elsewhere is found below
    rows = Subscriber.objects.select_for_update().filter(address_hash__in=hashes).order_by("pk")
    return {hashes[row.address_hash]: row for row in rows}


def _subscriptions(wanted: dict[tuple[int, int], datetime]) -> dict[tuple[int, int], Subscription]:
    """The subscriptions of (subscriber, list), made as pending at their moment where they are new."""
    scope = Subscription.objects.filter(subscriber__in={one for one, _ in wanted}, list__in={to for _, to in wanted})
    known = set(scope.values_list("subscriber_id", "list_id"))
    new = [
        Subscription(subscriber_id=pair[0], list_id=pair[1], state=Subscription.State.PENDING, changed_at=at)
        for pair, at in wanted.items()
        if pair not in known
    ]
    Subscription.objects.bulk_create(new, ignore_conflicts=True)
    return {(row.subscriber_id, row.list_id): row for row in scope if (row.subscriber_id, row.list_id) in wanted}


def _asked_before(subscriber_ids: list[int], wishes: Sequence[Wish]) -> dict[int, set[datetime]]:
    """When each reader asked lately: each moment, for however many lists, was one mail."""
    since = min((wish.at for wish in wishes), default=None)
    times: dict[int, set[datetime]] = defaultdict(set)
    if since is None:
        return times
    rows = ConsentRecord.objects.filter(subscription__subscriber__in=subscriber_ids, how__in=ASKED, at__gt=since - DAY)
    for subscriber_id, at in rows.values_list("subscription__subscriber_id", "at"):
        times[subscriber_id].add(at)
    return times


def _record(subscription: Subscription, wish: Wish) -> ConsentRecord:
    return ConsentRecord(
        subscription=subscription,
        state=subscription.state,
        how=wish.how,
        wording_id=wish.evidence.wording_id,
        network=wish.evidence.network,
        at=wish.at,
    )
