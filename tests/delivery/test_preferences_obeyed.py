"""What a reader chose is obeyed when a campaign is planned, and by one that runs already."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from syndication.articles.models import Article
from syndication.audience.lists import create_list
from syndication.audience.models import Subscriber, Subscription
from syndication.audience.self_service import preferences
from syndication.audience.self_service.choices import Frequency
from syndication.audience.self_service.preferences import Right
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.status import status, verify
from syndication.delivery.ledger import plan, reconcile
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.forget import erase_reader
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.sending import send
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def article(publication):
    return Article.objects.create(
        publication=publication, slug="news", title="News", html="<p>It is here.</p>", language="en", updated_at=NOW
    )


@pytest.fixture
def three(readers):
    """r0, r1 and r2 on the list, as their links would open them."""
    return [right(address) for address in readers(3)]


def right(address):
    reader = Subscriber.objects.get(address=address)
    return Right(reader, reader.subscriptions.get().list.publication)


def today():
    return timezone.now().date()


def choose(one, *, frequency=Frequency.EACH, until=None):
    preferences.choose(one, "news", frequency=frequency, paused_until=until, now=timezone.now())


def begin(article, news):
    campaign = create(Wish(article, news), now=timezone.now()).campaign
    plan.plan(control.start(campaign.pk, now=timezone.now()))
    return control.campaign_of(campaign.pk)


def finish(campaign):
    """Send what is left; how many rows ended in which state."""
    send.send_due(campaign.mailing_id)
    reconcile.close_finished()
    control.finish_closed(timezone.now())
    found = status(campaign.pk)
    assert verify(campaign.pk).agrees
    assert found.state == "finished"
    return {word: rows for word, rows in found.deliveries.items() if rows}


def reached(wire):
    return sorted(message.recipients[0].partition("@")[0] for message in wire.messages)


# ------------------------------------------------------------------ at planning
def test_who_paused_or_reads_by_feed_is_not_planned(article, news, three, wire):
    choose(three[0], until=today() + timedelta(days=1))
    choose(three[1], frequency=Frequency.FEED)
    assert finish(begin(article, news)) == {"delivered": 1}
    assert reached(wire) == ["r2"]


def test_a_pause_ends_by_itself_on_its_day(article, news, three, wire):
    choose(three[0], until=today() + timedelta(days=1))
    Subscription.objects.filter(subscriber=three[0].subscriber).update(paused_until=today())  # as on the morning after
    assert finish(begin(article, news)) == {"delivered": 3}


def test_who_resumes_before_the_end_of_a_pause_or_goes_back_to_mail_is_planned(article, news, three, wire):
    choose(three[0], until=today() + timedelta(days=300))
    choose(three[1], frequency=Frequency.FEED)
    for one in three[:2]:
        choose(one)
    assert finish(begin(article, news)) == {"delivered": 3}


def test_who_joins_by_the_preferences_gets_the_next_issue_and_who_left_all_gets_none(article, publication, three, wire):
    other = create_list("other", publication=publication)
    preferences.join(three[0], "other", now=timezone.now())
    preferences.join(three[1], "other", now=timezone.now())
    preferences.leave_all(three[1], now=timezone.now())
    assert finish(begin(article, other)) == {"delivered": 1}
    assert reached(wire) == ["r0"]


# ------------------------------------------------------------------ in a campaign that runs
CHANGES = {
    "pausing": lambda one: choose(one, until=today() + timedelta(days=7)),
    "choosing the feed": lambda one: choose(one, frequency=Frequency.FEED),
    "leaving": lambda one: preferences.leave(one, "news", now=timezone.now()),
    "leaving all": lambda one: preferences.leave_all(one, now=timezone.now()),
    "being erased": lambda one: erase_reader(one.subscriber.address, now=timezone.now()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_after_planning_is_obeyed(article, news, three, wire, change):
    campaign = begin(article, news)
    CHANGES[change](three[1])
    assert finish(campaign) == {"delivered": 2, "skipped": 1}
    assert reached(wire) == ["r0", "r2"]


@pytest.mark.parametrize("change", ["pausing", "choosing the feed", "leaving"])
def test_a_change_that_is_taken_back_before_the_mail_goes_out_is_obeyed_too(article, news, three, wire, change):
    campaign = begin(article, news)
    CHANGES[change](three[1])
    if change == "leaving":
        preferences.join(three[1], "news", now=timezone.now())
    else:
        choose(three[1])
    assert finish(campaign) == {"delivered": 3}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_while_a_mail_waits_for_its_next_try_is_obeyed(article, news, three, wire, change):
    wire.answer("r1@example.org", "451 4.3.0 Later", "250 OK", at="data")
    campaign = begin(article, news)
    send.send_due(campaign.mailing_id)
    CHANGES[change](three[1])
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    Delivery.objects.filter(state=State.DEFERRED).update(due_at=long_ago)
    Batch.objects.filter(due_at__isnull=False).update(due_at=long_ago)
    assert finish(campaign) == {"delivered": 2, "skipped": 1}
    assert reached(wire) == ["r0", "r2"]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_a_sender_that_has_the_batch_in_hand(article, news, three, wire, change):
    """It asks `withdrawn` each second, and sends nothing to whoever stands there."""
    mailing = Mailing.objects.get(pk=begin(article, news).mailing_id)
    batch = ledger.claim(mailing.pk, ledger.open_lease("run", "here:1", site="site", boot="boot"))
    assert ledger.withdrawn(mailing, batch) == set()
    CHANGES[change](three[1])
    assert ledger.withdrawn(mailing, batch) == {three[1].subscriber.pk}


# ------------------------------------------------------------------ other lists, other people
def test_what_one_reader_chose_for_one_list_holds_for_no_other_list_and_no_other_reader(article, publication, news, three, wire):
    other = create_list("other", publication=publication)
    for one in three:
        preferences.join(one, "other", now=timezone.now())
    choose(three[0], frequency=Frequency.FEED)
    assert finish(begin(article, other)) == {"delivered": 3}
    assert finish(begin(article, news)) == {"delivered": 2}
