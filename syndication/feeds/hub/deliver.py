"""Delivers a document to those who subscribed to it (WebSub 7)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from syndication.feeds.hub.addresses import hub_urls
from syndication.feeds.hub.callbacks import parsed
from syndication.feeds.hub.find import PublishedFeed, written_as
from syndication.feeds.hub.messages import Answer, Request
from syndication.feeds.hub.models import HubSubscription
from syndication.feeds.hub.rows import Errand, Kind, Row, as_taken, put_back
from syndication.feeds.hub.signature import signature
from syndication.feeds.hub.topics import self_url
from syndication.feeds.store import Version

HTTP_GONE = 410


def _waiting() -> QuerySet[HubSubscription]:
    return HubSubscription.objects.filter(expires_at__gt=timezone.now())


def _errand(row: Row, found: PublishedFeed) -> Errand | None:
    """The newest state of the document, whichever the row was owed."""
    assert isinstance(row, HubSubscription)
    version = found.version
    variants = version.documents.get(row.file_name) if isinstance(version, Version) else None
    if not isinstance(version, Version) or variants is None:
        as_taken(row).update(due_at=None)  # gone, or moved this very moment: the next state is told anew
        return None
    newest = variants["identity"]
    canonical = self_url(version.links.get(row.file_name, "")) or row.topic_url
    links = [f'<{url}>; rel="hub"' for url in hub_urls()]
    headers = [
        ("Content-Type", written_as(row.file_name).content_type),  # WebSub 7: that of the topic
        ("Link", ", ".join([*links, f'<{canonical}>; rel="self"'])),
    ]
    if row.secret:
        headers.append(("X-Hub-Signature", signature(row.secret, newest.body)))
    return Errand(row, Request("POST", parsed(row.callback), tuple(headers), newest.body), mark=newest.etag)


def _settle(answers: Sequence[tuple[Errand, Answer]], now: datetime) -> None:
    delivered: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    with transaction.atomic():
        for errand, answer in answers:
            row = errand.row
            assert isinstance(row, HubSubscription)
            if answer.is_good:
                delivered[errand.mark, row.round].append(row.pk)
            elif answer.status == HTTP_GONE:  # WebSub 7: "the hub MAY terminate the subscription"
                as_taken(row).delete()
            else:
                put_back(row, answer, now)
        for (etag, number), ids in delivered.items():
            HubSubscription.objects.filter(pk__in=ids, round=number).update(owed=etag, due_at=None, tries=0, delivered_at=now, problem="")


DELIVERIES = Kind(_waiting, _errand, _settle)
