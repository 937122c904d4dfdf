"""The quick way of a mail program's one click does what the long one does, and leaves to it what it does not know."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.audience import subscribe, tokens
from syndication.audience.erase import erase
from syndication.audience.keys import copy_key
from syndication.audience.models import ConsentRecord, Subscription
from syndication.audience.self_service import leave, one_click

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def subscriber(weekly):
    return subscribe.add(subscribe.Person("mara@example.org"), to=weekly, confirmed=True, how="staff", now=NOW).subscriber_id


@pytest.fixture
def link(weekly, subscriber):
    return tokens.of_copy(7, subscriber, weekly.pk, copy_key()).unsubscribe


def kept():
    """What the database says of the reader's word."""
    records = ConsentRecord.objects.order_by("pk").values_list("state", "how", "detail", "network", "at")
    return list(Subscription.objects.values_list("state", "changed_at")), list(records)


def test_it_writes_what_the_long_way_writes(link, weekly):
    later = NOW + timedelta(hours=1)
    assert one_click.leave_at_once(link, now=later)
    quick = kept()
    ConsentRecord.objects.filter(state="unsubscribed").delete()
    Subscription.objects.update(state="confirmed", changed_at=NOW)
    leave.unsubscribe(link, how=one_click.HOW, now=later)
    assert kept() == quick


def test_again_is_no_second_record_and_the_last_word(link, weekly, subscriber):
    one_click.leave_at_once(link, now=NOW)
    asked_at = NOW + timedelta(hours=1)
    token = subscribe.confirmation_token(subscriber, weekly.pk, asked_at)
    assert one_click.leave_at_once(link, now=NOW + timedelta(hours=2))
    assert ConsentRecord.objects.filter(state="unsubscribed").count() == 1
    assert subscribe.confirm(token, how="link", now=NOW + timedelta(hours=3)) is None
    assert Subscription.objects.get().state == "unsubscribed"


def test_what_it_does_not_know_it_leaves_to_the_long_way(link, weekly, subscriber):
    others = [leave.unsubscribe_token(subscriber, weekly.pk), tokens.of_copy(7, subscriber, weekly.pk, copy_key()).bounce, link[:-1], ""]
    assert not any(one_click.leave_at_once(other, now=NOW) for other in others)
    assert Subscription.objects.get().state == "confirmed"
    erase("mara@example.org", now=NOW)
    assert not one_click.leave_at_once(link, now=NOW)
