"""Finds subscribers: by the address that somebody typed, or by a search, page after page, also among millions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Exists, JSONField, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KeyTransform, KeyTransformExact

from syndication.audience import addresses
from syndication.audience.keys import address_hash
from syndication.audience.models import ConsentRecord, Subscriber, Subscription, Suppression
from syndication.audience.staff.search import Search
from syndication.errors import NotFound

COUNTED_TO = 10_000
"""More than these are not counted for a page: to count a million rows costs more than to show fifty."""

FEW = 20_000  # rows; so many a search may read before it looks for their subscribers


def subscriber_named(address: str) -> Subscriber:
    """The subscriber of an address in any spelling. Raises NotAnAddress, NotFound."""
    known_as = addresses.normalise(address)
    found = Subscriber.objects.filter(address_hash=address_hash(known_as)).first()
    if found is None:
        raise NotFound(f"No subscriber has the address {known_as!r}.")
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some subscribers in the order of their search; `before` and `after` are the ids to ask the neighbours by, None where there is no more."""

    rows: list[Subscriber]
    before: int | None
    after: int | None


def found(search: Search) -> QuerySet[Subscriber]:
    """All that a search finds, without an order; erased persons are never found."""
    rows = Subscriber.objects.filter(state=Subscriber.State.ACTIVE)
    if search.words:
        rows = rows.filter(_worded(search.words))
    if search.attribute:
        name, values = search.attribute
        rows = rows.filter(_any_of(name, values))
    if search.list_id is not None or search.state:
        rows = rows.filter(_subscribed(search))
    return _told(_happened(rows, search), search)


def page(search: Search, *, size: int, after: int | None = None, before: int | None = None) -> Page:
    """A page of a search: the first, or the one behind or before a subscriber; one whose id is gone is no border and begins anew."""
    beside = after if after is not None else before
    border = Subscriber.objects.filter(pk=beside).first() if beside is not None else None
    is_back = border is not None and after is None
    down = search.is_downwards != is_back
    column = "address" if search.is_by_address else "pk"
    rows = found(search).order_by(f"-{column}" if down else column).prefetch_related("subscriptions__list__publication")
    if border is not None:
        rows = rows.filter(**{f"{column}__{'lt' if down else 'gt'}": getattr(border, column)})
    seen = list(rows[: size + 1])
    more, shown = len(seen) > size, seen[:size]
    if is_back:
        shown.reverse()
    if not shown:
        return Page([], None, None)
    has_before, has_after = (more, True) if is_back else (border is not None, more)
    return Page(shown, shown[0].pk if has_before else None, shown[-1].pk if has_after else None)


def count(search: Search, *, upto: int = COUNTED_TO) -> int:
    """How many a search finds, counted up to `upto` + 1."""
    return found(search).order_by()[: upto + 1].count()


def of_ids(ids: Sequence[int]) -> QuerySet[Subscriber]:
    """The active subscribers among some ids."""
    return Subscriber.objects.filter(state=Subscriber.State.ACTIVE, pk__in=ids)


def held_back(rows: Sequence[Subscriber]) -> set[int]:
    """Which of some subscribers are suppressed by anybody."""
    by_hash = {one.address_hash: one.pk for one in rows}
    return {by_hash[one] for one in Suppression.objects.filter(address_hash__in=list(by_hash)).values_list("address_hash", flat=True)}


def _worded(words: str) -> Q:
    """A whole address that is known means itself alone; a part is looked for in addresses, which are lower case, and in names."""
    part = Q(address__contains=words.lower()) | Q(name__icontains=words)
    try:
        known_as = addresses.normalise(words)
    except addresses.NotAnAddress:
        return part
    return Q(address=known_as) if Subscriber.objects.filter(address=known_as).exists() else part


def _any_of(name: str, values: Sequence[str | float | bool]) -> Q:
    either = Q()
    for value in values:
        # the name is data, never a lookup: "a__regex" is an attribute of that name
        either |= Q(KeyTransformExact(KeyTransform(name, "attributes"), Value(value, JSONField())))
    return either


def _subscribed(search: Search) -> Q | Exists:
    wanted = Subscription.objects.all()
    if search.list_id is not None:
        wanted = wanted.filter(list=search.list_id)
    if search.state:
        wanted = wanted.filter(state=search.state)
    return _among(wanted, "subscriber")


def _among(rows: QuerySet[Any], column: str) -> Q | Exists:
    """Few rows are read first and their subscribers looked up; of many, each subscriber of the page is looked up among them."""
    if rows[: FEW + 1].count() <= FEW:
        return Q(pk__in=rows.values(column))
    return Exists(rows.filter(**{column: OuterRef("pk")}))


def _happened(rows: QuerySet[Subscriber], search: Search) -> QuerySet[Subscriber]:
    if search.since:
        rows = rows.filter(created_at__gte=_midnight(search.since))
    if search.until:
        rows = rows.filter(created_at__lt=_midnight(search.until + timedelta(days=1)))
    if search.source:
        rows = rows.filter(_among(ConsentRecord.objects.filter(how=search.source), "subscription__subscriber"))
    return rows


def _told(rows: QuerySet[Subscriber], search: Search) -> QuerySet[Subscriber]:
    if search.held == "suppressed":
        return rows.filter(Exists(Suppression.objects.filter(address_hash=OuterRef("address_hash"))))
    if search.held == "free":
        return rows.filter(~Exists(Suppression.objects.filter(address_hash=OuterRef("address_hash"))))
    if search.held == "bounced":
        return rows.filter(bounced_at__isnull=False)
    if search.held == "paused":
        today = datetime.now(UTC).date()
        return rows.filter(pk__in=Subscription.objects.filter(paused_until__isnull=False, paused_until__gt=today).values("subscriber"))
    return rows


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
