"""Makes a campaign: refuses at once what could not be sent later."""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from syndication.articles.models import Article
from syndication.audience.models import SubscriberList, Subscription
from syndication.campaigns.models import Campaign, User
from syndication.campaigns.schedule import BadSchedule, schedule
from syndication.delivery.mailing.freeze import freeze_campaign
from syndication.errors import Refused


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for. `at` empty: a draft; `zone` empty: the publication's; `subject` empty: the article's title."""

    article: Article
    list: SubscriberList
    subject: str = ""
    at: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """The campaign and, when the wall time happens twice, a remark for the person."""

    campaign: Campaign
    remark: str = ""


def create(wish: Wish, *, now: datetime, by: User | None = None) -> Created:
    """A draft, or a scheduled campaign when a time is given.

    Raises Refused for a list of another publication or without confirmed subscribers, BadSchedule, and BadTemplate for a merge field
    that does not exist.
    """
    check(wish.article, wish.list, wish.subject)
    when = None
    if wish.at:
        zone = wish.zone or wish.list.publication.time_zone
        when = schedule(wish.at, zone, now=now, zones=zoneinfo.available_timezones())
    elif wish.zone:
        raise BadSchedule(f"A zone ({wish.zone}) without a time says nothing; add --at 2026-12-01T09:00 or leave the zone out.")
    with transaction.atomic():
        campaign = Campaign.objects.create(
            publication=wish.list.publication,
            article=wish.article,
            list=wish.list,
            subject=wish.subject,
            state=Campaign.State.SCHEDULED if when else Campaign.State.DRAFT,
            starts_at=when.moment if when else None,
            wall_time=when.wall_time if when else "",
            zone=when.zone if when else "",
            created_by=by,
        )
    return Created(campaign, when.remark if when else "")


def check(article: Article, to: SubscriberList, subject: str) -> None:
    """Whether this could be sent now; asked when a campaign is made and again when it starts. Raises as `create`."""
    if article.publication_id != to.publication_id:
        raise Refused(
            f"The article {article.slug!r} belongs to {article.publication.slug!r} and the list {to.slug!r} to {to.publication.slug!r}; "
            "choose both from one publication."
        )
    if not Subscription.objects.filter(list=to, state=Subscription.State.CONFIRMED, subscriber__state="active").exists():
        raise Refused(
            f"The list {to.slug!r} has no confirmed subscriber, so nobody would be mailed. "
            f"`syndication subscribers import FILE.csv --list {to.slug} --confirmed` adds some."
        )
    freeze_campaign(article, to, subject=subject)
