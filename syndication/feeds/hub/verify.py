"""Asks a callback whether a wish is its owner's (WebSub 5.3), and tells it that a subscription has ended (WebSub 5.2)."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from syndication.feeds.hub.backoff import next_try_at
from syndication.feeds.hub.callbacks import parsed, with_question
from syndication.feeds.hub.find import PublishedFeed
from syndication.feeds.hub.messages import Answer, Request
from syndication.feeds.hub.models import HubSubscription, HubWish
from syndication.feeds.hub.rows import Errand, Kind, Row, as_taken
from syndication.feeds.hub.wishes import DENIED, SUBSCRIBE, UNSUBSCRIBE

MOST_TRIES = 3  # of a callback that gives no answer at all; an answer is a word
CHALLENGE_BYTES = 32


def _waiting() -> QuerySet[HubWish]:
    return HubWish.objects.filter(due_at__isnull=False)


def _errand(row: Row, found: PublishedFeed) -> Errand:
    assert isinstance(row, HubWish)
    if row.mode == SUBSCRIBE and found.feed.is_gone:
        row.mode = DENIED
    asked = {"hub.mode": row.mode, "hub.topic": row.topic_url}
    challenge = ""
    if row.mode == DENIED:
        asked["hub.reason"] = "This feed has ended for good."
    else:
        asked["hub.challenge"] = challenge = secrets.token_urlsafe(CHALLENGE_BYTES)
    if row.mode == SUBSCRIBE:
        asked["hub.lease_seconds"] = str(row.lease_seconds)
    to = parsed(with_question(row.callback, asked), longest=None)
    return Errand(row, Request("GET", to, most_answer_bytes=len(challenge)), mark=challenge)


def _settle(answers: Sequence[tuple[Errand, Answer]], now: datetime) -> None:
    with transaction.atomic():
        for errand, answer in answers:
            row = errand.row
            assert isinstance(row, HubWish)
            at = next_try_at(now, tries=row.tries, chance=0.5) if row.tries < MOST_TRIES else None
            if not answer.status and not answer.is_refused and at:
                as_taken(row).update(due_at=at)
                continue
            has_consented = row.mode != DENIED and answer.is_good and answer.body == errand.mark.encode()
            is_current = as_taken(row).delete()[0]
            if is_current and has_consented:
                _fulfil(row, now)


def _fulfil(row: HubWish, now: datetime) -> None:
    if row.mode == UNSUBSCRIBE:
        HubSubscription.objects.filter(key=row.key).delete()
        return
    granted = {"secret": row.secret, "expires_at": now + timedelta(seconds=row.lease_seconds)}
    if not HubSubscription.objects.filter(key=row.key).update(**granted):  # what it is owed stays owed
        HubSubscription.objects.create(
            key=row.key,
            feed_id=row.feed_id,
            file_name=row.file_name,
            topic_url=row.topic_url,
            callback=row.callback,
            host=row.host,
            since=now,
            **granted,
        )


WISHES = Kind(_waiting, _errand, _settle)
