"""Suppressed addresses and blocked domains: not planned, and not sent when it came later."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.audience.erase import erase
from syndication.audience.models import Subscriber, Subscription
from syndication.audience.subscribe import Person, add
from syndication.audience.suppression.domain_rules import put
from syndication.audience.suppression.suppress import suppress, unsuppress
from syndication.delivery.ledger import plan
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.story import story
from syndication.delivery.models import Batch

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def planned(mailing):
    plan.plan(mailing.pk)
    return sorted(mailing.deliveries.values_list("subscriber__address", flat=True))


def why_out(mailing, address="r0@example.org"):
    return story(Subscriber.objects.get(address=address), mailing).why


@pytest.fixture
def mailable(mailing):
    """Who of the first claimed batch may be mailed."""

    def ask():
        batch = ledger.claim(mailing.pk, ledger.open_lease("a run", "here:1", site="site", boot="boot"))
        return sorted(row.address for row in ledger.rows_of(mailing, batch) if row.is_eligible)

    return ask


def test_a_suppressed_address_is_not_planned_and_the_reason_is_told(mailing, readers, publication):
    readers(3)
    suppress("r0@example.org", reason="complained")
    suppress("r1@example.org", reason="staff", publication=publication)
    assert planned(mailing) == ["r2@example.org"]
    assert why_out(mailing).startswith("suppressed everywhere (complained) since ")
    assert why_out(mailing, "r1@example.org").startswith("suppressed by this publication (staff) since ")


def test_a_suppression_of_another_publication_holds_nobody_back(mailing, readers, publication):
    readers(2)
    other = type(publication).objects.create(slug="other", name="Other")
    suppress("r0@example.org", reason="staff", publication=other)
    assert planned(mailing) == ["r0@example.org", "r1@example.org"]


def test_one_whose_suppression_was_taken_back_is_planned_again(mailing, readers):
    readers(1)
    suppress("r0@example.org", reason="bounced")
    unsuppress("r0@example.org", by="ines@example.org")
    assert planned(mailing) == ["r0@example.org"]


def test_the_story_tells_every_reason_and_its_end(mailing, readers):
    readers(1)
    suppress("r0@example.org", reason="bounced", detail="550 5.1.1")
    unsuppress("r0@example.org", by="ines@example.org", note="a new mailbox")
    told = [event.what for event in story(Subscriber.objects.get(), mailing).events]
    assert told[-2:] == ["suppressed: bounced", "no longer suppressed: bounced"]


def test_one_who_is_suppressed_after_planning_is_not_mailed(mailing, readers, mailable):
    readers(2)
    plan.plan(mailing.pk)
    suppress("r0@example.org", reason="complained")
    assert mailable() == ["r1@example.org"]


def test_a_blocked_domain_is_not_planned(mailing, readers, news):
    readers(2)
    add(Person("a@trash.example"), to=news, confirmed=True, how="staff", now=NOW)
    put("trash.example", kind="block")
    assert planned(mailing) == ["r0@example.org", "r1@example.org"]
    assert why_out(mailing, "a@trash.example") == "the domain trash.example is blocked"


def test_only_allowed_domains_are_planned(mailing, readers, news, publication):
    readers(2)
    add(Person("a@school.example"), to=news, confirmed=True, how="staff", now=NOW)
    put("school.example", kind="allow", publication=publication)
    assert planned(mailing) == ["a@school.example"]


def test_pages_of_nothing_but_blocked_domains_are_passed_by(mailing, readers, news, monkeypatch):
    monkeypatch.setattr(plan, "FIRST_BATCH", 2)
    monkeypatch.setattr(plan, "PAGE", 2)
    put("example.org", kind="block")
    readers(9)
    add(Person("a@school.example"), to=news, confirmed=True, how="staff", now=NOW)
    assert planned(mailing) == ["a@school.example"]
    assert Batch.objects.get().rows == 1


def test_a_domain_that_is_blocked_after_planning_is_not_mailed(mailing, readers, news, mailable):
    readers(2)
    add(Person("a@trash.example"), to=news, confirmed=True, how="staff", now=NOW)
    plan.plan(mailing.pk)
    put("trash.example", kind="block")
    assert mailable() == ["r0@example.org", "r1@example.org"]


def test_the_story_of_one_who_paused_or_reads_the_feed_or_is_erased_says_so(mailing, readers):
    readers(3)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    Subscription.objects.filter(subscriber__address="r0@example.org").update(paused_until=tomorrow)
    Subscription.objects.filter(subscriber__address="r1@example.org").update(frequency="feed")
    erased = Subscriber.objects.get(address="r2@example.org")
    erase("r2@example.org", now=NOW)
    assert planned(mailing) == []
    assert why_out(mailing) == f"has paused the list 'news' until {tomorrow}"
    assert why_out(mailing, "r1@example.org") == "wants the list 'news' as feed, not each issue by mail"
    erased.refresh_from_db()
    assert story(erased, mailing).why == "the person is erased"
