"""Who has left all lists of a publication is on none of them, whoever tries and whenever a list is made."""

import json

import pytest
from django.utils import timezone
from support.publications import make_publication

from syndication.audience import importing, subscribe
from syndication.audience.lists import create_list
from syndication.audience.models import ImportJob, Subscriber, Subscription
from syndication.audience.self_service import preferences
from syndication.audience.self_service.own_data import own_data
from syndication.audience.self_service.preferences import Right
from syndication.audience.subscribe import Person
from syndication.audience.table.rows import Row

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def left(publication, news, readers):
    """A reader of news who left everything; there was another list, and a private one."""
    create_list("sister", publication=publication)
    create_list("board", publication=publication, name="Secret board", is_public=False)
    readers(1)
    reader = Subscriber.objects.get()
    right = Right(reader, publication)
    assert preferences.leave_all(right, now=timezone.now()) == 1
    return right


def by_import(reader, to):
    job = ImportJob.objects.create(list=to, confirmed=True)
    importing.import_rows([Row(2, reader.address)], importing.Plan(to, confirmed=True, dry_run=False, now=timezone.now(), job=job))


def by_staff(reader, to):
    subscribe.add(Person(reader.address), to=to, confirmed=True, how="staff", now=timezone.now())


def states(reader):
    return dict(Subscription.objects.filter(subscriber=reader).values_list("list__slug", "state"))


@pytest.mark.parametrize("add", [by_import, by_staff])
@pytest.mark.parametrize("slug", ["news", "sister", "board", "made-later"])
def test_nobody_else_brings_them_onto_a_list_of_it(publication, left, add, slug):
    create_list("made-later", publication=publication)
    add(left.subscriber, publication.lists.get(slug=slug))
    assert set(states(left.subscriber).values()) == {"unsubscribed"}


def test_they_come_back_by_their_own_word_to_the_list_that_they_name(publication, left):
    preferences.join(left, "sister", now=timezone.now())
    assert states(left.subscriber) == {"news": "unsubscribed", "sister": "confirmed", "board": "unsubscribed"}


def test_who_came_back_is_an_ordinary_reader_for_lists_made_later(publication, left):
    preferences.join(left, "sister", now=timezone.now())
    create_list("made-later", publication=publication)
    assert "made-later" not in states(left.subscriber)


def test_again_is_harmless_and_each_no_is_on_record_once(left):
    assert preferences.leave_all(left, now=timezone.now()) == 0
    records = left.subscriber.subscriptions.get(list__slug="sister").consent.values_list("state", "how", "detail")
    assert list(records) == [("unsubscribed", "preferences", "left all lists")]


def test_what_they_take_along_does_not_name_private_lists_that_they_never_saw(left):
    told = own_data(left.subscriber)
    assert {one["list"] for one in told["subscriptions"]} == {"news", "sister"}
    assert "Secret board" not in json.dumps(told)


def test_another_publication_is_not_meant(left):
    other = create_list("news", publication=make_publication("other"))
    by_import(left.subscriber, other)
    assert left.subscriber.subscriptions.get(list=other).state == "confirmed"
