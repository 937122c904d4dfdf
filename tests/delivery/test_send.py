from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from syndication.articles.models import Article
from syndication.audience.models import Subscriber
from syndication.audience.self_service import leave
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.explain import explain
from syndication.campaigns.models import Campaign
from syndication.campaigns.status import status, verify
from syndication.delivery.ledger import plan, reconcile
from syndication.delivery.ledger.doubt_policy import set_doubt_policy
from syndication.delivery.limits import plans
from syndication.delivery.models import Batch, Delivery, Lease, Mailing
from syndication.delivery.sending import send
from syndication.delivery.servers.change import Wish as ServerWish
from syndication.delivery.servers.change import add as add_server
from syndication.delivery.servers.models import SmtpServer
from syndication.delivery.signing.keys import look_again
from syndication.delivery.signing.rotate import make_keys, put_in_use
from syndication.delivery.states import Doubt, State
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


def test_an_address_outside_ascii_is_reached_where_the_server_takes_it(article, news, readers, wire):
    readers(1)
    Subscriber.objects.update(address="jürgen.groß@bücher.example", name="Jürgen Groß")
    campaign = create(Wish(article, news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    assert counts(run(control.campaign_of(campaign.pk))) == {"delivered": 1}
    (received,) = wire.messages
    assert received.recipients == ("jürgen.groß@bücher.example",)
    headers, _, body = received.content.partition(b"\r\n\r\n")
    assert "To: =?utf-8?q?J=C3=BCrgen_Gro=C3=9F?= <jürgen.groß@bücher.example>\r\n".encode() in headers
    assert body.isascii()


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


# ---------------------------------------------------------------- doubt, explained and settled


def test_a_held_delivery_is_told_with_its_cause_and_settled_by_a_person(running, wire):
    wire.answer("r0@example.org", "hang up", at="data")
    run(running)
    [told] = explain("r0@example.org", campaign_id=running.pk)
    assert told.state == "held"
    assert "nobody can know" in told.why
    attempt = next(event for event in told.events if event.what.startswith("attempt 1"))
    assert attempt.where == str(wire.host) + ":" + str(wire.port)
    assert control.settle_held(running.pk, as_delivered=True, by="ada") == 1
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 4})
    assert "settled as delivered by ada" in [event.what for event in explain("r0@example.org")[0].events]


def test_held_deliveries_are_sent_again_when_a_person_says_so(running, wire):
    wire.answer("r0@example.org", "hang up", "250 OK", at="data")
    run(running)
    assert control.settle_held(running.pk, as_delivered=False, by="ada") == 1
    assert counts(run(running)) == {"delivered": 4}


def test_a_publication_may_want_a_second_try_of_what_is_in_doubt(article, news, readers, wire):
    set_doubt_policy(news.publication_id, "campaign", Doubt.RETRY)
    readers(1)
    campaign = create(Wish(article, news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    running = control.campaign_of(campaign.pk)
    wire.answer("r0@example.org", "hang up", "250 OK", at="data")
    assert counts(run(running)) == {"deferred": 1}
    make_due(running)
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 1})


def test_a_reader_who_was_skipped_is_told_why(running, wire, news):
    reader = Subscriber.objects.get(address="r2@example.org")
    leave.unsubscribe(leave.unsubscribe_token(reader.pk, news.pk), how="link", now=NOW)
    run(running)
    [told] = explain("r2@example.org", campaign_id=running.pk)
    assert told.state == "skipped"
    assert "unsubscribed" in told.why
    assert "unsubscribed on the list, by link" in [event.what for event in told.events]


def test_a_reader_who_came_later_is_told_why_not_in(running, wire, news):
    from syndication.audience.subscribe import Person, add

    add(Person("late@example.org"), to=news, confirmed=True, how="staff", now=NOW)
    [told] = explain("late@example.org", campaign_id=running.pk)
    assert (told.state, "after the mailing was planned" in told.why) == ("not planned", True)


def test_a_reader_whose_values_break_the_template_fails_alone(article, news, readers, wire):
    readers(3)
    Article.objects.update(html="<p>{{ 100 / (subscriber.attributes.share | default(5)) }}</p>")
    Subscriber.objects.filter(address="r1@example.org").update(attributes={"share": 0})
    campaign = create(Wish(Article.objects.get(), news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    running = control.campaign_of(campaign.pk)
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 2, "failed": 1})
    [told] = explain("r1@example.org")
    assert "divides by zero" in told.why


# ---------------------------------------------------------------- DKIM, disk


def test_copies_are_signed_with_the_keys_that_the_mailing_began_with(article, news, readers, wire):
    readers(2)
    row = make_keys("weekly.example.org", ["ed25519"], selector="s1", now=NOW)[0]
    put_in_use(row, now=NOW)
    look_again()
    campaign = create(Wish(article, news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    assert counts(run(control.campaign_of(campaign.pk))) == {"delivered": 2}
    for one in wire.messages:
        assert "d=weekly.example.org" in one.message["DKIM-Signature"]
        assert "a=ed25519-sha256" in one.message["DKIM-Signature"]


def test_a_disk_without_room_for_the_journal_stops_before_anything_is_claimed_and_says_so(running, wire, settings, tmp_path):
    there, full = settings.JOURNAL, tmp_path / "full"
    full.write_text("no folder")
    settings.JOURNAL = full / "journal"
    found = run(running)
    assert counts(found) == {"planned": 4}
    assert "journal folder" in found.waits_because
    assert wire.messages == []
    settings.JOURNAL = there
    Mailing.objects.update(waits_until=None)
    assert counts(run(running)) == {"delivered": 4}


def test_nothing_is_left_of_a_run_that_has_ended(running, wire, settings):
    run(running)
    assert [path.name for path in settings.JOURNAL.iterdir()] == ["site"]
    assert not Lease.objects.exists()


# ---------------------------------------------------------------- several servers


def test_a_server_that_is_away_rests_while_the_other_one_takes_its_share(running, wire, publication):
    add_server(ServerWish("smtp://127.0.0.1:1", name="gone"))
    add_server(ServerWish(wire.url, name="here"))
    found = run(running)
    assert (found.state, counts(found)) == ("finished", {"delivered": 4})
    gone = SmtpServer.objects.get(name="gone")
    assert "127.0.0.1:1 cannot be reached" in gone.away_because
    assert found.waits_because == ""


def test_when_every_server_is_away_the_campaign_waits_and_says_for_which(running):
    add_server(ServerWish("smtp://127.0.0.1:1", name="gone"))
    found = run(running)
    assert counts(found) == {"planned": 4}
    assert "127.0.0.1:1 cannot be reached" in found.waits_because
    send.send_due(running.mailing_id)
    assert "gone rests until" in status(running.pk).waits_because


def test_many_senders_that_find_no_server_do_not_make_the_wait_longer(running, settings):
    settings.SMTP = SmtpAddress("127.0.0.1", 1)
    for _ in range(6):
        send.send_due(running.mailing_id)
    until = Mailing.objects.get(pk=running.mailing_id).waits_until
    assert until - datetime.now(UTC) <= send.LOOK_AGAIN


def test_what_a_warm_up_plan_holds_back_is_said_on_the_campaign_which_goes_on(running, wire):
    plans.start("weekly.example.org", plans.Wish(1, 1.5, 100, 0.01), datetime.now(UTC))
    send._LIMITER._rulebook.forget()  # which it would do by itself within two seconds
    found = run(running)
    assert found.waits_because.startswith("slowed down: ")
    assert found.waits_until is None
