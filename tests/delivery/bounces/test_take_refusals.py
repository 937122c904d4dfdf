"""Refusals at the wire follow the same rules as mail that comes back, beside the senders, once."""

from datetime import UTC, datetime, timedelta

import pytest
from support.returned_mail import dsn

from syndication.audience.models import Subscriber, Suppression
from syndication.delivery.bounces.models import RefusalsRead
from syndication.delivery.bounces.take_refusals import refusal_of, take_refusals
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def refused(mailing):
    """Writes an attempt as a sender does."""
    from syndication.delivery.models import Attempt

    def add(reader, reply="RCPT: 5.1.1 no such user", *, code=550, state=State.BOUNCED, number=1):
        return Attempt.objects.create(
            mailing=mailing, subscriber=reader, at=NOW, number=number, state=state, code=code, reply=reply, kind="x"
        )

    return add


def score(reader):
    return Subscriber.objects.get(pk=reader.pk).bounce_score


def test_an_unknown_user_at_the_wire_is_off_at_once(made, refused, reader, suppressed):
    refused(reader)
    assert take_refusals(NOW) == 1
    assert suppressed() == [("bounced", None)]
    assert reader.events.get().source == "smtp"


def test_twice_is_once(made, refused, reader):
    refused(reader, "RCPT: 5.2.2 mailbox full", code=552)
    assert [take_refusals(NOW), take_refusals(NOW + timedelta(days=2))] == [1, 0]
    assert (score(reader), reader.events.count()) == (0.5, 1)


def test_the_same_copys_returned_mail_counts_no_second_time(made, refused, reader, comes):
    refused(reader, "RCPT: 5.2.2 mailbox full", code=552)
    take_refusals(NOW)
    comes(dsn(status="5.2.2", diagnostic="smtp; 552 5.2.2 over quota"), now=NOW + timedelta(days=2))
    assert (score(reader), reader.events.count()) == (0.5, 1)


def test_a_refusal_of_the_sender_is_no_refusal_of_the_reader(made, refused, reader, suppressed):
    refused(reader, "MAIL: 5.7.1 sender rejected", code=550, state=State.FAILED)
    take_refusals(NOW)
    assert (suppressed(), score(reader), reader.events.get().kind) == ([], 0, "sender's fault")


def test_a_full_mailbox_given_up_after_days_costs_half_a_point(made, refused, reader, suppressed):
    refused(reader, "given up after 72 hours: RCPT: 4.2.2 mailbox full", code=452, state=State.FAILED, number=9)
    take_refusals(NOW)
    assert (suppressed(), score(reader)) == ([], 0.5)


@pytest.mark.parametrize(("state", "code"), [(State.DEFERRED, 450), (State.FAILED, None), (State.HELD, None)])
def test_what_is_not_final_or_no_answer_changes_nobody(made, refused, reader, state, code):
    refused(reader, state=state, code=code)
    assert take_refusals(NOW) == 0
    assert not reader.events.exists()


def test_the_mark_moves_only_to_what_no_slow_transaction_can_still_hold(made, refused, reader):
    first = refused(reader)
    take_refusals(NOW)
    assert RefusalsRead.objects.get().upto == 0
    take_refusals(NOW + timedelta(seconds=121))
    assert RefusalsRead.objects.get().upto == first.pk


def test_an_attempt_that_was_committed_late_is_still_found(made, refused, reader):
    from syndication.delivery.models import Attempt

    first = refused(reader)
    others = list(Subscriber.objects.exclude(pk=reader.pk).order_by("pk"))
    refused(others[0])
    late = Attempt.objects.get(pk=first.pk)
    Attempt.objects.filter(pk=first.pk).delete()
    take_refusals(NOW)
    late.save(force_insert=True)
    take_refusals(NOW + timedelta(seconds=60))
    assert Suppression.objects.count() == 2


def test_hundreds_are_taken_in_one_go(made, refused, mailing, readers):
    readers(120)
    for reader in Subscriber.objects.order_by("-pk"):
        refused(reader)
    assert take_refusals(NOW) == Subscriber.objects.count()


@pytest.mark.parametrize(
    ("code", "reply", "word"),
    [
        (550, "RCPT: 5.1.1 no such user", "no_mailbox"),
        (554, "end of message: 5.7.1 blocked using zen.spamhaus.org", "blocklist"),
        (554, "end of message: no", "policy"),
        (451, "given up after 72 hours: RCPT: 4.7.1 greylisted", "greylisted"),
        (550, "a reply without a stage", "refused"),
    ],
)
def test_the_ledgers_reply_is_read_with_its_stage(code, reply, word):
    assert refusal_of(code, reply).word == word
