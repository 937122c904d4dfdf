"""Plans the confirmation mails of those who asked: a mailing too, shared by all who ask in the same words."""

import math
import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from syndication.audience.models import SubscriberList, Subscription
from syndication.audience.signup.take import next_lists, take, waiting
from syndication.delivery.ledger.plan import BATCH, YIELD_SECONDS
from syndication.delivery.mailing.freeze import Frozen, freeze_confirmation, keep
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.states import WAITING

MOST_ROUNDS = 1000
RUN_SECONDS = 2.0  # then the mails that are planned go first

Ask = Sequence[int]
"""The ids of the subscriptions that one mail confirms, all of one reader."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The mailings that now hold due rows, and whether more wishes wait."""

    mailing_ids: list[int]
    has_more: bool


def plan_sign_ups(*, run_seconds: float = RUN_SECONDS) -> Planned:
    """Take wishes to subscribe, the oldest first, and plan their mails, until none waits or the time is over.

    Each group is one transaction: a crash leaves the wish, or the wish's mail.
    """
    until = time.monotonic() + run_seconds
    mailing_ids: list[int] = []
    texts = Texts()
    while True:
        texts.prepare(next_lists())
        with transaction.atomic():
            taken = take()
            mailing_ids += plan_confirmations(taken.asks, now=timezone.now(), texts=texts)
        if not taken.has_more or time.monotonic() > until:
            return Planned(list(dict.fromkeys(mailing_ids)), taken.has_more)
        time.sleep(YIELD_SECONDS)


def sign_ups_wait() -> bool:
    """Whether the web has kept wishes that nobody has taken yet."""
    return waiting().exists()


def plan_confirmation(subscription_id: int, *, now: datetime) -> int | None:
    """The mailing that now holds a due row for this reader; None when the subscription is gone or confirmed."""
    return next(iter(plan_confirmations([[subscription_id]], now=now)), None)


class Texts:
    """Frozen mails by the lists that they ask for, each made once in a run: that takes longer than all else, and waits for no lock."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], Frozen] = {}

    def of(self, lists: Sequence[SubscriberList]) -> Frozen:
        """The mail that asks for these lists, sorted by id."""
        ids = tuple(one.pk for one in lists)
        if ids not in self._made:
            self._made[ids] = freeze_confirmation(*lists)
        return self._made[ids]

    def prepare(self, wanted: Iterable[tuple[int, ...]]) -> None:
        """Make the mails for lists, by their ids, that will be asked for."""
        missing = {tuple(sorted(ids)) for ids in wanted} - self._made.keys()
        lists = (
            SubscriberList.objects.select_related("publication").in_bulk(sorted({pk for ids in missing for pk in ids})) if missing else {}
        )
        for ids in sorted(missing):
            found = [lists[pk] for pk in ids if pk in lists]
            if found:
                self.of(found)


def plan_confirmations(asks: Sequence[Ask], *, now: datetime, texts: Texts | None = None) -> list[int]:
    """The mailings that now hold a due row for each reader who asked; a subscription that is gone or confirmed needs none.

    A reader who asks again gets the next round's mailing, since one mailing reaches a subscriber once. A row still waiting with the
    same words serves the new wish as well.
    """
    ids = [pk for ask in asks for pk in ask]
    found = Subscription.objects.select_related("list__publication").exclude(state=Subscription.State.CONFIRMED).in_bulk(ids)
    readers: dict[tuple[SubscriberList, ...], set[int]] = defaultdict(set)
    for ask in asks:
        mine = sorted((found[pk] for pk in ask if pk in found), key=lambda one: one.list_id)
        if mine:
            readers[tuple(one.list for one in mine)].add(mine[0].subscriber_id)
    texts = texts or Texts()
    planned = [mailing for lists, who in sorted(readers.items(), key=_list_ids) for mailing in _plan(texts.of(lists), lists[0], who, now)]
    return list(dict.fromkeys(planned))


def _list_ids(item: tuple[tuple[SubscriberList, ...], set[int]]) -> list[int]:
    return [one.pk for one in item[0]]


def _plan(frozen: Frozen, to: SubscriberList, readers: set[int], now: datetime) -> Iterator[int]:
    """The mailings that serve these readers, all of whom asked for the same lists, `to` being the first of them."""
    served = _still_waiting(frozen, to, readers)
    yield from served.values()
    rest = sorted(readers - served.keys())
    for number in range(1, MOST_ROUNDS):
        if not rest:
            return
        mailing = _round(frozen, number, to, now)
        left = [reader for group in _neighbours(rest) for reader in _add(mailing, group, now)]
        if len(left) < len(rest):
            yield mailing.pk
        rest = left


def _round(frozen: Frozen, number: int, to: SubscriberList, now: datetime) -> Mailing:
    """The mailing of one round, open and locked: batches of one mailing must not overlap, so they are added one after the other."""
    mailing = keep(frozen, f"confirmation:{to.pk}:{frozen.content_hash[:16]}:{number}", to, article=None, now=now)
    Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.PLANNING).update(state=Mailing.State.OPEN)
    return Mailing.objects.select_for_update(of=("self",)).get(pk=mailing.pk)


def _add(mailing: Mailing, readers: list[int], now: datetime) -> list[int]:
    """Give a due row to each of some readers, sorted; those who stand in a batch of this mailing already are returned: the next round's."""
    low, high = readers[0], readers[-1]
    batches = list(Batch.objects.filter(mailing=mailing, low__lte=high, high__gte=low).order_by("low").values_list("low", "high"))
    stretches: dict[int, list[int]] = defaultdict(list)
    later = []
    for reader in readers:
        before = bisect_right(batches, (reader, math.inf))  # the batches that begin at this reader or before
        if before and reader <= batches[before - 1][1]:
            later.append(reader)
        else:
            stretches[before].append(reader)
    free = list(stretches.values())
    Delivery.objects.bulk_create(Delivery(mailing=mailing, subscriber_id=reader) for group in free for reader in group)
    Batch.objects.bulk_create(Batch(mailing=mailing, low=one[0], high=one[-1], rows=len(one), due_at=now) for one in free)
    return later


def _neighbours(readers: Sequence[int]) -> Iterator[list[int]]:
    """Sorted ids in groups whose gaps are small, so that one look at a group's stretch finds few batches."""
    group: list[int] = []
    for reader in readers:
        if group and reader - group[-1] > BATCH:
            yield group
            group = []
        group.append(reader)
    if group:
        yield group


def _still_waiting(frozen: Frozen, to: SubscriberList, readers: set[int]) -> dict[int, int]:
    """The readers for whom a mail with these words waits already, each with its mailing."""
    rows = Delivery.objects.filter(
        subscriber__in=readers,
        mailing__list=to,
        mailing__kind=Mailing.Kind.CONFIRMATION,
        mailing__content_hash=frozen.content_hash,
        state__in=WAITING,
    )
    return dict(rows.values_list("subscriber_id", "mailing_id"))
