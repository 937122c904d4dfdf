from datetime import UTC, datetime, timedelta

import pytest
from support.publications import NOON, make_list

from syndication.audience.erase import erase
from syndication.audience.models import BulkJob, ConsentRecord, Subscriber, Subscription, Suppression
from syndication.audience.staff import bulk, find, search
from syndication.audience.subscribe import Person, add
from syndication.audience.suppression.suppress import suppress
from syndication.errors import BadInput, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def readers(weekly):
    """Seven readers r0 … r6, who joined a day apart."""

    def make(number):
        person = Person(
            f"r{number}@example.org", name=f"Reader {number}", attributes={"city": "Ulm" if number % 2 else "Kiel", "rank": number}
        )
        one = add(person, to=weekly, confirmed=number != 3, how="staff", now=NOON).subscriber
        Subscriber.objects.filter(pk=one.pk).update(created_at=NOON + timedelta(days=number))
        return one

    return [make(number) for number in range(7)]


def asked(**query):
    return search.read({name: str(value) for name, value in query.items()})


def names(**query):
    return [one.address.partition("@")[0] for one in find.page(asked(**query), size=50).rows]


def test_the_newest_stand_first_unless_asked_otherwise(readers):
    assert names() == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]
    assert names(sort="joined")[0] == names(sort="address")[0] == "r0"
    assert names(sort="-address")[0] == "r6"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "R2@Example.org"}, ["r2"]),
        ({"q": "r2@"}, ["r2"]),
        ({"q": "reader 5"}, ["r5"]),
        ({"q": "city=Ulm"}, ["r5", "r3", "r1"]),
        ({"q": "rank=4"}, ["r4"]),
        ({"q": "city__regex=.*"}, []),
        ({"q": "city'=x"}, []),
        ({"state": "pending"}, ["r3"]),
        ({"since": "2026-03-06", "until": "2026-03-06"}, ["r5"]),
        ({"source": "import"}, []),
        ({"held": "suppressed"}, ["r1"]),
        ({"held": "bounced"}, ["r2"]),
        ({"held": "paused"}, ["r4"]),
        ({"q": "city=Ulm", "held": "free"}, ["r5", "r3"]),
        ({"state": "nonsense", "list": "x", "since": "x", "held": "x", "sort": "x", "q": "r6"}, ["r6"]),
    ],
)
def test_a_search_finds_those_and_only_those(readers, query, expected):
    suppress("r1@example.org", reason="staff")
    Subscriber.objects.filter(pk=readers[2].pk).update(bounced_at=NOON)
    Subscription.objects.filter(subscriber=readers[4]).update(paused_until=datetime.now(UTC).date() + timedelta(days=3))
    assert names(**query) == expected


@pytest.mark.parametrize("sort", search.SORTS)
def test_pages_go_forth_and_back_over_every_subscriber_once(readers, sort):
    wanted, seen, after = asked(sort=sort), [], None
    while True:
        page = find.page(wanted, size=3, after=after)
        seen.append([one.pk for one in page.rows])
        after = page.after
        if after is None:
            break
    assert [len(one) for one in seen] == [3, 3, 1]
    assert len({pk for one in seen for pk in one}) == 7
    back = find.page(wanted, size=3, before=page.before)
    assert [one.pk for one in back.rows] == seen[1]
    assert find.page(wanted, size=3, before=back.before).before is None


def test_an_erased_person_is_found_by_nothing(readers):
    erase("r5@example.org", now=NOON)
    assert "r5" not in names()
    assert find.page(asked(), size=3, after=readers[5].pk).rows


def test_more_than_enough_are_not_counted(readers):
    assert find.count(asked(), upto=4) == 5


def run(job, **more):
    return bulk.run(job.pk, erase=lambda address: erase(address, now=NOON), now=NOON, **more)


def test_many_are_suppressed_once(readers):
    job = bulk.begin("suppress", asked(q="city=Ulm"), by="ines@example.org", detail="moved")
    assert (job.expected, run(job), run(job)) == (3, False, False)
    job.refresh_from_db()
    assert (job.state, job.seen, job.changed, Suppression.objects.count()) == ("done", 3, 3, 3)


def test_adding_makes_pending_ones_and_brings_nobody_back_who_left(readers, weekly):
    other = make_list(weekly.publication, "other")
    left = add(Person("r1@example.org"), to=other, confirmed=True, how="staff", now=NOON)
    Subscription.objects.filter(pk=left.pk).update(state="unsubscribed")
    suppress("r3@example.org", reason="staff")
    job = bulk.begin("add", [readers[1].pk, readers[3].pk, readers[5].pk], by="ines@example.org", to=other)
    run(job)
    job.refresh_from_db()
    assert job.changed == 1
    assert list(other.subscriptions.order_by("pk").values_list("subscriber__address", "state")) == [
        ("r1@example.org", "unsubscribed"),
        ("r5@example.org", "pending"),
    ]


def test_leaving_is_recorded_with_who_and_why(readers, weekly):
    run(bulk.begin("leave", asked(q="city=Kiel"), by="ines@example.org", detail="by phone"))
    assert Subscription.objects.filter(state="unsubscribed").count() == 4
    assert {(one.how, one.detail) for one in ConsentRecord.objects.filter(state="unsubscribed")} == {("staff", "by phone")}


def test_many_are_erased(readers):
    run(bulk.begin("erase", asked(q="city=Kiel"), by="ines@example.org"))
    assert Subscriber.objects.filter(state="erased").count() == 4


def test_a_job_goes_on_where_it_was_interrupted_and_reaches_nobody_who_came_later(readers, weekly, monkeypatch):
    monkeypatch.setattr(bulk, "GROUP", 2)
    job = bulk.begin("suppress", asked(), by="ines@example.org")
    assert run(job, run_seconds=0)
    add(Person("late@example.org"), to=weekly, confirmed=True, how="staff", now=NOON)
    assert not run(job)
    assert Suppression.objects.count() == 7


def test_a_stopped_job_stays_where_it_is(readers, monkeypatch):
    monkeypatch.setattr(bulk, "GROUP", 2)
    job = bulk.begin("suppress", asked(), by="ines@example.org")
    run(job, run_seconds=0)
    assert bulk.stop(job.pk, now=NOON)
    assert not bulk.stop(job.pk, now=NOON)
    assert not run(job)
    assert (bulk.due(datetime.now(UTC) + timedelta(days=1)), Suppression.objects.count()) == ([], 2)


def test_what_cannot_be_done_to_many_is_refused_before_anything_is_written(readers):
    with pytest.raises(BadInput, match="add, leave"):
        bulk.begin("frighten", asked(), by="x")
    with pytest.raises(BadInput, match="Choose the list"):
        bulk.begin("add", asked(), by="x")
    with pytest.raises(Refused, match="Nobody is meant"):
        bulk.begin("erase", asked(q="nobody"), by="x")
    assert not BulkJob.objects.exists()


def test_a_job_whose_worker_died_is_rung_for_once_a_minute(readers):
    job = bulk.begin("suppress", asked(), by="ines@example.org")
    assert bulk.due(NOON) == [job.pk]
    assert bulk.due(NOON + timedelta(seconds=59)) == []
    assert bulk.due(NOON + timedelta(seconds=61)) == [job.pk]
