from datetime import UTC, datetime

import pytest

from syndication.delivery.journal import files, records
from syndication.delivery.journal.files import JournalFile
from syndication.delivery.journal.records import Settled
from syndication.delivery.ledger import plan
from syndication.delivery.ledger import statements as ledger
from syndication.delivery.ledger.recover import ELSEWHERE_SECONDS, recover
from syndication.delivery.ledger.statements import Came
from syndication.delivery.models import Attempt, Batch, Delivery, Lease, Mailing
from syndication.delivery.states import Doubt, State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def planned(mailing, readers, settings, tmp_path):
    settings.JOURNAL = tmp_path / "journal"
    readers(5)
    plan.plan(mailing.pk)
    mailing.refresh_from_db()
    return mailing


class Sender:
    """One run that has claimed the batch and will die."""

    def __init__(self, mailing, folder):
        self.mailing = mailing
        self.journal = JournalFile(folder)
        self.lease = ledger.open_lease(self.journal.run, self.journal.owner, site=self.journal.site, boot=self.journal.boot)
        self.batch = ledger.claim(mailing.pk, self.lease)
        self.rows = ledger.rows_of(mailing, self.batch)
        self.journal.append(records.claimed(self.batch.id, self.batch.fence))

    def note(self, *lines):
        self.journal.append(b"".join(lines))

    def intent(self, number, attempt=1):
        return records.intent(self.batch.id, self.rows[number].subscriber, 1_700_000_000, attempt)

    def outcome(self, number, state=State.DELIVERED, **more):
        return records.outcome(Settled(self.batch.id, self.rows[number].subscriber, state, 1, 1_700_000_000, **more))

    def die(self):
        self.journal.close()


@pytest.fixture
def sender(planned, settings):
    made = Sender(planned, settings.JOURNAL)
    yield made
    made.journal.close()


def settle(mailing_id, batch, outcomes, *, release):
    """As a run does it: what was simply taken apart from the rest."""
    usual = [one for one in outcomes if (one.state, one.attempt, one.code) == (State.DELIVERED, 1, 250)]
    taken = [(one.sent_at, one.reply, one.subscriber) for one in usual]
    return ledger.settle(mailing_id, batch, Came([one for one in outcomes if one not in usual], taken), release=release)


def states(mailing):
    return [State(state).word for state in mailing.deliveries.order_by("subscriber").values_list("state", flat=True)]


def test_a_dead_sender_loses_nothing_and_only_what_was_at_the_wire_is_held(planned, sender):
    sender.note(sender.intent(0), sender.intent(1), sender.outcome(0, code=250, reply="4Fz"))
    sender.die()
    assert recover() == 1
    assert states(planned) == ["delivered", "held", "planned", "planned", "planned"]
    held = Attempt.objects.get()
    assert (held.state, held.kind) == (State.HELD, "doubt")
    assert "died while it transmitted" in held.reply
    kept = Batch.objects.get()
    assert (kept.lease, kept.delivered, kept.held, kept.due_at is not None) == (None, 1, 1, True)
    assert not Lease.objects.exists()
    assert not list(files.orphans(sender.journal.path.parent))


def test_a_sender_that_lives_is_left_alone(planned, sender):
    Lease.objects.update(until=LONG_AGO.replace(year=2027))
    sender.note(sender.intent(0))
    assert recover() == 0
    assert Batch.objects.get().lease_id == sender.lease


def test_what_was_settled_before_the_death_is_not_settled_twice(planned, sender):
    sender.note(sender.intent(0), sender.outcome(0, State.BOUNCED, code=550, reply="no", at=1))
    told = records.read(sender.journal.path.read_bytes())
    settle(planned.pk, sender.batch, list(told.outcomes.values()), release=False)
    sender.die()
    recover()
    assert states(planned)[0] == "bounced"
    assert Attempt.objects.count() == 1


def test_a_deferred_attempt_that_was_settled_before_the_death_is_told_once(planned, sender):
    sender.note(sender.intent(0), sender.outcome(0, State.DEFERRED, code=451, due_at=2_000_000_000, reply="later", at=1))
    told = records.read(sender.journal.path.read_bytes())
    settle(planned.pk, sender.batch, list(told.outcomes.values()), release=False)
    sender.die()
    recover()
    assert (states(planned)[0], Attempt.objects.count()) == ("deferred", 1)


def test_a_sender_of_this_machine_that_is_frozen_for_long_keeps_what_its_journal_can_tell(planned, sender):
    sender.note(sender.intent(0))
    Lease.objects.update(until=LONG_AGO)
    assert recover() == 0
    sender.die()
    assert recover() == 1
    assert states(planned) == ["held", "planned", "planned", "planned", "planned"]


def test_a_mailing_that_wants_it_is_tried_once_more_with_the_same_date(planned, sender):
    Mailing.objects.update(on_doubt=Doubt.RETRY)
    sender.note(sender.intent(0))
    sender.die()
    recover()
    row = Delivery.objects.get(subscriber=sender.rows[0].subscriber)
    assert (row.state, row.attempts, int(row.sent_at.timestamp())) == (State.DEFERRED, 1, 1_700_000_000)
    assert row.due_at is not None


def test_after_a_power_cut_what_was_announced_is_doubt_and_the_rest_is_planned(planned, sender, monkeypatch):
    sender.note(records.announced(sender.batch.id, [row.subscriber for row in sender.rows[:3]]))
    sender.note(sender.intent(0), sender.outcome(0, code=250))
    sender.die()
    monkeypatch.setattr(files, "boot_name", lambda: "another")
    recover()
    assert states(planned) == ["delivered", "held", "held", "planned", "planned"]


def test_a_journal_that_is_gone_leaves_doubt_and_never_planned_rows(planned, sender):
    sender.journal.forget()
    Lease.objects.update(until=LONG_AGO)
    recover()
    assert states(planned) == ["held"] * 5


def test_another_machine_has_time_to_come_back_before_its_claims_are_doubt(planned, sender):
    from syndication.delivery.ledger.database import database_now

    sender.journal.forget()
    now = database_now()
    Lease.objects.update(site="elsewhere", until=datetime.fromtimestamp(now - 60, UTC))
    assert recover() == 0
    assert set(states(planned)) == {"planned"}
    Lease.objects.update(until=datetime.fromtimestamp(now - ELSEWHERE_SECONDS - 10, UTC))
    assert recover() == 1
    assert set(states(planned)) == {"held"}


def test_a_sender_that_wakes_after_its_batch_was_settled_changes_nothing(planned, sender):
    sender.note(sender.intent(0))
    sender.die()
    recover()
    late = Settled(sender.batch.id, sender.rows[0].subscriber, State.DELIVERED, 1, 1, code=250)
    assert not settle(planned.pk, sender.batch, [late], release=True)
    assert states(planned)[0] == "held"


def test_a_reader_whose_message_kills_three_senders_in_a_row_fails_and_the_others_go_on(planned, settings):
    for death in range(3):
        one = Sender(planned, settings.JOURNAL)
        if death:
            assert one.batch.deaths  # from the second death on the sender notes what it makes
            one.note(records.composing(one.batch.id, one.rows[0].subscriber))
        one.die()
        recover()
    assert states(planned) == ["failed", "planned", "planned", "planned", "planned"]
    assert Attempt.objects.get().kind == "poison"


def test_deaths_at_different_readers_are_nobodys_fault(planned, settings):
    for number in (0, 1, 2, 3):
        one = Sender(planned, settings.JOURNAL)
        one.note(records.composing(one.batch.id, one.rows[number].subscriber))
        one.die()
        recover()
    assert set(states(planned)) == {"planned"}
