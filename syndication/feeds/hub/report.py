"""Tells staff who is told of a publication's changes, and who cannot be reached."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from syndication.feeds.hub.addresses import hub_urls
from syndication.feeds.hub.models import HubHost, HubPing, HubSubscription

MOST_HOSTS = 50


@dataclass(frozen=True, slots=True)
class TopicSubscribers:
    """One document of a feed: how many callbacks get it, how many wait for its newest state, for how many the last try failed."""

    topic_url: str
    subscribers: int
    waiting: int
    failing: int
    last_delivery_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailingHost:
    """A host with subscriptions of which the last delivery failed; `rests_until` when nothing goes there meanwhile."""

    host: str
    subscriptions: int
    problem: str
    rests_until: datetime | None


@dataclass(frozen=True, slots=True)
class OutsideHub:
    """What an outside hub has been told of one document."""

    hub_url: str
    topic_url: str
    told_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class HubReport:
    """All that staff are shown."""

    hub_urls: tuple[str, ...]
    topics: tuple[TopicSubscribers, ...]
    hosts: tuple[FailingHost, ...]
    outside: tuple[OutsideHub, ...]


def report(publication_id: int) -> HubReport:
    """The hub as this publication sees it: topics with subscribers, the hosts that fail most, and outside hubs."""
    mine = HubSubscription.objects.filter(feed__publication=publication_id, expires_at__gt=timezone.now())
    topics = mine.values("feed", "file_name").annotate(
        topic=Max("topic_url"),
        subscribers=Count("pk"),
        waiting=Count("pk", filter=Q(due_at__isnull=False)),
        failing=Count("pk", filter=~Q(problem="")),
        last=Max("delivered_at"),
    )
    pings = HubPing.objects.filter(feed__publication=publication_id, hub_url__in=hub_urls()).order_by("hub_url", "topic_url")
    return HubReport(
        hub_urls(),
        tuple(
            TopicSubscribers(one["topic"], one["subscribers"], one["waiting"], one["failing"], one["last"])
            for one in topics.order_by("-subscribers", "topic")
        ),
        _hosts(mine.exclude(problem="")),
        tuple(OutsideHub(one.hub_url, one.topic_url, one.told_at, one.problem) for one in pings),
    )


def _hosts(failing: QuerySet[HubSubscription]) -> tuple[FailingHost, ...]:
    found = failing.values("host").annotate(count=Count("pk"), why=Max("problem")).order_by("-count", "host")[:MOST_HOSTS]
    resting = dict(HubHost.objects.filter(host__in=[one["host"] for one in found]).values_list("host", "rest_until"))
    return tuple(FailingHost(one["host"], one["count"], one["why"], resting.get(one["host"])) for one in found)
