"""Turns a changed feed into rows that are due: its subscribers' and the outside hubs'. A crash in between loses nothing."""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from syndication.feeds.hub.addresses import own_hub_url
from syndication.feeds.hub.find import folder_of_feed, shelf
from syndication.feeds.hub.models import HubFeed, HubPing, HubSubscription, HubWish
from syndication.feeds.hub.topics import self_url
from syndication.feeds.hub.wishes import DENIED
from syndication.feeds.models import Feed
from syndication.feeds.store import Version, version_name

FEEDS_AT_ONCE = 200
ROWS_AT_ONCE = 5000


def untold() -> QuerySet[Feed]:
    """Feeds in a state that the hub has not told."""
    is_untold = Q(hub=None) | ~Q(hub__digest=F("digest")) | ~Q(hub__is_gone=F("is_gone"))
    return Feed.objects.filter(is_untold).exclude(digest="", is_gone=False)


def tell_changes(now: datetime) -> int:
    """Make due what changed feeds owe to others; how many feeds that were."""
    found = list(untold().select_related("publication", "topic", "hub").order_by("pk")[:FEEDS_AT_ONCE])
    return sum(_tell_end(feed, now) if feed.is_gone else _tell_change(feed, now) for feed in found)


def _tell_change(feed: Feed, now: datetime) -> bool:
    version = shelf().version(folder_of_feed(feed))
    if not isinstance(version, Version) or feed.changed_at is None or version.name != version_name(feed.digest, feed.changed_at):
        return False  # files and row are not of one state: the publisher is at it, and the next round looks again
    told: dict[str, str] = feed.hub.etags if hasattr(feed, "hub") else {}
    etags = {file_name: variants["identity"].etag for file_name, variants in version.documents.items()}
    for file_name, etag in etags.items():
        if told.get(file_name) != etag:
            _make_due(feed, file_name, etag, now)
            _make_pings_due(feed, file_name, self_url(version.links.get(file_name, "")), now)
    HubFeed.objects.update_or_create(feed=feed, defaults={"digest": feed.digest, "is_gone": False, "etags": etags, "told_at": now})
    return True


def _make_due(feed: Feed, file_name: str, etag: str, now: datetime) -> None:
    """Each subscriber is owed this version; one that waits for an older one gets only this. Rows in groups: a write must be short."""
    mine = HubSubscription.objects.filter(feed=feed, file_name=file_name, expires_at__gt=now).exclude(owed=etag)
    while HubSubscription.objects.filter(pk__in=list(mine.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE])).update(
        owed=etag, due_at=now, tries=0, round=0
    ):
        pass


def _make_pings_due(feed: Feed, file_name: str, topic_url: str, now: datetime) -> None:
    for hub_url in settings.OUTSIDE_HUBS if topic_url else ():
        if hub_url != own_hub_url():
            HubPing.objects.update_or_create(
                feed=feed,
                file_name=file_name,
                hub_url=hub_url,
                defaults={
                    "topic_url": topic_url,
                    "host": (urlsplit(hub_url).hostname or "").lower(),
                    "due_at": now,
                    "tries": 0,
                    "round": 0,
                },
            )


def _tell_end(feed: Feed, now: datetime) -> bool:
    """The feed is gone: subscriptions end, and each callback is told so (WebSub 5.2)."""
    mine = HubSubscription.objects.filter(feed=feed).order_by("pk")
    while some := list(mine[:ROWS_AT_ONCE]):
        with transaction.atomic():
            HubWish.objects.bulk_create(
                [_denial(one, now) for one in some],
                update_conflicts=True,
                unique_fields=["key"],
                update_fields=["mode", "due_at", "tries", "round", "at"],
                batch_size=500,
            )
            HubSubscription.objects.filter(pk__in=[one.pk for one in some]).delete()
    HubPing.objects.filter(feed=feed).delete()
    HubFeed.objects.update_or_create(feed=feed, defaults={"digest": feed.digest, "is_gone": True, "told_at": now})
    return True


def _denial(one: HubSubscription, now: datetime) -> HubWish:
    return HubWish(
        key=one.key,
        mode=DENIED,
        feed_id=one.feed_id,
        file_name=one.file_name,
        topic_url=one.topic_url,
        callback=one.callback,
        host=one.host,
        at=now,
        due_at=now,
    )
