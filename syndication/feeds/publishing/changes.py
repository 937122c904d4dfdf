"""Works off what was noted when articles and publications changed: which feeds, and which of their archives, must be written anew."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from syndication.articles.models import Article, ArticleTopic, FeedChange, Topic
from syndication.feeds.models import Feed, FeedArchive

AT_ONCE = 500  # changes in one transaction

Key = tuple[datetime, UUID]
"""Where an article stands in the order of all: its date, and its id among those of one moment."""


def work_off(publication_id: int, *, now: datetime) -> None:
    """Mark what the changes that are due by `now` touch, and forget them; mark as well what was never published.

    Rows are locked in the order of their ids: the publication's feeds, then the archives.
    """
    while _work_off_some(publication_id, now) == AT_ONCE:
        pass
    with transaction.atomic():
        ensure_feeds(publication_id, [topic for _, topic in topics_without_feed(now, publication_id)], now=now)


def mark_all(publication_id: int, *, now: datetime) -> None:
    """Mark every feed and archive of a publication."""
    with transaction.atomic():
        mark_feeds([pk for pk, _ in _locked(Feed.objects.filter(publication=publication_id))], now)
        FeedArchive.objects.filter(feed__publication=publication_id).update(stale_since=now, marks=F("marks") + 1)


def _work_off_some(publication_id: int, now: datetime) -> int:
    with transaction.atomic():
        due = FeedChange.objects.filter(publication=publication_id, at__lte=now).select_related("article").order_by("pk")
        changes = list(due[:AT_ONCE])
        if changes:
            _mark(publication_id, changes, now)
            FeedChange.objects.filter(pk__in=[one.pk for one in changes]).delete()
    return len(changes)


def _mark(publication_id: int, changes: list[FeedChange], now: datetime) -> None:
    topics = {topic for change in changes for topic in change.topics}
    ensure_feeds(publication_id, topics, now=now)
    feeds = Feed.objects.filter(publication=publication_id)
    if any(change.article_id is None for change in changes):
        mark_feeds([pk for pk, _ in _locked(feeds)], now)
        FeedArchive.objects.filter(feed__publication=publication_id).update(stale_since=now, marks=F("marks") + 1)
        return
    by_topic = {topic: pk for pk, topic in _locked(feeds.filter(Q(topic=None) | Q(topic__in=topics)))}
    mark_feeds(by_topic.values(), now)
    for change in changes:
        touched = [pk for topic, pk in by_topic.items() if topic is None or topic in change.topics]
        for key in _keys(change):
            mark_archives(touched, key, now)


def _locked(feeds: QuerySet[Feed]) -> list[tuple[int, int | None]]:
    """The ids of the feeds and their topics, the rows locked one after the other so that two of us cannot hold each other up."""
    return [(one.pk, one.topic_id) for one in feeds.select_for_update(of=("self",)).order_by("pk").only("pk", "topic")]


def _keys(change: FeedChange) -> set[Key]:
    """Where the article stood before the change and where it stands now."""
    article = change.article
    if article is None:
        return set()
    return {(moment, article.uid) for moment in (change.published_at, article.published_at) if moment is not None}


def ensure_feeds(publication_id: int, topics: Iterable[int], *, now: datetime) -> None:
    """Make the rows of feeds that are to be published for the first time: the publication's, and those of these topics."""
    feeds = Feed.objects.filter(publication=publication_id)
    wanted: set[int | None] = {None, *Topic.objects.filter(publication=publication_id, pk__in=topics).values_list("pk", flat=True)}
    missing = sorted(wanted - set(feeds.values_list("topic", flat=True)), key=lambda topic: topic or 0)
    Feed.objects.bulk_create(
        [Feed(publication_id=publication_id, topic_id=topic, stale_since=now) for topic in missing], ignore_conflicts=True
    )


def topics_without_feed(now: datetime, publication_id: int | None = None) -> list[tuple[int, int]]:
    """Publications and topics that readers may see and that have no feed yet: made before there were feeds of topics."""
    of_topic = ArticleTopic.objects.filter(topic=OuterRef("pk"), article__published_at__lte=now)
    seen = of_topic.filter(article__state=Article.State.PUBLISHED, article__visibility=Article.Visibility.PUBLIC)
    topics = Topic.objects.filter(Exists(seen), feed=None)
    topics = topics if publication_id is None else topics.filter(publication=publication_id)
    return list(topics.order_by("pk").values_list("publication", "pk"))


def mark_feeds(feeds: Iterable[int], now: datetime) -> None:
    """Note that these feeds show an older state."""
    Feed.objects.filter(pk__in=list(feeds)).update(stale_since=now, marks=F("marks") + 1)


def mark_archives(feeds: Iterable[int], key: Key, now: datetime) -> None:
    """The same for those archives of the feeds in whose stretch the key lies."""
    moment, uid = key
    begins = Q(from_at=None) | Q(from_at__lt=moment) | Q(from_at=moment, from_uid__lte=uid)
    ends = Q(before_at__gt=moment) | Q(before_at=moment, before_uid__gt=uid)
    FeedArchive.objects.filter(begins, ends, feed__in=list(feeds)).update(stale_since=now, marks=F("marks") + 1)
