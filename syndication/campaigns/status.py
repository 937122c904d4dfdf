"""Tells the truth about a campaign from its rows: where it stands, and whether the sums agree."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from syndication.campaigns.control import campaign_of
from syndication.campaigns.models import Campaign
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.states import COUNTED, FINAL, State

WRONG = (State.FAILED, State.BOUNCED, State.HELD, State.DEFERRED)
MOST_BATCHES = 200  # that are looked into for rows of a state


@dataclass(frozen=True, slots=True)
class Status:
    """A campaign at a glance; `audience` is None until the rows are planned, `deliveries` counts every state."""

    id: int
    state: str
    subject: str
    audience: int | None
    deliveries: dict[str, int]
    starts_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    waits_because: str
    problem: str
    waits_until: datetime | None = None

    @property
    def settled(self) -> int:
        """Rows in a final state."""
        return sum(self.deliveries[one.word] for one in FINAL)

    def as_json(self) -> dict[str, Any]:
        """What `campaign status --json` prints; times as ISO 8601."""
        times = {
            name: moment.isoformat() if (moment := getattr(self, name)) else None
            for name in ("starts_at", "started_at", "finished_at", "waits_until")
        }
        return {
            "id": self.id,
            "state": self.state,
            "subject": self.subject,
            "audience": self.audience,
            "deliveries": self.deliveries,
            **times,
            "waits_because": self.waits_because,
            "problem": self.problem,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `campaign verify` found: whether every sum agrees, and each check in a line."""

    agrees: bool
    lines: list[str] = field(default_factory=list)


def status(campaign_id: int) -> Status:
    """The state and the counts now. Raises NotFound."""
    campaign = campaign_of(campaign_id)
    mailing = campaign.mailing
    return Status(
        id=campaign.pk,
        state=campaign.state,
        subject=campaign.subject or campaign.article.title,
        audience=mailing.audience if mailing else None,
        deliveries=_counts(mailing),
        starts_at=campaign.starts_at,
        started_at=campaign.started_at,
        finished_at=campaign.finished_at,
        waits_because=mailing.waits_because if mailing else "",
        problem=campaign.problem,
        waits_until=mailing.waits_until if mailing else None,
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reader who did not get it, and why; `reply` is the server's or ours."""

    address: str
    state: str
    code: int | None
    reply: str
    attempts: int = 0


def troubles(campaign_id: int, *, most: int = 20) -> list[Trouble]:
    """The first readers whose delivery failed, bounced, is held or waits for another try. Raises NotFound."""
    mailing = campaign_of(campaign_id).mailing
    return [_trouble(one) for one in troubled(mailing, WRONG)[:most]] if mailing else []


def troubled(mailing: Mailing, states: Iterable[State]) -> QuerySet[Delivery]:
    """The rows of these states, by state. Only batches that have some are looked into: what is rare is found soon among millions."""
    wanted = [state for state in states if state in COUNTED]
    having = Q(pk__in=[])
    for state in wanted:
        having |= Q(**{f"{state.word}__gt": 0})
    within = Q(pk__in=[])
    for low, high in Batch.objects.filter(having, mailing=mailing).order_by("pk").values_list("low", "high")[:MOST_BATCHES]:
        within |= Q(subscriber__gte=low, subscriber__lte=high)
    rows = Delivery.objects.filter(within, mailing=mailing, state__in=wanted)
    return rows.select_related("subscriber").order_by("state", "subscriber")


def deliveries(campaign_id: int) -> Iterator[Trouble]:
    """Every reader of a campaign with state, attempts and reply, by subscriber; streamed. Raises NotFound."""
    mailing = campaign_of(campaign_id).mailing
    rows = (
        Delivery.objects.filter(mailing=mailing).select_related("subscriber").order_by("subscriber") if mailing else Delivery.objects.none()
    )
    return map(_trouble, rows.iterator(chunk_size=2000))


def _trouble(one: Delivery) -> Trouble:
    return Trouble(one.subscriber.address, State(one.state).word, one.code, one.reply or "", one.attempts)


def verify(campaign_id: int) -> Verdict:
    """Prove a campaign from its rows. Raises NotFound."""
    campaign = campaign_of(campaign_id)
    if campaign.mailing is None:
        is_early = campaign.state in {Campaign.State.DRAFT, Campaign.State.SCHEDULED, Campaign.State.CANCELLED}
        return Verdict(is_early, [f"the campaign is {campaign.state} and has no rows"])
    checks = _checks(campaign, campaign.mailing)
    return Verdict(all(is_right for is_right, _ in checks), [f"{'ok' if is_right else 'WRONG'}: {line}" for is_right, line in checks])


def _counts(mailing: Mailing | None) -> dict[str, int]:
    """From the sums that the batches keep, so that a look costs a thousandth of the rows."""
    counts = dict.fromkeys((one.word for one in State), 0)
    if mailing is None:
        return counts
    columns = {one.word: Sum(one.word) for one in COUNTED}
    for is_claimed in (True, False):
        sums = Batch.objects.filter(mailing=mailing, lease__isnull=not is_claimed).aggregate(rows=Sum("rows"), **columns)
        rows = sums.pop("rows") or 0
        for word, number in sums.items():
            counts[word] += number or 0
            rows -= number or 0
        counts[State.CLAIMED.word if is_claimed else State.PLANNED.word] += rows
    return counts


def _counts_of_rows(mailing: Mailing) -> dict[str, int]:
    grouped = Delivery.objects.filter(mailing=mailing).order_by().values_list("state").annotate(rows=Count("pk"))
    found = dict(grouped)
    return {one.word: found.get(one, 0) for one in State}


def _checks(campaign: Campaign, mailing: Mailing) -> list[tuple[bool, str]]:
    """From the rows themselves, never from the sums; the sums must say the same."""
    with transaction.atomic():
        counts, kept = _counts_of_rows(mailing), _counts(mailing)
    rows, final = sum(counts.values()), sum(counts[one.word] for one in FINAL)
    in_batches = Batch.objects.filter(mailing=mailing).aggregate(rows=Sum("rows"))["rows"] or 0
    undated = Delivery.objects.filter(mailing=mailing, state=State.DELIVERED, sent_at=None).count()
    planned = mailing.audience if mailing.audience is not None else rows
    ended = campaign.state in {Campaign.State.FINISHED, Campaign.State.CANCELLED}
    claimed = Batch.objects.filter(mailing=mailing, lease__isnull=False).count()
    told = ", ".join(f"{n} {word}" for word, n in counts.items() if n) or "none"
    checks = [
        (planned == rows, f"audience {planned} = {rows} rows ({told}), each of another subscriber (the table's own rule)"),
        (in_batches == rows, f"{in_batches} rows in batches = {rows} rows"),
        (undated == 0, f"{undated} delivered rows without a time of transmission"),
    ]
    if not claimed:
        wrong = [one.word for one in COUNTED if counts[one.word] != kept[one.word]]
        checks.append((not wrong, f"the kept sums are those of the rows{': not ' + ', '.join(wrong) if wrong else ''}"))
    if campaign.state == Campaign.State.FINISHED:
        checks.append((final == rows, f"finished, and {final} of {rows} rows are final"))
    if ended:
        checks.append((claimed == 0, f"{campaign.state}, and {claimed} batches are still with a sender"))
    return checks
