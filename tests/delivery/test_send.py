from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from syndication.articles.models import Article
from syndication.audience import leave
from syndication.audience.models import Subscriber
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.models import Campaign
from syndication.campaigns.status import status, verify
from syndication.delivery import plan, reconcile, send
from syndication.delivery.models import Batch, Delivery, Mailing
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.states import State
from syndication.environment import SmtpAddress

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = '<p>Hello {{ subscriber.first_name | default(&quot;there&quot;) }}.</p><h2>News</h2><p>It is <a href="https://example.org/x">here</a>.</p>'


@pytest.fixture
def article(publication):
    return Article.objects.create(
        publication=publication, slug="news", title="The news", summary="All of it", html=BODY, language="en", updated_at=NOW
    )


@pytest.fixture
def wire(smtp_server, settings, tmp_path):
    settings.JOURNAL = tmp_path / "journal"
    settings.SMTP = SmtpAddress(smtp_server.host, smtp_server.port)
    yield smtp_server
    send.close_connections()


@pytest.fixture
def running(article, news, readers, wire):
    """A started campaign with four readers, planned."""
    readers(4)
    Subscriber.objects.filter(address="r1@example.org").update(name="Ada Lovelace")
    campaign = create(Wish(article, news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    return control.campaign_of(campaign.pk)


def run(campaign):
    send.send_due(campaign.mailing_id)
    reconcile.close_finished()
    control.finish_closed(datetime.now(UTC))
    return status(campaign.pk)


def make_due(campaign):
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    Delivery.objects.filter(mailing=campaign.mailing_id, state=State.DEFERRED).update(due_at=long_ago)
    Batch.objects.filter(mailing=campaign.mailing_id, due_at__isnull=False).update(due_at=long_ago)


def counts(found):
    return {word: rows for word, rows in found.deliveries.items() if rows}


def test_every_reader_gets_one_message_of_their_own_and_the_sums_agree(running, wire):
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 4})
    assert sorted(message.recipients for message in wire.messages) == [(f"r{number}@example.org",) for number in range(4)]
    by_reader = {message.recipients[0]: message.message for message in wire.messages}
    assert "Hello Ada." in by_reader["r1@example.org"].get_body(("plain",)).get_content()
    assert "Hello there." in by_reader["r2@example.org"].get_body(("html",)).get_content()
    assert verify(running.pk).agrees
    assert wire.connections <= 4


def test_a_second_run_sends_nothing(running, wire):
    run(running)
    assert send.send_due(running.mailing_id).settled == 0
    assert len(wire.messages) == 4


def test_each_copy_has_the_headers_that_let_a_reader_leave_and_a_bounce_be_known(running, wire):
    run(running)
    one = next(message for message in wire.messages if message.recipients == ("r1@example.org",))
    https, mailto = one.message["List-Unsubscribe"].split(", ")
    assert https.startswith("<https://news.example.org/u/")
    assert mailto.startswith("<mailto:u+")
    assert one.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert one.message["List-Id"].endswith("<news.weekly.example.org>")
    assert one.sender.startswith("b+")
    assert one.sender.endswith("@weekly.example.org")
    assert len({message.sender for message in wire.messages}) == 4
    assert len({message.message["Message-ID"] for message in wire.messages}) == 4
    token = https.rstrip(">").rstrip("/").rpartition("/")[2]
    assert leave.unsubscribe(token, how="one-click", now=NOW).address_hint == "r…@example.org"


def test_an_unsubscribe_while_it_runs_is_obeyed(running, wire, news):
    reader = Subscriber.objects.get(address="r2@example.org")
    leave.unsubscribe(leave.unsubscribe_token(reader.pk, news.pk), how="link", now=NOW)
    found = run(running)
    assert counts(found) == {"delivered": 3, "skipped": 1}
    assert ("r2@example.org",) not in [message.recipients for message in wire.messages]


def test_a_mailbox_that_does_not_exist_bounces_and_the_others_go_on(running, wire):
    wire.answer("r0@example.org", "550 5.1.1 No such user")
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 3, "bounced": 1})
    row = Delivery.objects.get(subscriber__address="r0@example.org")
    assert (row.reply_code, row.reply) == (550, "RCPT: 5.1.1 No such user")


def test_a_deferred_message_is_sent_later_with_the_same_id_date_and_bytes(running, wire):
    wire.answer("r0@example.org", "451 4.3.0 Later", "250 OK", at="data")
    found = run(running)
    assert (found.state, counts(found)) == ("running", {"delivered": 3, "deferred": 1})
    first_date = Delivery.objects.get(subscriber__address="r0@example.org").sent_at
    make_due(running)
    assert counts(run(running)) == {"delivered": 4}
    again = next(message for message in wire.messages if message.recipients == ("r0@example.org",))
    assert again.message["Date"].datetime == first_date


def test_silence_after_the_dot_holds_the_delivery_and_is_never_sent_again(running, wire):
    wire.answer("r0@example.org", "hang up", at="data")
    run(running)
    reconcile.reconcile()
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 3, "held": 1})
    assert "no answer after the end of the message" in Delivery.objects.get(subscriber__address="r0@example.org").reply


def test_a_connection_lost_in_the_envelope_is_tried_again(running, wire):
    wire.answer("r0@example.org", "hang up", "250 OK")
    found = run(running)
    assert counts(found) == {"delivered": 3, "deferred": 1}
    make_due(running)
    assert counts(run(running)) == {"delivered": 4}
    assert len(wire.messages) == 4


def test_a_server_that_is_away_fails_nobody_and_the_campaign_says_what_it_waits_for(running, wire, settings):
    there = settings.SMTP
    settings.SMTP = SmtpAddress("127.0.0.1", 1)
    found = run(running)
    assert counts(found) == {"planned": 4}
    assert "127.0.0.1:1 cannot be reached" in found.waits_because
    assert reconcile.bells() == []
    settings.SMTP = there
    Mailing.objects.update(waits_until=Now() - timedelta(seconds=1))
    SmtpServer.objects.update(away_until=None)
    assert [bell.mailing_id for bell in reconcile.bells()] == [running.mailing_id]
    found = run(running)
    assert (found.state, found.waits_because) == ("finished", "")


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(running, wire):
    control.pause(running.pk)
    assert counts(run(running)) == {"planned": 4}
    control.resume(running.pk)
    assert counts(run(running)) == {"delivered": 4}


def test_a_cancelled_campaign_sends_nothing_more_and_its_sums_agree(running, wire):
    control.cancel(running.pk, now=NOW)
    found = run(running)
    assert (found.state, counts(found)) == ("cancelled", {"skipped": 4})
    assert wire.messages == []
    assert verify(running.pk).agrees


def test_failed_deliveries_can_be_given_another_round(running, wire):
    wire.answer("r0@example.org", "550 5.1.1 No such user")
    run(running)
    Delivery.objects.filter(subscriber__address="r3@example.org").update(state=State.FAILED)
    Batch.objects.update(failed=1, delivered=F("delivered") - 1)
    assert control.retry_failed(running.pk) == 1
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 3, "bounced": 1})


def test_starting_twice_makes_one_mailing(running):
    assert control.start(running.pk, now=NOW) == running.mailing_id
    assert Mailing.objects.count() == 1


def test_a_campaign_that_is_due_but_cannot_start_goes_back_to_draft_with_the_reason(article, news, readers):
    readers(1)
    at = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    campaign = create(Wish(article, news, at=at, zone="UTC"), now=datetime.now(UTC)).campaign
    news.subscriptions.update(state="unsubscribed")
    later = datetime.now(UTC) + timedelta(minutes=6)
    assert control.due(later) == [campaign.pk]
    assert control.start_due(campaign.pk, now=later) is None
    campaign.refresh_from_db()
    assert campaign.state == Campaign.State.DRAFT
    assert "no confirmed subscriber" in campaign.problem
    assert campaign.mailing is None


def test_a_changed_article_does_not_change_a_mailing_that_has_begun(running, wire, article):
    Article.objects.filter(pk=article.pk).update(html="<p>Something else</p>", title="Other")
    run(running)
    assert {message.message["Subject"] for message in wire.messages} == {"The news"}
    assert "It is" in wire.messages[0].message.get_body(("plain",)).get_content()
