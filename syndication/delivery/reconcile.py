"""Mends what dead senders left: lapsed claims, rows in doubt, cancelled rest. Any process may run it, twice is harmless."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from syndication.delivery.database import epoch
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.outcome import after_doubt
from syndication.delivery.states import LEASED, WAITING, State

CANCELLED = "cancelled"
GROUP = 1000  # rows a transaction
_NOBODYS = {"owner": "", "lease_until": None}


@dataclass(frozen=True, slots=True)
class Mended:
    """How many rows were moved, by kind."""

    returned: int = 0
    in_doubt: int = 0
    decided: int = 0
    cancelled: int = 0


def reconcile() -> Mended:
    """Return lapsed claims, put lapsed transmissions in doubt, decide doubt by policy, end what was cancelled."""
    return Mended(returned=_return_lapsed_claims(), in_doubt=_doubt_lapsed(), decided=_decide_doubt(), cancelled=_end_cancelled())


def _lapsed(state: State) -> list[int]:
    rows = Delivery.objects.filter(state=state, state__one_of=LEASED, lease_until__lt=Now())
    return list(rows.order_by("lease_until").values_list("pk", flat=True)[:GROUP])


def _return_lapsed_claims() -> int:
    """A claim that lapsed was not begun, if the database has kept every mark since; else it is doubt."""
    ids = _lapsed(State.CLAIMED)
    with transaction.atomic():
        rows = Delivery.objects.filter(pk__in=ids, state=State.CLAIMED, lease_until__lt=Now())
        same = rows.filter(owner__startswith=f"{epoch()}:")
        tried = same.exclude(sent_at=None).update(state=State.DEFERRED, fence=F("fence") + 1, **_NOBODYS)
        fresh = same.update(state=State.PLANNED, fence=F("fence") + 1, **_NOBODYS)
        rows.update(state=State.IN_DOUBT, lease_until=Now(), reply="the database was restarted while this was claimed")
    return tried + fresh


def _doubt_lapsed() -> int:
    """Owner and fence stay: a sender that lives after all may still tell the truth."""
    ids = _lapsed(State.TRANSMITTING)
    rows = Delivery.objects.filter(pk__in=ids, state=State.TRANSMITTING, lease_until__lt=Now())
    return rows.update(state=State.IN_DOUBT, lease_until=Now(), reply="the sender died while it transmitted this")


def _decide_doubt() -> int:
    decided = 0
    doubtful = Delivery.objects.filter(state=State.IN_DOUBT, state__one_of=LEASED).values_list("pk", "mailing__kind", "attempts", "fence")
    for pk, kind, attempts, fence in doubtful[:GROUP]:
        state = after_doubt(kind, attempts)
        times = {"settled_at": Now()} if state == State.HELD else {"due_at": Now()}
        decided += Delivery.objects.filter(pk=pk, state=State.IN_DOUBT, fence=fence).update(state=state, lease_until=None, **times)
    return decided


def _end_cancelled() -> int:
    rest = Delivery.objects.filter(state__one_of=WAITING, mailing__state=Mailing.State.CANCELLED)
    ids = list(rest.values_list("pk", flat=True)[: 10 * GROUP])
    return Delivery.objects.filter(pk__in=ids, state__in=WAITING).update(state=State.SKIPPED, settled_at=Now(), reply=CANCELLED)


def end_cancelled(mailing_id: int) -> int:
    """Skip all that a cancelled mailing has not begun, in one statement; how many rows."""
    rest = Delivery.objects.filter(state__one_of=WAITING, mailing_id=mailing_id, mailing__state=Mailing.State.CANCELLED)
    return rest.update(state=State.SKIPPED, settled_at=Now(), reply=CANCELLED)


@dataclass(frozen=True, slots=True)
class Bell:
    """A mailing that wants a worker."""

    mailing_id: int
    kind: str
    is_planning: bool


def bells() -> list[Bell]:
    """Open mailings with due rows and no sender at work, and mailings whose planning was interrupted."""
    at_work = Delivery.objects.filter(state__one_of=LEASED, lease_until__gt=Now()).values("mailing")
    due = Delivery.objects.filter(mailing=OuterRef("pk"), state__one_of=WAITING, due_at__lte=Now())
    open_ones = Mailing.objects.filter(state=Mailing.State.OPEN).exclude(waits_until__gt=Now()).filter(Exists(due)).exclude(pk__in=at_work)
    unplanned = Mailing.objects.filter(state=Mailing.State.PLANNING)
    return [
        *(Bell(pk, kind, is_planning=True) for pk, kind in unplanned.order_by("pk").values_list("pk", "kind")),
        *(Bell(pk, kind, is_planning=False) for pk, kind in open_ones.order_by("pk").values_list("pk", "kind")),
    ]


def new_bell(mailing_id: int) -> int:
    """The number for the next tasks of a mailing; chains with an older one end."""
    Mailing.objects.filter(pk=mailing_id).update(bell=F("bell") + 1)
    return Mailing.objects.values_list("bell", flat=True).get(pk=mailing_id)


def is_current(mailing_id: int, bell: int) -> bool:
    """Whether no newer bell was rung for the mailing since."""
    return Mailing.objects.filter(pk=mailing_id, bell=bell).exists()


def close_finished() -> list[int]:
    """Close each open or cancelled mailing of which every row is final and the sums agree; their ids."""
    waiting = Delivery.objects.filter(mailing=OuterRef("pk"), state__one_of=WAITING)
    leased = Delivery.objects.filter(state__one_of=LEASED).values("mailing")
    planned = Mailing.objects.filter(state=Mailing.State.OPEN, kind=Mailing.Kind.CAMPAIGN).exclude(audience=None)
    closed = []
    for mailing in planned.filter(~Exists(waiting)).exclude(pk__in=leased):
        if mailing.deliveries.count() != mailing.audience:
            continue  # `campaign verify` says what is wrong; a sum that does not agree is never "finished"
        if Mailing.objects.filter(pk=mailing.pk, state=Mailing.State.OPEN).update(state=Mailing.State.CLOSED):
            closed.append(mailing.pk)
    return closed
