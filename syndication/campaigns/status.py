"""Tells the truth about a campaign from its rows: where it stands, and whether the sums agree."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count

from syndication.campaigns.control import campaign_of
from syndication.campaigns.models import Campaign
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.states import FINAL, State


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

    @property
    def settled(self) -> int:
        """Rows in a final state."""
        return sum(self.deliveries[one.word] for one in FINAL)

    def as_json(self) -> dict[str, Any]:
        """What `campaign status --json` prints; times as ISO 8601."""
        times = {
            name: moment.isoformat() if (moment := getattr(self, name)) else None for name in ("starts_at", "started_at", "finished_at")
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
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reader who did not get it, and why; `reply` is the server's or ours."""

    address: str
    state: str
    code: int | None
    reply: str


def troubles(campaign_id: int, *, most: int = 20) -> list[Trouble]:
    """The first readers whose delivery failed, bounced, is held or waits for another try. Raises NotFound."""
    mailing = campaign_of(campaign_id).mailing
    wrong = (State.FAILED, State.BOUNCED, State.HELD, State.DEFERRED)
    rows = Delivery.objects.filter(mailing=mailing, state__in=wrong).order_by("state", "pk") if mailing else Delivery.objects.none()
    return [Trouble(one.address, State(one.state).word, one.reply_code, one.reply) for one in rows[:most]]


def verify(campaign_id: int) -> Verdict:
    """Prove a campaign from its rows. Raises NotFound."""
    campaign = campaign_of(campaign_id)
    if campaign.mailing is None:
        is_early = campaign.state in {Campaign.State.DRAFT, Campaign.State.SCHEDULED, Campaign.State.CANCELLED}
        return Verdict(is_early, [f"the campaign is {campaign.state} and has no rows"])
    checks = _checks(campaign, campaign.mailing)
    return Verdict(all(is_right for is_right, _ in checks), [f"{'ok' if is_right else 'WRONG'}: {line}" for is_right, line in checks])


def _counts(mailing: Mailing | None) -> dict[str, int]:
    found: dict[int, int] = {}
    if mailing is not None:
        grouped = Delivery.objects.filter(mailing=mailing).order_by().values_list("state").annotate(rows=Count("pk"))
        found = dict(grouped)
    return {one.word: found.get(one, 0) for one in State}


def _checks(campaign: Campaign, mailing: Mailing) -> list[tuple[bool, str]]:
    counts = _counts(mailing)
    rows, final = sum(counts.values()), sum(counts[one.word] for one in FINAL)
    readers = Delivery.objects.filter(mailing=mailing).order_by().values("subscriber").distinct().count()
    undated = Delivery.objects.filter(mailing=mailing, state=State.DELIVERED, sent_at=None).count()
    planned = mailing.audience if mailing.audience is not None else rows
    ended = campaign.state in {Campaign.State.FINISHED, Campaign.State.CANCELLED}
    under_way = sum(counts[one.word] for one in (State.CLAIMED, State.TRANSMITTING, State.IN_DOUBT))
    checks = [
        (planned == rows, f"audience {planned} = {rows} rows ({', '.join(f'{n} {word}' for word, n in counts.items() if n) or 'none'})"),
        (readers == rows, f"{rows} rows name {readers} different subscribers"),
        (undated == 0, f"{undated} delivered rows without a time of transmission"),
    ]
    if campaign.state == Campaign.State.FINISHED:
        checks.append((final == rows, f"finished, and {final} of {rows} rows are final"))
    if ended:
        checks.append((under_way == 0, f"{campaign.state}, and {under_way} rows are still under way"))
    return checks
