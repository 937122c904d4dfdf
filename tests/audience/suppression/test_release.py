"""Bounces and complaints can be taken back, once, with a line that says so."""

from datetime import UTC, datetime

import pytest

from syndication.audience.models import ReaderEvent, Subscriber, Suppression, SuppressionRecord
from syndication.audience.suppression.release import undo_event
from syndication.audience.suppression.suppress import Scope, suppress_hash
from syndication.errors import BadInput, NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
BY = "staff ines@example.org"


@pytest.fixture
def reader():
    return Subscriber.objects.create(address="r@example.org", address_hash="a" * 64, bounce_score=2.5, bounced_at=NOW)


def event(reader, kind, **fields):
    return ReaderEvent.objects.create(subscriber=reader, kind=kind, at=NOW, **fields)


def off(reader, reason, publication=None):
    suppress_hash(Scope(reader.address_hash, publication and publication.pk), reason=reason, by="bounce mail")


def test_a_hard_bounce_taken_back_frees_the_address_and_clears_the_score(reader):
    off(reader, "bounced")
    said = undo_event(event(reader, "hard bounce").pk, BY, now=NOW)
    reader.refresh_from_db()
    assert (said.kind, said.source, reader.bounce_score, reader.bounced_at) == ("released", BY, 0, None)
    assert not Suppression.objects.exists()
    assert SuppressionRecord.objects.filter(is_lifted=True, by=BY).exists()


def test_twice_is_once(reader):
    off(reader, "bounced")
    bounce = event(reader, "hard bounce")
    assert undo_event(bounce.pk, BY, now=NOW).pk == undo_event(bounce.pk, "staff other@example.org", now=NOW).pk


def test_what_else_holds_the_address_back_stays(reader):
    off(reader, "bounced")
    off(reader, "staff")
    undo_event(event(reader, "hard bounce").pk, BY, now=NOW)
    assert [one.reason for one in Suppression.objects.all()] == ["staff"]


def test_a_soft_bounce_taken_back_clears_the_score_and_leaves_a_hard_one_standing(reader):
    off(reader, "bounced")
    event(reader, "hard bounce")
    said = undo_event(event(reader, "soft bounce").pk, BY, now=NOW)
    assert (said.kind, Suppression.objects.count()) == ("score cleared", 1)


def test_of_two_hard_bounces_the_first_one_taken_back_leaves_the_other_standing(reader):
    off(reader, "bounced")
    first, second = event(reader, "hard bounce"), event(reader, "hard bounce")
    assert undo_event(first.pk, BY, now=NOW).kind == "score cleared"
    assert Suppression.objects.count() == 1
    assert undo_event(second.pk, BY, now=NOW).kind == "released"
    assert Suppression.objects.count() == 0


def test_a_complaint_is_taken_back_only_with_the_persons_word(reader):
    from support.publications import make_publication

    publication = make_publication()
    off(reader, "complained", publication)
    complaint = event(reader, "complaint", publication=publication)
    with pytest.raises(BadInput, match="how and when"):
        undo_event(complaint.pk, BY, now=NOW)
    assert Suppression.objects.count() == 1
    said = undo_event(complaint.pk, BY, now=NOW, note="wrote on 24 November that it was a slip")
    assert (said.kind, said.publication_id, Suppression.objects.count()) == ("released", publication.pk, 0)


@pytest.mark.parametrize("kind", ["sender's fault", "released", "exported"])
def test_what_changed_nothing_cannot_be_taken_back(reader, kind):
    with pytest.raises(Refused):
        undo_event(event(reader, kind).pk, BY, now=NOW)


def test_an_erased_person_stays_erased(reader):
    bounce = event(reader, "hard bounce")
    Subscriber.objects.filter(pk=reader.pk).update(state="erased")
    with pytest.raises(Refused, match="erased"):
        undo_event(bounce.pk, BY, now=NOW)


def test_an_event_that_is_not_there_is_said_so():
    with pytest.raises(NotFound):
        undo_event(1, BY, now=NOW)
