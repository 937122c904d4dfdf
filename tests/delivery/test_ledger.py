from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from syndication.audience import leave
from syndication.audience.suppress import suppress
from syndication.delivery import ledger, plan, reconcile
from syndication.delivery.database import new_owner
from syndication.delivery.ledger import Mark, Settlement
from syndication.delivery.models import Delivery, Mailing
from syndication.delivery.outcome import Outcome
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DATE = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
TAKEN = Outcome(State.DELIVERED, "2.0.0 queued", 250)


@pytest.fixture
def planned(mailing, readers):
    readers(5)
    plan.plan(mailing.pk)
    mailing.refresh_from_db()
    return mailing


def states(mailing):
    return sorted(State(state).word for state in mailing.deliveries.values_list("state", flat=True))


def claim(mailing, owner, limit=50):
    return ledger.claim(mailing, owner, limit=limit)


def mark(mailing, one, owner):
    return ledger.mark_transmitting(mailing, Mark(one, owner, DATE))


def settle(one, owner, outcome=TAKEN):
    return ledger.settle(Settlement(one, owner, outcome))


def unsubscribe(address, news):
    from syndication.audience.models import Subscriber

    subscriber = Subscriber.objects.get(address=address)
    leave.unsubscribe(leave.unsubscribe_token(subscriber.pk, news.pk), how="link", now=DATE)


def let_leases_lapse():
    Delivery.objects.exclude(lease_until=None).update(lease_until=Now() - timedelta(seconds=1))


# ---------------------------------------------------------------- planning


def test_planning_adds_one_row_for_each_confirmed_reader_in_pages_and_only_once(mailing, readers, news, monkeypatch):
    monkeypatch.setattr(plan, "PAGE", 3)
    readers(7)
    unsubscribe("r3@example.org", news)
    assert plan.plan(mailing.pk) == 6
    assert plan.plan(mailing.pk) == 6
    assert mailing.deliveries.count() == 6


def test_planning_that_was_interrupted_goes_on_where_it_stopped(mailing, readers, monkeypatch):
    monkeypatch.setattr(plan, "PAGE", 2)
    readers(5)
    plan._plan_page(mailing.pk)
    assert mailing.deliveries.count() == 2
    assert plan.plan(mailing.pk) == 5


def test_a_cancelled_mailing_is_not_planned_on(mailing, readers):
    readers(3)
    Mailing.objects.update(state=Mailing.State.CANCELLED)
    assert plan.plan(mailing.pk) == 0
    mailing.refresh_from_db()
    assert mailing.state == Mailing.State.CANCELLED


# ---------------------------------------------------------------- claiming


def test_two_owners_never_claim_the_same_row(planned):
    one, two = claim(planned, "a", limit=3), claim(planned, "b")
    assert len(one) == 3
    assert len(two) == 2
    assert not {claimed.id for claimed in one} & {claimed.id for claimed in two}
    assert claim(planned, "c") == []


def test_a_mailing_that_is_not_open_gives_no_claims(planned):
    for state in (Mailing.State.PAUSED, Mailing.State.CANCELLED, Mailing.State.PLANNING, Mailing.State.CLOSED):
        Mailing.objects.update(state=state)
        assert claim(planned, "a") == []


def test_who_left_or_is_suppressed_since_planning_is_skipped_at_the_claim(planned, news):
    unsubscribe("r1@example.org", news)
    suppress("r2@example.org", reason="complained", publication=news.publication)
    suppress("r3@example.org", reason="bounced")
    assert [one.address for one in claim(planned, "a")] == ["r0@example.org", "r4@example.org"]
    assert states(planned) == ["claimed", "claimed", "skipped", "skipped", "skipped"]


def test_a_claim_whose_every_row_must_be_skipped_goes_on_to_the_next_rows(planned, news):
    for number in range(2):
        unsubscribe(f"r{number}@example.org", news)
    assert [one.address for one in claim(planned, "a", limit=2)] == ["r2@example.org", "r3@example.org"]


def test_a_suppression_of_another_publication_stops_nobody(planned):
    from syndication.articles.models import Publication

    other = Publication.objects.create(slug="other", name="O", sender_address="e@o.example.org", mail_domain="o.example.org")
    suppress("r1@example.org", reason="complained", publication=other)
    assert len(claim(planned, "a")) == 5


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by the size of the table; SQLite by the words of the statement")
def test_finding_due_rows_costs_no_more_in_a_large_mailing(planned):
    plan_of_sqlite = ledger.due(planned)[:50].explain()
    assert "USING INDEX delivery_due" in plan_of_sqlite
    assert "TEMP B-TREE" not in plan_of_sqlite


# ---------------------------------------------------------------- marking and settling


def test_only_the_owner_with_the_newest_fence_may_mark_and_settle(planned):
    zombie = new_owner()
    (old,) = claim(planned, zombie, limit=1)
    let_leases_lapse()
    reconcile.reconcile()
    new = next(one for one in claim(planned, "b") if one.id == old.id)
    assert not mark(planned, old, zombie)
    assert mark(planned, new, "b")
    assert not settle(old, zombie)
    assert settle(new, "b")


def test_an_unsubscribe_between_claim_and_transmission_is_obeyed(planned, news):
    claims = claim(planned, "a")
    unsubscribe(claims[0].address, news)
    assert not mark(planned, claims[0], "a")
    assert mark(planned, claims[1], "a")


@pytest.mark.parametrize("state", [Mailing.State.PAUSED, Mailing.State.CANCELLED])
def test_a_pause_or_cancel_is_obeyed_before_the_next_message(planned, state):
    (one,) = claim(planned, "a", limit=1)
    Mailing.objects.update(state=state)
    assert not mark(planned, one, "a")


def test_a_second_attempt_keeps_the_date_of_the_first(planned):
    (one,) = claim(planned, "a", limit=1)
    mark(planned, one, "a")
    settle(one, "a", Outcome(State.DEFERRED, "later", 451, due_at=DATE))
    again = next(found for found in claim(planned, "b") if found.id == one.id)
    assert (again.sent_at, again.attempts) == (DATE, 2)


def test_an_outcome_is_written_with_its_reply_and_time(planned):
    (one,) = claim(planned, "a", limit=1)
    mark(planned, one, "a")
    assert settle(one, "a")
    row = Delivery.objects.get(pk=one.id)
    assert (row.state, row.reply_code, row.reply, row.owner) == (State.DELIVERED, 250, "2.0.0 queued", "")
    assert row.settled_at is not None
    assert not settle(one, "a")


def test_rows_that_were_not_begun_go_back_without_counting_an_attempt(planned):
    claims = claim(planned, "a")
    mark(planned, claims[0], "a")
    assert ledger.release(planned, "a") == 4
    assert states(planned) == ["planned"] * 4 + ["transmitting"]
    assert set(planned.deliveries.filter(state=State.PLANNED).values_list("attempts", flat=True)) == {0}


# ---------------------------------------------------------------- reconciling


def test_a_lapsed_claim_goes_back_to_planned_and_a_lapsed_transmission_is_held(planned):
    owner = new_owner()
    claims = claim(planned, owner, limit=2)
    mark(planned, claims[0], owner)
    let_leases_lapse()
    mended = reconcile.reconcile()
    assert (mended.returned, mended.in_doubt, mended.decided) == (1, 1, 1)
    assert states(planned) == ["held", "planned", "planned", "planned", "planned"]


def test_a_claim_from_before_a_restart_of_the_database_is_doubt_and_never_planned_again(planned):
    claim(planned, "anotherboot:host:1:x", limit=2)
    let_leases_lapse()
    reconcile.reconcile()
    assert states(planned) == ["held", "held", "planned", "planned", "planned"]


def test_a_living_lease_is_left_alone(planned):
    owner = new_owner()
    claims = claim(planned, owner)
    mark(planned, claims[0], owner)
    reconcile.reconcile()
    assert states(planned) == ["claimed"] * 4 + ["transmitting"]
    assert ledger.renew(owner) == 5


def test_a_sender_that_was_thought_dead_may_still_tell_the_truth(planned):
    owner = new_owner()
    (one,) = claim(planned, owner, limit=1)
    mark(planned, one, owner)
    let_leases_lapse()
    reconcile.reconcile()
    assert Delivery.objects.get(pk=one.id).state == State.HELD
    assert settle(one, owner)
    assert Delivery.objects.get(pk=one.id).state == State.DELIVERED


def test_a_confirmation_in_doubt_is_tried_once_more_and_then_held(planned, news):
    from syndication.audience.models import Subscription

    Subscription.objects.update(state="pending")
    Mailing.objects.update(kind=Mailing.Kind.CONFIRMATION)
    planned.refresh_from_db()
    for expected in (State.DEFERRED, State.HELD):
        owner = new_owner()
        one = claim(planned, owner, limit=1)[0]
        mark(planned, one, owner)
        settle(one, owner, Outcome(State.IN_DOUBT, "no answer"))
        reconcile.reconcile()
        assert Delivery.objects.get(pk=one.id).state == expected
        Delivery.objects.exclude(pk=one.id).delete()


def test_the_rest_of_a_cancelled_mailing_is_skipped(planned):
    (one,) = claim(planned, "a", limit=1)
    mark(planned, one, "a")
    settle(one, "a")
    Mailing.objects.update(state=Mailing.State.CANCELLED)
    assert reconcile.reconcile().cancelled == 4
    assert states(planned) == ["delivered"] + ["skipped"] * 4


def test_reconciling_twice_changes_nothing_more(planned):
    owner = new_owner()
    claim(planned, owner)
    let_leases_lapse()
    reconcile.reconcile()
    assert reconcile.reconcile() == reconcile.Mended()


# ---------------------------------------------------------------- bells and closing


def test_a_bell_rings_for_due_rows_without_a_sender_and_not_while_one_works_or_waits(planned):
    assert [bell.mailing_id for bell in reconcile.bells()] == [planned.pk]
    claim(planned, new_owner(), limit=1)
    assert reconcile.bells() == []
    let_leases_lapse()
    reconcile.reconcile()
    Mailing.objects.update(waits_until=datetime.now(UTC) + timedelta(minutes=1))
    assert reconcile.bells() == []


def test_a_bell_rings_for_a_mailing_whose_planning_was_interrupted(mailing):
    assert [bell.is_planning for bell in reconcile.bells()] == [True]


def test_a_mailing_closes_when_every_row_is_final_and_the_sums_agree(planned):
    assert reconcile.close_finished() == []
    for one in claim(planned, "a"):
        mark(planned, one, "a")
        settle(one, "a")
    assert reconcile.close_finished() == [planned.pk]


def test_a_mailing_whose_sums_do_not_agree_is_never_closed(planned):
    planned.deliveries.update(state=State.DELIVERED)
    planned.deliveries.first().delete()
    assert reconcile.close_finished() == []


def test_an_older_bell_is_no_longer_current(planned):
    first = reconcile.new_bell(planned.pk)
    second = reconcile.new_bell(planned.pk)
    assert not reconcile.is_current(planned.pk, first)
    assert reconcile.is_current(planned.pk, second)


def test_the_ledger_refuses_a_second_row_for_a_reader(planned):
    from django.db import IntegrityError, transaction

    row = planned.deliveries.first()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(mailing=planned, subscriber=row.subscriber, address="x@example.org", due_at=DATE)
    assert connection.vendor in {"sqlite", "postgresql"}
