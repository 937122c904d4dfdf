"""Consent is kept with what proves it, told in order, and can only be added to; deleting still works."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from support.publications import make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.asking import Wish, ask_all
from syndication.audience.change import Evidence
from syndication.audience.consent_history import history_of
from syndication.audience.erase import erase
from syndication.audience.models import ConsentRecord, ConsentWording, Subscriber, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def wording(weekly):
    return ConsentWording.objects.create(publication=weekly.publication, digest="ab" * 32, text="Subscribe to Field Notes\n- Weekly")


@pytest.fixture
def asked(weekly, wording):
    """A subscription that was asked for by the form, with all that is kept of it."""
    (pk,) = subscribe.ask("ada@example.org", list_ids=[weekly.pk], how="form", now=NOW, evidence=Evidence(wording.pk, "ipv6"))
    return Subscription.objects.get(pk=pk)


def test_the_history_tells_when_how_in_which_words_and_over_which_network_in_order(asked):
    token = subscribe.confirmation_token(asked.subscriber_id, asked.list_id, NOW)
    subscribe.confirm(token, how="link", now=NOW + timedelta(minutes=5), network="ipv4")
    events = history_of(asked.subscriber_id)
    assert [(one["state"], one["how"], one["at"], one["network"]) for one in events] == [
        ("pending", "form", "2026-11-24T09:00:00Z", "ipv6"),
        ("confirmed", "link", "2026-11-24T09:05:00Z", "ipv4"),
    ]
    assert {(one["wording_version"], one["wording"].splitlines()[0]) for one in events} == {("abababababab", "Subscribe to Field Notes")}
    assert json.loads(json.dumps(events)) == events


def test_the_history_of_nobody_is_empty():
    assert history_of(10**12) == []


@pytest.mark.parametrize("table", [ConsentRecord, ConsentWording])
def test_the_database_refuses_to_change_a_record_or_its_words(asked, table):
    column = {"ConsentRecord": {"state": "confirmed"}, "ConsentWording": {"text": "I agree to everything"}}[table.__name__]
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        table.objects.update(**column)
    assert not table.objects.filter(**column).exists()


def test_the_triggers_that_refuse_it_are_there_after_all_migrations():
    question = {
        "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1",
        "postgresql": "SELECT event_object_table FROM information_schema.triggers WHERE event_manipulation = 'UPDATE' ORDER BY 1",
    }
    with connection.cursor() as cursor:
        cursor.execute(question[connection.vendor])
        assert {"syndication_consentrecord", "syndication_consentwording"} <= {row[0] for row in cursor.fetchall()}


def test_erasing_and_deleting_a_list_still_work(asked, weekly):
    erase("ada@example.org", now=NOW)
    assert [one["how"] for one in history_of(asked.subscriber_id)] == ["form", "erased"]
    weekly.delete()
    assert not ConsentRecord.objects.exists()
    assert ConsentWording.objects.exists()


# ------------------------------------------------------------------ asking, many at once
def wish(address, *lists, minutes=0, how="form"):
    return Wish(address, tuple(one.pk for one in lists), how, NOW + timedelta(minutes=minutes))


def test_wishes_taken_together_come_to_the_same_as_one_after_the_other(weekly):
    monthly = make_list(weekly.publication, "monthly")
    wishes = [wish("a@example.org", weekly), wish("b@example.org", weekly, monthly), wish("A@example.org", monthly, minutes=1)]
    together = [len(ids) for ids in ask_all(wishes)]
    rows = sorted(Subscription.objects.values_list("subscriber__address", "list__slug", "state"))
    Subscriber.objects.all().delete()
    alone = [len(ask_all([one])[0]) for one in wishes]
    assert together == alone == [1, 2, 1]
    assert rows == sorted(Subscription.objects.values_list("subscriber__address", "list__slug", "state"))


def test_many_wishes_take_a_fixed_number_of_statements(weekly, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        ask_all([wish(f"r{number}@example.org", weekly) for number in range(40)])
    assert ConsentRecord.objects.count() == 40


def test_the_budget_of_a_day_counts_over_lists_and_publications_and_within_one_group(weekly):
    other = make_list(make_publication("tides"), "tides-weekly")
    wishes = [wish("a@example.org", one, minutes=number) for number, one in enumerate((weekly, other, weekly, other, weekly))]
    assert [bool(ids) for ids in ask_all(wishes)] == [True, True, True, False, False]
    assert ask_all([wish("a@example.org", other, minutes=9)]) == [[]]
    assert [bool(ids) for ids in ask_all([wish("a@example.org", other, minutes=24 * 60 + 1)])] == [True]


def test_several_lists_chosen_together_are_one_of_the_three_mails(weekly):
    lists = [weekly, *(make_list(weekly.publication, f"list-{number}") for number in range(5))]
    assert [len(ids) for ids in ask_all([wish("a@example.org", *lists)])] == [6]
    assert [len(ids) for ids in ask_all([wish("a@example.org", *lists, minutes=1)])] == [6]


def test_no_wish_is_no_work(django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        assert ask_all([]) == []
