"""Goes the hub's round: asks callbacks for consent, delivers what has changed, tells outside hubs, for as long as something is due."""

import time
from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from syndication.feeds.hub import fan_out, shift
from syndication.feeds.hub.backoff import rest_until
from syndication.feeds.hub.courier import Courier
from syndication.feeds.hub.deliver import DELIVERIES
from syndication.feeds.hub.lanes import SLOTS, Lanes
from syndication.feeds.hub.messages import Answer
from syndication.feeds.hub.models import HubHost, HubSubscription
from syndication.feeds.hub.ping import PINGS
from syndication.feeds.hub.rows import LONGEST_PROBLEM, Errand, Kind, due, in_words, take
from syndication.feeds.hub.verify import WISHES

RUN_SECONDS = 20.0  # then the rest is left to the next round, so that a worker can stop
KEEP_SECONDS = 5.0
WAIT_SECONDS = 0.1
GATHERED = SLOTS // 2  # answers that are settled together, when they come so fast
OTHERS_SECONDS = 0.5  # how often wishes and pings are looked for while deliveries go on
FORGET_HOSTS_AFTER = timedelta(days=30)

Courier_ = Courier[tuple[Kind, Errand, float]]


def kinds() -> tuple[Kind, ...]:
    """What this installation does: without a hub of its own it tells the others only."""
    return (WISHES, PINGS, DELIVERIES) if settings.HUB_ON else (PINGS,)


def waits(now: datetime) -> bool:
    """Whether a round would find anything to do."""
    return fan_out.untold().exists() or _rows_wait(now)


def _rows_wait(now: datetime) -> bool:
    return any(due(kind, now).exists() for kind in kinds())


def go_round(*, run_seconds: float = RUN_SECONDS) -> bool:
    """Do what is due; True when time was up before all was done. Returns at once while another round goes on anywhere.

    A feed that cannot be told yet is no reason to go on: the tick asks for it again.
    """
    begun = shift.begin(timezone.now())
    if begun is None:
        return False
    try:
        allowed, seconds = settings.HUB_ALLOWED_NETWORKS, settings.HUB_SECONDS_FOR_A_CALLBACK
        courier: Courier_ = Courier(allowed=allowed, seconds=seconds, tls=settings.HUB_TLS)
        with courier:
            _Round(begun, courier).go(time.monotonic() + run_seconds)
    finally:
        begun.end()
    return _rows_wait(timezone.now())


class _Round:
    """One round: rows are taken as slots get free, and settled as answers come."""

    def __init__(self, begun: shift.Shift, courier: Courier_) -> None:
        self._shift, self._courier = begun, courier
        self._lanes = Lanes(dict(HubHost.objects.values_list("host", "failures")))
        self._look_again_at = self._others_at = 0.0

    def go(self, until: float) -> None:
        """Until nothing is due or on its way, or until that moment, and then until what is on its way has ended."""
        is_ours = True
        while True:
            moment = time.monotonic()
            if is_ours and moment < until and moment >= self._look_again_at:
                self._look_again_at = moment + KEEP_SECONDS
                is_ours = self._shift.keep(timezone.now())
                fan_out.tell_changes(timezone.now())
            has_begun = is_ours and moment < until and self._begin()
            if not has_begun and not self._lanes.on_the_way:
                return
            self._settle(self._courier.answers(WAIT_SECONDS, wanted=min(GATHERED, self._lanes.on_the_way)))

    def _begin(self) -> bool:
        """Hand over what may go now; whether there was anything, or something waits for its host's turn."""
        found, moment = False, time.monotonic()
        are_others_due = moment >= self._others_at
        self._others_at = moment + OTHERS_SECONDS if are_others_due else self._others_at
        for kind in kinds() if are_others_due else kinds()[-1:]:
            now, moment = timezone.now(), time.monotonic()
            taken = take(kind, self._lanes, self._shift.number, now, moment)
            errands = [(row, kind.errand(row, feed)) for row, feed in taken]
            for row, errand in errands:
                if errand is None:
                    self._lanes.cancel(row.host)
            self._courier.send([((kind, errand, moment), errand.request) for _, errand in errands if errand])
            found = found or bool(taken)
        return found or _rows_wait(timezone.now())

    def _settle(self, answers: list[tuple[tuple[Kind, Errand, float], Answer]]) -> None:
        now, moment = timezone.now(), time.monotonic()
        by_kind: defaultdict[int, list[tuple[Errand, Answer]]] = defaultdict(list)
        for (kind, errand, began), answer in answers:
            by_kind[kinds().index(kind)].append((errand, answer))
            has_answered = answer.status > 0
            before, failures = self._lanes.end(errand.row.host, began=began, now=moment, has_answered=has_answered)
            if before != failures:
                _note(errand.row.host, failures, answer, now)
        for place, some in by_kind.items():
            kinds()[place].settle(some, now)


def _note(host: str, failures: int, answer: Answer, now: datetime) -> None:
    """Remember that a host is silent, or forget that it was."""
    if not failures:
        HubHost.objects.filter(host=host).delete()
        return
    told = {"failures": failures, "rest_until": rest_until(now, failures=failures), "problem": in_words(answer)[:LONGEST_PROBLEM]}
    if not HubHost.objects.filter(host=host).update(**told):
        HubHost.objects.create(host=host, since=now, **told)


def tidy(now: datetime) -> None:
    """Drop subscriptions whose lease has ended (WebSub 5.1), and hosts that nobody has called for long."""
    HubSubscription.objects.filter(expires_at__lte=now).delete()
    HubHost.objects.filter(since__lt=now - FORGET_HOSTS_AFTER).exclude(rest_until__gt=now).delete()
