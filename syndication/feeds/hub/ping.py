"""Tells outside hubs that a document has changed."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from syndication.feeds.hub.callbacks import parsed
from syndication.feeds.hub.find import PublishedFeed
from syndication.feeds.hub.messages import Answer, Request
from syndication.feeds.hub.models import HubPing
from syndication.feeds.hub.rows import Errand, Kind, Row, as_taken, put_back
from syndication.feeds.hub.wishes import FORM


def _waiting() -> QuerySet[HubPing]:
    return HubPing.objects.filter(hub_url__in=settings.OUTSIDE_HUBS)


def _errand(row: Row, found: PublishedFeed) -> Errand:  # noqa: ARG001  # the ping names the document, and says nothing of it
    assert isinstance(row, HubPing)
    # WebSub 4 leaves it open; hubs read hub.url (PubSubHubbub 0.4 7.1) or hub.topic (Switchboard)
    body = urlencode({"hub.mode": "publish", "hub.url": row.topic_url, "hub.topic": row.topic_url}).encode()
    return Errand(row, Request("POST", parsed(row.hub_url), (("Content-Type", FORM),), body, is_trusted=True))


def _settle(answers: Sequence[tuple[Errand, Answer]], now: datetime) -> None:
    with transaction.atomic():
        for errand, answer in answers:
            row = errand.row
            assert isinstance(row, HubPing)
            if answer.is_good:
                as_taken(row).update(due_at=None, tries=0, told_at=now, problem="")
            else:
                put_back(row, answer, now)


PINGS = Kind(_waiting, _errand, _settle)
