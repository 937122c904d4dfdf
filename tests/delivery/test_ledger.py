from datetime import UTC, datetime

import pytest
from django.db import connection

from syndication.audience.models import Subscriber
from syndication.audience.self_service import leave
from syndication.audience.suppression.suppress import suppress
from syndication.delivery.journal.records import Settled
from syndication.delivery.ledger import correct, plan, reconcile
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.statements import Came
from syndication.delivery.models import Attempt, Batch, Delivery, Lease, Mailing
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
DATE = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
SENT_AT = int(DATE.timestamp())


@pytest.fixture
def planned(mailing, readers):
    readers(5)
    plan.plan(mailing.pk)
    mailing.refresh_from_db()
    return mailing


@pytest.fixture
def lease():
    return ledger.open_lease("a run", "here:1", site="site", boot="boot")


@pytest.fixture
def other_lease():
    return ledger.open_lease("another run", "there:1", site="site", boot="boot")


def states(mailing):
    return sorted(State(state).word for state in mailing.deliveries.values_list("state", flat=True))


def taken(row, batch, state=State.DELIVERED, **more):
    return Settled(batch.id, row.subscriber, state, row.attempts + 1, SENT_AT, **({"code": 250, "reply": "4Fz"} | more))


def settle(mailing_id, batch, outcomes, *, release):
    """As a run does it: what was simply taken apart from the rest."""
    usual = [one for one in outcomes if (one.state, one.attempt, one.code) == (State.DELIVERED, 1, 250)]
    taken = [(one.sent_at, one.reply, one.subscriber) for one in usual]
    return ledger.settle(mailing_id, batch, Came([one for one in outcomes if one not in usual], taken), release=release)


def unsubscribe(address, news):
    subscriber = Subscriber.objects.get(address=address)
    leave.unsubscribe(leave.unsubscribe_token(subscriber.pk, news.pk), how="link", now=DATE)


# ---------------------------------------------------------------- planning


def test_planning_adds_one_row_for_each_confirmed_reader_in_batches_and_only_once(mailing, readers, news, monkeypatch):
    monkeypatch.setattr(plan, "FIRST_BATCH", 3)
    readers(7)
    unsubscribe("r3@example.org", news)
    assert plan.plan(mailing.pk) == 6
    assert plan.plan(mailing.pk) == 6
    assert mailing.deliveries.count() == 6
    assert list(mailing.batches.order_by("low").values_list("rows", flat=True)) == [3, 3]


def test_planning_that_was_interrupted_goes_on_where_it_stopped(mailing, readers, monkeypatch):
    monkeypatch.setattr(plan, "FIRST_BATCH", 2)
    monkeypatch.setattr(plan, "PAGE", 1)
    readers(5)
    assert plan.begin(mailing.pk)
    assert mailing.deliveries.count() == 2
    assert plan.plan(mailing.pk) == 5
    assert sum(mailing.batches.values_list("rows", flat=True)) == 5


def test_the_first_batches_are_small_so_that_several_senders_share_a_small_mailing(mailing, readers):
    readers(250)
    plan.plan(mailing.pk)
    assert list(mailing.batches.order_by("low").values_list("rows", flat=True)) == [100, 100, 50]


def test_a_cancelled_mailing_is_not_planned_on(mailing, readers):
    readers(3)
    Mailing.objects.update(state=Mailing.State.CANCELLED)
    assert plan.plan(mailing.pk) == 0


def test_a_list_that_nobody_confirmed_is_planned_empty_and_closed(mailing, readers):
    assert plan.plan(mailing.pk) == 0
    assert reconcile.close_finished() == [mailing.pk]


# ---------------------------------------------------------------- claims


def test_two_senders_never_get_the_same_batch(planned, lease, other_lease):
    assert ledger.claim(planned.pk, lease) is not None
    assert ledger.claim(planned.pk, other_lease) is None


def test_a_batch_of_a_mailing_that_is_being_planned_can_be_sent_already(mailing, readers, lease):
    readers(3)
    plan.begin(mailing.pk)
    assert Mailing.objects.get().state == Mailing.State.PLANNING
    assert ledger.claim(mailing.pk, lease) is not None


@pytest.mark.parametrize("state", [Mailing.State.PAUSED, Mailing.State.CANCELLED, Mailing.State.CLOSED])
def test_nothing_is_claimed_of_a_mailing_that_is_not_open(planned, lease, state):
    Mailing.objects.update(state=state)
    assert ledger.claim(planned.pk, lease) is None


def test_rows_say_who_may_not_be_mailed_any_more(planned, lease, news):
    unsubscribe("r1@example.org", news)
    suppress("r2@example.org", reason="staff", publication=None)
    suppress("r3@example.org", reason="bounced", publication=news.publication)
    rows = ledger.rows_of(planned, ledger.claim(planned.pk, lease))
    assert [row.address for row in rows if row.is_eligible] == ["r0@example.org", "r4@example.org"]


def test_a_suppression_of_another_publication_does_not_count(planned, lease, news):
    from support.publications import make_publication

    suppress("r1@example.org", reason="staff", publication=make_publication("other"))
    assert all(row.is_eligible for row in ledger.rows_of(planned, ledger.claim(planned.pk, lease)))


def test_who_leaves_while_a_batch_is_sent_is_found(planned, lease, news):
    batch = ledger.claim(planned.pk, lease)
    assert ledger.withdrawn(planned, batch) == set()
    unsubscribe("r4@example.org", news)
    assert ledger.withdrawn(planned, batch) == {Subscriber.objects.get(address="r4@example.org").pk}


def test_a_row_that_is_not_due_yet_stays_where_it_is(planned, lease):
    later = datetime(2100, 1, 1, tzinfo=UTC)
    Delivery.objects.filter(subscriber__address="r0@example.org").update(state=State.DEFERRED, due_at=later)
    batch = ledger.claim(planned.pk, lease)
    rows = ledger.rows_of(planned, batch)
    assert len(rows) == 4
    settle(planned.pk, batch, [taken(row, batch) for row in rows], release=True)
    assert Batch.objects.get().due_at == later
    assert ledger.claim(planned.pk, lease) is None


# ---------------------------------------------------------------- settling


def test_outcomes_are_written_with_the_sums_of_their_batch(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    rows = ledger.rows_of(planned, batch)
    due = SENT_AT + 60
    outcomes = [
        taken(rows[0], batch),
        taken(rows[1], batch, State.BOUNCED, code=550, kind="hard", reply="RCPT: 5.1.1 nobody"),
        taken(rows[2], batch, State.DEFERRED, code=451, due_at=due, reply="DATA: later"),
        taken(rows[3], batch, State.HELD, code=None, kind="doubt", reply="no answer"),
        Settled(batch.id, rows[4].subscriber, State.SKIPPED, 0, None, reply="left"),
    ]
    assert settle(planned.pk, batch, outcomes, release=True)
    assert states(planned) == ["bounced", "deferred", "delivered", "held", "skipped"]
    kept = Batch.objects.get()
    assert (kept.delivered, kept.bounced, kept.deferred, kept.held, kept.skipped, kept.failed) == (1, 1, 1, 1, 1, 0)
    assert (kept.lease, int(kept.due_at.timestamp())) == (None, due)
    first = Delivery.objects.get(subscriber=rows[0].subscriber)
    assert (first.sent_at, first.code, first.reply, first.attempts) == (DATE, 250, "4Fz", 1)
    tries = Attempt.objects.order_by("pk").values_list("state", "kind", "code")
    assert list(tries) == [(State.BOUNCED, "hard", 550), (State.DEFERRED, "", 451), (State.HELD, "doubt", None)]


def test_the_date_of_the_first_attempt_stays(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    row = ledger.rows_of(planned, batch)[0]
    settle(planned.pk, batch, [taken(row, batch, State.DEFERRED, due_at=0)], release=True)
    batch = ledger.claim(planned.pk, lease)
    row = ledger.rows_of(planned, batch)[0]
    assert (row.attempts, row.sent_at) == (1, SENT_AT)
    later = Settled(batch.id, row.subscriber, State.DELIVERED, 2, SENT_AT + 500, code=250)
    settle(planned.pk, batch, [later], release=True)
    kept = Delivery.objects.get(subscriber=row.subscriber)
    assert (kept.sent_at, kept.attempts) == (DATE, 2)


def test_a_final_row_never_changes_so_that_a_journal_may_be_read_twice(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    row = ledger.rows_of(planned, batch)[0]
    settle(planned.pk, batch, [taken(row, batch)], release=False)
    settle(planned.pk, batch, [taken(row, batch, State.BOUNCED, code=550)], release=False)
    assert Delivery.objects.get(subscriber=row.subscriber).state == State.DELIVERED
    assert Attempt.objects.count() == 0


def test_a_sender_whose_batch_was_taken_over_writes_nothing(planned, lease, other_lease):
    batch = ledger.claim(planned.pk, lease)
    row = ledger.rows_of(planned, batch)[0]
    Batch.objects.update(lease=None)
    assert ledger.claim(planned.pk, other_lease).fence == batch.fence + 1
    assert not settle(planned.pk, batch, [taken(row, batch)], release=True)
    assert set(states(planned)) == {"planned"}
    assert Batch.objects.get().lease_id == other_lease


def test_a_postponed_row_keeps_its_state_and_its_attempts(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    row = ledger.rows_of(planned, batch)[0]
    settle(planned.pk, batch, [Settled(batch.id, row.subscriber, State.DEFERRED, 0, None, due_at=SENT_AT)], release=True)
    kept = Delivery.objects.get(subscriber=row.subscriber)
    assert (kept.state, kept.attempts, kept.due_at) == (State.PLANNED, 0, DATE)


def test_a_lease_is_renewed_as_long_as_nobody_took_it_away(lease):
    Lease.objects.update(until=DATE)
    assert ledger.renew(lease)
    assert Lease.objects.get().until > DATE
    ledger.close_lease(lease)
    assert not ledger.renew(lease)


def test_a_lease_that_still_owns_a_batch_is_not_closed(planned, lease):
    ledger.claim(planned.pk, lease)
    ledger.close_lease(lease)
    assert Lease.objects.exists()


# ---------------------------------------------------------------- bells and the end


def test_a_mailing_that_is_due_and_has_no_sender_rings_once_for_each_batch(mailing, readers, lease):
    readers(250)
    plan.plan(mailing.pk)
    assert [(bell.mailing_id, bell.senders) for bell in reconcile.bells()] == [(mailing.pk, 3)]
    ledger.claim(mailing.pk, lease)
    assert reconcile.bells() == []
    Lease.objects.update(until=DATE)
    assert [bell.senders for bell in reconcile.bells()] == [2]


def test_a_mailing_that_waits_for_its_server_is_left_alone(planned):
    Mailing.objects.update(waits_until=datetime(2100, 1, 1, tzinfo=UTC))
    assert reconcile.bells() == []


def test_planning_that_stopped_is_rung_for(mailing):
    assert [(bell.mailing_id, bell.is_planning) for bell in reconcile.bells()] == [(mailing.pk, True)]


def test_a_mailing_is_closed_when_every_row_is_final_and_the_sums_agree(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    rows = ledger.rows_of(planned, batch)
    assert reconcile.close_finished() == []
    settle(planned.pk, batch, [taken(row, batch) for row in rows], release=True)
    assert reconcile.close_finished() == [planned.pk]


def test_a_sum_that_does_not_agree_is_never_finished(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    settle(planned.pk, batch, [taken(row, batch) for row in ledger.rows_of(planned, batch)], release=True)
    Delivery.objects.filter(subscriber__address="r0@example.org").delete()
    assert reconcile.close_finished() == []


def test_what_was_cancelled_is_skipped_but_not_what_a_sender_has(mailing, readers, lease, monkeypatch):
    monkeypatch.setattr(plan, "FIRST_BATCH", 2)
    readers(4)
    plan.plan(mailing.pk)
    batch = ledger.claim(mailing.pk, lease)
    Mailing.objects.update(state=Mailing.State.CANCELLED)
    assert reconcile.reconcile().cancelled == 1
    assert states(mailing) == ["planned", "planned", "skipped", "skipped"]
    settle(mailing.pk, batch, [], release=True)
    reconcile.reconcile()
    assert set(states(mailing)) == {"skipped"}
    assert sum(Batch.objects.values_list("skipped", flat=True)) == 4


# ---------------------------------------------------------------- a person's word


def test_failed_rows_get_another_round_with_a_line_in_the_record(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    rows = ledger.rows_of(planned, batch)
    failed = [taken(row, batch, State.FAILED, code=None, reply="gave up") for row in rows[:2]]
    settle(planned.pk, batch, failed + [taken(row, batch) for row in rows[2:]], release=True)
    assert correct.plan_again(planned.pk, [State.FAILED], by="ada") == 2
    assert states(planned) == ["delivered"] * 3 + ["planned"] * 2
    assert (Batch.objects.get().failed, Batch.objects.get().due_at is not None) == (0, True)
    assert Attempt.objects.filter(reply="planned again by ada", number=0).count() == 2


def test_held_rows_are_settled_as_delivered_by_somebody_who_knows(planned, lease):
    batch = ledger.claim(planned.pk, lease)
    rows = ledger.rows_of(planned, batch)
    settle(planned.pk, batch, [taken(row, batch, State.HELD, code=None) for row in rows], release=True)
    assert correct.call_delivered(planned.pk, by="ada", only={rows[0].subscriber}) == 1
    assert states(planned) == ["delivered"] + ["held"] * 4
    assert correct.plan_again(planned.pk, [State.HELD], by="ada") == 4


# ---------------------------------------------------------------- the cost of a claim


def test_a_claim_reads_its_batch_by_the_index_and_not_the_mailing(planned):
    question = "SELECT 1 FROM syndication_delivery d WHERE d.mailing_id = 1 AND d.subscriber_id BETWEEN 1 AND 9"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # five rows are read whole otherwise
            cursor.execute(f"EXPLAIN {question}")
            wanted = "((mailing_id = 1) AND (subscriber_id >= 1) AND (subscriber_id <= 9))"
        else:
            cursor.execute(f"EXPLAIN QUERY PLAN {question}")
            wanted = "(mailing_id=? AND subscriber_id>? AND subscriber_id<?)"
        assert wanted in str(cursor.fetchall())
