from datetime import timedelta

import pytest
from django.db.models import Q
from support.publications import NOON, make_list, make_publication

from syndication.audience.addresses import NotAnAddress
from syndication.audience.erase import erase
from syndication.audience.importing import Plan, import_rows
from syndication.audience.imports.undo import undo_some
from syndication.audience.keys import address_hash
from syndication.audience.models import ImportJob, Subscription, Suppression, SuppressionRecord
from syndication.audience.self_service import leave
from syndication.audience.subscribe import Person, add, ask, confirm, confirmation_token
from syndication.audience.suppression.suppress import Scope, is_suppressed, lift, suppress, suppress_lines, unsuppress
from syndication.audience.table.rows import Row
from syndication.errors import BadInput, NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
ADA = "ada@example.org"


@pytest.fixture
def publication():
    return make_publication()


def row(publication=None, address=ADA):
    return Suppression.objects.get(address_hash=address_hash(address), publication=publication)


def history():
    return [(one.reason, one.is_lifted) for one in SuppressionRecord.objects.order_by("pk")]


def test_a_complaint_after_an_unsubscribe_is_not_lost(publication):
    suppress(ADA, reason="unsubscribed", detail="by the footer")
    assert suppress(ADA, reason="complained", detail="feedback report")[1]
    assert (row().reason, row().detail) == ("complained", "feedback report")
    assert history() == [("unsubscribed", False), ("complained", False)]


def test_a_bounce_after_a_complaint_is_noted_and_does_not_hide_it():
    suppress(ADA, reason="complained")
    suppress(ADA, reason="bounced", detail="550 5.1.1")
    assert row().reason == "complained"
    assert history() == [("complained", False), ("bounced", False)]


def test_the_same_reason_again_changes_nothing_and_adds_no_line():
    suppress(ADA, reason="bounced", detail="first")
    assert not suppress("ADA@example.org", reason="bounced", detail="second")[1]
    assert (row().detail, len(history())) == ("first", 1)


def test_a_reason_from_before_the_history_is_its_first_line():
    Suppression.objects.create(address_hash=address_hash(ADA), publication=None, reason="unsubscribed", detail="old")
    suppress(ADA, reason="bounced")
    assert history() == [("unsubscribed", False), ("bounced", False)]
    assert row().reason == "unsubscribed"


def test_a_complaint_that_was_none_leaves_the_unsubscribe_in_force():
    suppress(ADA, reason="unsubscribed")
    suppress(ADA, reason="complained")
    assert lift(Scope(address_hash(ADA)), ["complained"], by="staff ines@example.org")
    assert row().reason == "unsubscribed"
    assert not lift(Scope(address_hash(ADA)), ["complained"])


@pytest.mark.parametrize("reason", ["bounced", "staff"])
def test_staff_takes_back_what_machines_and_staff_said(reason, publication):
    suppress(ADA, reason=reason)
    assert unsuppress(ADA, by="ines@example.org").reason == reason
    assert not is_suppressed(address_hash(ADA), publication.pk)
    assert history() == [(reason, False), (reason, True)]


@pytest.mark.parametrize("reason", ["unsubscribed", "complained", "erased"])
def test_what_the_person_said_is_taken_back_only_on_their_own_word_with_a_note(reason, publication):
    suppress(ADA, reason=reason)
    suppress(ADA, reason="bounced")
    with pytest.raises(Refused, match="Only the person"):
        unsuppress(ADA, by="ines@example.org")
    with pytest.raises(BadInput, match="how and when"):
        unsuppress(ADA, by="ines@example.org", own_word=True, note=" ")
    assert is_suppressed(address_hash(ADA), publication.pk)
    unsuppress(ADA, by="ines@example.org", own_word=True, note="wrote on Monday")
    assert not is_suppressed(address_hash(ADA), publication.pk)
    assert SuppressionRecord.objects.filter(is_lifted=True, detail="wrote on Monday", by="ines@example.org").count() == 2


def test_taking_back_subscribes_nobody(publication):
    weekly = make_list(publication)
    add(Person(ADA), to=weekly, confirmed=True, how="staff", now=NOON)
    erase(ADA, now=NOON)
    unsuppress(ADA, by="ines@example.org", own_word=True, note="wrote on Monday")
    assert not Subscription.objects.filter(state="confirmed").exists()


def test_one_publications_suppression_is_not_the_others(publication):
    suppress(ADA, reason="staff", publication=publication)
    assert not is_suppressed(address_hash(ADA), make_publication("other").pk)
    with pytest.raises(NotFound, match="not suppressed everywhere"):
        unsuppress(ADA, by="ines@example.org")
    unsuppress(ADA, publication=publication, by="ines@example.org")


def test_erasing_outweighs_a_bounce_and_takes_the_notes_away(publication):
    add(Person(ADA), to=make_list(publication), confirmed=True, how="staff", now=NOON)
    suppress(ADA, reason="bounced", detail="Ada Lace moved away", by="ines@example.org")
    suppress(ADA, reason="staff", publication=publication, detail="Ada Lace called")
    erase(ADA, now=NOON)
    assert row().reason == "erased"
    assert {(one.detail, one.by) for one in SuppressionRecord.objects.all()} == {("", "")}
    assert set(Suppression.objects.values_list("detail", flat=True)) == {""}


def test_a_suppression_survives_erasure_and_the_next_import(publication):
    weekly = make_list(publication)
    add(Person(ADA), to=weekly, confirmed=True, how="staff", now=NOON)
    erase(ADA, now=NOON)
    counts = import_rows([Row(2, "Ada@Example.org")], Plan(weekly, confirmed=True, dry_run=False, now=NOON))
    assert "suppressed (erased)" in counts.refused[0]["why"]


def test_a_file_of_addresses_is_suppressed_and_its_wrong_lines_named():
    taken = suppress_lines(["email\n", "ada@example.org\n", '"bo@example.org",\n', "# old ones\n", "Ada@example.org\n"], reason="staff")
    assert (taken.new, taken.unchanged, [one["line"] for one in taken.refused]) == (2, 1, [1])


def test_an_address_that_is_none_is_not_taken_back():
    with pytest.raises(NotAnAddress):
        unsuppress("ada", by="x")


def test_a_link_that_was_asked_for_before_the_second_no_confirms_nobody(publication):
    weekly = make_list(publication)
    reader = add(Person(ADA), to=weekly, confirmed=True, how="staff", now=NOON).subscriber
    token = leave.unsubscribe_token(reader.pk, weekly.pk)
    hours = [NOON + timedelta(hours=number) for number in range(5)]
    leave.unsubscribe(token, how="link", now=hours[1])
    ask(ADA, list_ids=[weekly.pk], how="form", now=hours[2])
    leave.unsubscribe(token, how="one-click", now=hours[3])
    confirm(confirmation_token(reader.pk, weekly.pk, hours[2]), how="link", now=hours[4])
    assert Subscription.objects.get().state == "unsubscribed"


def test_taking_an_import_back_lifts_what_its_file_said_and_nothing_else(publication):
    job = ImportJob.objects.create(list=make_list(publication))
    rows = [Row(2, ADA, standing="unsubscribed"), Row(3, "bo@example.org", standing="complained")]
    import_rows(rows, Plan(job.list, confirmed=True, dry_run=False, now=NOON, job=job, suppresses_left=True))
    suppress(ADA, reason="staff", publication=publication)
    while undo_some(Q(pk=job.pk), mailed=lambda _: set(), now=NOON):
        pass
    assert [(one.address_hash, one.reason) for one in Suppression.objects.all()] == [(address_hash(ADA), "staff")]
