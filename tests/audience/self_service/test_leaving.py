"""A wish to leave is obeyed whenever and however it comes; a click is taken back for a month, and a no to a person is not."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.audience import subscribe, tokens
from syndication.audience.change import change
from syndication.audience.consent import Act
from syndication.audience.keys import copy_key
from syndication.audience.models import ConsentRecord, Subscription
from syndication.audience.self_service import leave
from syndication.audience.suppression.suppress import suppress

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def add(to, *, confirmed=True):
    return subscribe.add(subscribe.Person("mara@example.org"), to=to, confirmed=confirmed, how="staff", now=NOW)


@pytest.fixture(params=["of a copy", "of before"])
def link(request, weekly):
    """A link of now, and one of the kind that mails carried before copies had four."""
    subscriber = add(weekly).subscriber_id
    if request.param == "of before":
        return leave.unsubscribe_token(subscriber, weekly.pk)
    return tokens.of_copy(7, subscriber, weekly.pk, copy_key()).unsubscribe


def test_a_link_works_after_ten_years_and_in_capitals(link):
    assert leave.unsubscribe(link.upper(), how="mailto", now=NOW + timedelta(days=3_652)).state == "unsubscribed"


def test_leaving_twice_is_one_word(link):
    for how in ("one-click", "mailto", "link"):
        leave.unsubscribe(link, how=how, now=NOW)
    assert list(ConsentRecord.objects.order_by("pk").values_list("how", flat=True)) == ["staff", "one-click"]


def test_a_wish_to_leave_counts_where_the_subscription_is_gone_and_no_import_brings_it_back(link, weekly):
    Subscription.objects.all().delete()
    assert leave.unsubscribe(link, how="one-click", now=NOW).state == "unsubscribed"
    assert add(weekly).state == "unsubscribed"


def test_looking_at_the_link_of_a_subscription_that_is_gone_makes_none(link):
    Subscription.objects.all().delete()
    assert leave.page_of(link, now=NOW).state == "pending"
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("how", ["link", "one-click", "mailto", "preferences"])
def test_a_click_can_be_taken_back(link, how):
    change(Subscription.objects.get().pk, Act.LEAVE, how=how, now=NOW)
    assert leave.page_of(link, now=NOW).can_undo
    assert leave.undo(link, now=NOW + timedelta(days=30)).state == "confirmed"


def test_after_a_month_a_link_in_an_old_or_forwarded_mail_brings_nobody_back(link):
    leave.unsubscribe(link, how="link", now=NOW)
    late = NOW + timedelta(days=30, seconds=1)
    assert not leave.page_of(link, now=late).can_undo
    assert leave.undo(link, now=late).state == "unsubscribed"


def test_clicking_once_more_after_years_does_not_open_the_way_back_anew(link):
    leave.unsubscribe(link, how="link", now=NOW)
    late = NOW + timedelta(days=2_000)
    assert not leave.unsubscribe(link, how="link", now=late).can_undo
    assert leave.undo(link, now=late).state == "unsubscribed"


@pytest.mark.parametrize("how", ["complaint", "staff", "api", "import"])
def test_what_was_no_click_of_the_reader_is_not_taken_back_by_a_link(link, how):
    change(Subscription.objects.get().pk, Act.LEAVE, how=how, now=NOW)
    assert leave.undo(link, now=NOW).state == "unsubscribed"


def test_nobody_comes_back_by_a_link_to_mails_that_are_not_sent(link):
    leave.unsubscribe(link, how="link", now=NOW)
    suppress("mara@example.org", reason="complained")
    assert leave.undo(link, now=NOW).state == "unsubscribed"


def test_undoing_what_was_not_done_changes_nothing(link):
    assert leave.undo(link, now=NOW).state == "confirmed"
    assert ConsentRecord.objects.count() == 1
