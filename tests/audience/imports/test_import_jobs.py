"""Imports in the background: in slices, through deaths, stopped, and taken back."""

import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from django.utils import timezone
from support.publications import make_list, make_publication
from support.waiting import wait_until

from syndication.audience import subscribe
from syndication.audience.imports import files
from syndication.audience.imports import job as jobs
from syndication.audience.imports import work as working
from syndication.audience.imports.job import Described
from syndication.audience.imports.work import work
from syndication.audience.models import ConsentRecord, ImportJob, ImportRefusal, Subscriber, Subscription, Suppression
from syndication.audience.self_service import leave
from syndication.audience.staff.exporting import Filter, export_rows
from syndication.audience.subscribe import Person
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.suppress import suppress
from syndication.audience.table.look import Chosen
from syndication.errors import BadInput, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
S, J = Subscription.State, ImportJob.State


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.IMPORTS = tmp_path


@pytest.fixture
def news():
    return make_list(make_publication(), "news")


def nobody(_):
    return set()


def uploaded(to, text):
    return jobs.upload([text.encode()], to=to, file_name="r.csv", by="ada@example.org", limit_bytes=10**8)


def tried(to, text, **said):
    job = uploaded(to, text)
    form = jobs.form_of(job)
    jobs.describe(job, Described(Chosen(form.encoding, form.delimiter, form.has_header, form.preset), **said))
    jobs.check(job)
    return finished(job)


def finished(job, mailed=nobody):
    while work(job.pk, mailed=mailed):
        pass
    job.refresh_from_db()
    return job


def brought_in(to, text, **said):
    job = tried(to, text, **({"is_confirmed": True, "consent_source": "a form"} | said))
    assert job.state == J.READY, job.problem
    jobs.start(job)
    return finished(job)


def undone(job, mailed=nobody):
    jobs.undo(job)
    return finished(job, mailed).place.get("undone", {})


def state_of(address, to):
    return Subscription.objects.get(subscriber__address=address, list=to).state


def whys(job):
    return {one.line: one.why for one in ImportRefusal.objects.filter(job=job)}


def table(rows):
    return "email,name\n" + "".join(f"r{number}@example.org,R {number}\n" for number in range(rows))


# ---------------------------------------------------------------- counts


def test_a_trial_says_exactly_what_the_import_then_does(news):
    subscribe.add(Person("old@example.org"), to=news, confirmed=True, how="staff", now=NOW)
    left = subscribe.add(Person("left@example.org"), to=news, confirmed=True, how="staff", now=NOW)
    leave.unsubscribe(leave.unsubscribe_token(left.subscriber_id, news.pk), how="link", now=NOW)
    suppress("no@example.org", reason="complained")
    domain_rules.put("blocked.example", kind="block")
    text = (
        "email,name\nnew@example.org,N\nold@example.org,Changed\nleft@example.org,L\nno@example.org,\nx@sub.blocked.example,\n"
        "wrong,\nNew@Example.org,\n,Nobody\nold@example.org,Twice\n"
    )
    job = brought_in(news, text)
    assert job.counts == job.expected == {"new": 1, "updated": 1, "unchanged": 0, "suppressed": 0, "refused": 7}
    reasons = whys(job)
    assert list(reasons) == [4, 5, 6, 7, 8, 9, 10]
    assert "only the reader can come back" in reasons[4]
    assert "suppressed (complained)" in reasons[5]
    assert "blocked.example is blocked" in reasons[6]
    assert reasons[8] == "the same address as in line 2"
    assert reasons[10] == "the same address as in line 3"
    assert state_of("left@example.org", news) == S.UNSUBSCRIBED
    assert Subscriber.objects.get(address="left@example.org").name == ""


def test_repeated_rows_are_found_however_far_apart_and_in_whatever_spelling(news):
    rows = working.GROUP + 10
    job = tried(news, table(rows) + "R0@Example.ORG,again\n r1@example.org ,again\n")
    assert job.expected["new"] == rows
    assert whys(job) == {rows + 2: "the same address as in line 2", rows + 3: "the same address as in line 3"}


def test_who_left_elsewhere_is_not_brought_in_and_is_suppressed_if_that_is_wished(news):
    text = "uuid,email,name,attributes,status,created_at,updated_at\n1,a@e.org,A,{},enabled,x,y\n2,b@e.org,B,{},blocklisted,x,y\n"
    job = brought_in(news, text, suppresses_left=True)
    assert job.counts == {"new": 1, "updated": 0, "unchanged": 0, "suppressed": 1, "refused": 1}
    assert Suppression.objects.get().reason == "unsubscribed"
    assert not Subscriber.objects.filter(address="b@e.org").exists()
    assert undone(job)["released"] == 1
    assert not Suppression.objects.exists()


def test_who_was_not_confirmed_elsewhere_is_pending_here_even_among_confirmed(news):
    brought_in(news, "email,status\na@e.org,active\nb@e.org,unconfirmed\n")
    assert (state_of("a@e.org", news), state_of("b@e.org", news)) == (S.CONFIRMED, S.PENDING)


def test_an_import_confirms_who_was_pending_and_never_the_other_way_round(news):
    subscribe.add(Person("p@e.org"), to=news, confirmed=False, how="staff", now=NOW)
    subscribe.add(Person("c@e.org"), to=news, confirmed=True, how="staff", now=NOW)
    job = brought_in(news, "email\np@e.org\nc@e.org\n")
    assert (job.counts["updated"], job.counts["unchanged"]) == (1, 1)
    brought_in(news, "email\np@e.org\nc@e.org\n", is_confirmed=False, consent_source="")
    assert (state_of("p@e.org", news), state_of("c@e.org", news)) == (S.CONFIRMED, S.CONFIRMED)


def test_confirmed_readers_without_a_source_of_consent_are_not_tried(news):
    job = uploaded(news, table(1))
    jobs.describe(job, Described(Chosen(), is_confirmed=True))
    with pytest.raises(BadInput, match="Say where"):
        jobs.check(job)


# ---------------------------------------------------------------- slices, stops, deaths


def test_an_import_in_slices_counts_as_one_in_one_go(news):
    rows = 2 * working.GROUP + 5
    job = tried(news, table(rows) + "r0@example.org,\n", is_confirmed=True, consent_source="x")
    jobs.start(job)
    slices = count(1)
    while work(job.pk, mailed=nobody, run_seconds=0):
        next(slices)
    job.refresh_from_db()
    assert next(slices) >= 3
    assert (job.state, job.position) == (J.DONE, rows + 1)
    assert job.counts == {"new": rows, "updated": 0, "unchanged": 0, "suppressed": 0, "refused": 1}
    assert whys(job) == {rows + 2: "the same address as in line 2"}
    assert Subscription.objects.count() == ConsentRecord.objects.count() == rows


def test_repeats_are_found_though_what_was_seen_is_lost(news):
    job = tried(news, table(working.GROUP + 5) + "r0@example.org,\n", is_confirmed=True, consent_source="x")
    jobs.start(job)
    assert work(job.pk, mailed=nobody, run_seconds=0)
    files.seen_path(job.pk).unlink()
    assert finished(job).counts["refused"] == 1


def test_an_import_is_stopped_between_groups_goes_on_and_counts_everybody_once(news):
    job = tried(news, table(2 * working.GROUP), is_confirmed=True, consent_source="x")
    jobs.start(job)
    work(job.pk, mailed=nobody, run_seconds=0)
    jobs.stop(job)
    assert finished(job).state == J.STOPPED
    assert job.counts["new"] == Subscription.objects.count() == working.GROUP
    jobs.resume(job)
    assert finished(job).state == J.DONE
    assert job.counts["new"] == Subscription.objects.count() == 2 * working.GROUP


def test_a_second_worker_at_the_same_time_does_nothing(news):
    job = tried(news, table(10))
    jobs.start(job)
    ImportJob.objects.filter(pk=job.pk).update(owner="another", beat_at=timezone.now())
    assert not work(job.pk, mailed=nobody)
    assert not Subscriber.objects.exists()
    assert jobs.due(timezone.now()) == []
    later = timezone.now() + jobs.LAPSE + timedelta(seconds=1)
    assert jobs.due(later) == [job.pk]


def test_one_import_at_a_time_is_worked_on(news):
    first, second = uploaded(news, table(1)), uploaded(news, table(1))
    for job in (first, second):
        jobs.describe(job, Described(Chosen()))
        jobs.check(job)
    assert jobs.due(timezone.now()) == [first.pk]
    ImportJob.objects.filter(pk=first.pk).update(owner="somebody", beat_at=timezone.now())
    assert jobs.due(timezone.now()) == []


def test_a_trial_that_is_stopped_can_be_described_anew(news):
    job = uploaded(news, table(1))
    jobs.describe(job, Described(Chosen()))
    jobs.check(job)
    jobs.stop(job)
    assert finished(job).state == J.UPLOADED


def test_files_go_after_a_week_and_unfinished_commands_are_closed(news, settings):
    job = uploaded(news, table(1))
    lost = ImportJob.objects.create(list=news, by=jobs.COMMAND_LINE, state=J.RUNNING, beat_at=timezone.now() - timedelta(hours=1))
    jobs.sweep(timezone.now())
    job.refresh_from_db()
    lost.refresh_from_db()
    assert job.path
    assert lost.state == J.STOPPED
    jobs.sweep(timezone.now() + timedelta(days=8))
    job.refresh_from_db()
    assert not job.path
    assert not list(settings.IMPORTS.iterdir())


TWO_IMPORTS = """
import json
from django.utils import timezone
from support.at_once import at_once
from support.publications import make_list, make_publication
from syndication.audience.importing import Plan, import_rows
from syndication.audience.models import ConsentRecord, Subscriber, Subscription
from syndication.audience.table.rows import Row

news = make_list(make_publication(), "news")
rows = [Row(line, f"r{line}@example.org") for line in range(2, 6002)]
both = at_once(*[lambda: import_rows(rows, Plan(news, confirmed=True, dry_run=False, now=timezone.now()))] * 2)
print(json.dumps({
    "new": [counts.new for counts in both],
    "unchanged": [counts.unchanged for counts in both],
    "rows": [model.objects.count() for model in (Subscriber, Subscription, ConsentRecord)],
}))
"""


@pytest.mark.processes
def test_two_imports_of_the_same_readers_at_the_same_time_bring_each_in_once(live_home):
    told = live_home.told(TWO_IMPORTS)
    assert told["rows"] == [6000] * 3
    assert [new + unchanged for new, unchanged in zip(told["new"], told["unchanged"], strict=True)] == [6000] * 2
    assert sum(told["new"]) == 6000


# ---------------------------------------------------------------- taking back


def test_taking_back_leaves_everything_as_it_was(news):
    subscribe.add(Person("old@e.org", name="Old", attributes={"a": "1"}), to=news, confirmed=False, how="staff", now=NOW)
    other = make_list(news.publication, "other")
    subscribe.add(Person("else@e.org", name="Else"), to=other, confirmed=True, how="staff", now=NOW)
    before = list(export_rows())
    job = brought_in(news, "email,name,a\nnew@e.org,New,\nold@e.org,Changed,2\nelse@e.org,Changed,3\n")
    assert (job.counts["new"], job.counts["updated"]) == (2, 1)
    told = undone(job)
    assert (told["removed"], told["left"], told["put_back"], told["kept_changed"]) == (2, 1, 2, 0)
    after = list(export_rows())
    assert [line.partition(",confirmed,")[0].partition(",pending,")[0] for line in after] == [
        line.partition(",confirmed,")[0].partition(",pending,")[0] for line in before
    ]
    assert state_of("old@e.org", news) == S.PENDING
    again = brought_in(news, "email,name,a\nnew@e.org,New,\nold@e.org,Changed,2\nelse@e.org,Changed,3\n")
    assert again.counts == job.counts


def test_readers_who_did_something_since_stay_and_are_counted(news):
    job = brought_in(news, "email\nleft@e.org\nstays@e.org\nmailed@e.org\n")
    left = Subscriber.objects.get(address="left@e.org")
    leave.unsubscribe(leave.unsubscribe_token(left.pk, news.pk), how="link", now=timezone.now())
    mailed = Subscriber.objects.get(address="mailed@e.org").pk
    told = undone(job, mailed=lambda ids: {mailed} & set(ids))
    assert (told["removed"], told["kept_changed"], told["kept_mailed"]) == (1, 1, 1)
    assert state_of("left@e.org", news) == S.UNSUBSCRIBED
    assert state_of("mailed@e.org", news) == S.PENDING
    assert not Subscriber.objects.filter(address="stays@e.org").exists()


def test_details_that_were_changed_since_are_not_put_back(news):
    subscribe.add(Person("old@e.org", name="Old"), to=news, confirmed=True, how="staff", now=NOW)
    job = brought_in(news, "email,name\nold@e.org,Imported\n")
    Subscriber.objects.filter(address="old@e.org").update(name="By hand", updated_at=timezone.now())
    assert undone(job)["kept_changed"] == 1
    assert Subscriber.objects.get(address="old@e.org").name == "By hand"


def test_what_is_taken_back_is_not_taken_back_again(news):
    job = brought_in(news, table(3))
    undone(job)
    with pytest.raises(Refused, match="not possible now"):
        jobs.undo(job)


# ---------------------------------------------------------------- out and in again


def test_an_export_that_is_imported_elsewhere_gives_the_same(news):
    for address, name, attributes in [
        ("a@e.org", "=HYPERLINK(1)", {"k": "@x", "n": 5}),
        ("+plus@e.org", "'=quoted", {}),
        ("c@e.org", '"Q", \\ and ünïcode', {"list": [1, None], "deep": {"ä": True}}),
        ("d@e.org", "-", {}),
    ]:
        subscribe.add(
            Person(address, name=name, attributes=attributes, locale="de", time_zone="Europe/Berlin"),
            to=news,
            confirmed=True,
            how="staff",
            now=NOW,
        )
    subscribe.add(Person("pending@e.org"), to=news, confirmed=False, how="staff", now=NOW)
    paused = subscribe.add(Person("paused@e.org"), to=news, confirmed=True, how="staff", now=NOW)
    Subscription.objects.filter(pk=paused.pk).update(paused_until="2027-01-31", frequency="feed")
    written = "".join(export_rows(Filter(list_id=news.pk)))
    assert "'=HYPERLINK(1)" in written
    assert "''=quoted" in written

    def everybody():
        rows = Subscription.objects.filter(list=news, subscriber__state="active").order_by("subscriber__address")
        return list(
            rows.values_list(
                "subscriber__address", "subscriber__name", "subscriber__locale", "subscriber__time_zone", "subscriber__attributes",
                "state", "frequency", "paused_until",
            )
        )  # fmt: skip

    before = everybody()
    Subscriber.objects.all().delete()
    job = brought_in(news, written)
    assert job.form["preset"] == "syndication"
    assert job.counts["new"] == 6
    assert everybody() == before


def test_an_export_holds_the_consent_of_each_reader(news):
    brought_in(news, table(1), consent_source="=the form of the old site")
    line = list(export_rows())[1]
    assert '""source"": ""=the form of the old site""' in line


# ---------------------------------------------------------------- a real death

KILLED_IN_THE_MIDDLE = """
import django, os, signal
django.setup()
from syndication.audience.imports import work as working
working.GROUP = 500
groups = [0]
def die():
    groups[0] += 1
    if groups[0] == {groups}:
        os.kill(os.getpid(), signal.SIGKILL)
working._make_room = die
working.work({job}, mailed=lambda ids: set())
"""
PREPARED = """
import django
django.setup()
from syndication.articles.models import Publication
from syndication.audience.lists import create_list
from syndication.audience.imports import job as jobs, work as working
from syndication.audience.table.look import Chosen
garden = Publication.objects.create(slug="g", name="G", sender_address="a@g.example", mail_domain="g.example")
to = create_list("news", publication=garden)
text = "email\\n" + "".join(f"r{n}@example.org\\n" for n in range(3000)) + "r0@example.org\\nwrong\\n"
job = jobs.upload([text.encode()], to=to, file_name="r.csv", by="x", limit_bytes=10**8)
jobs.describe(job, jobs.Described(Chosen(), is_confirmed=True, consent_source="x"))
jobs.check(job)
while working.work(job.pk, mailed=lambda ids: set()):
    pass
job.refresh_from_db()
jobs.start(job)
print(job.pk)
"""


@pytest.mark.processes
@pytest.mark.parametrize("groups", [1, 4])
def test_an_import_whose_process_is_killed_goes_on_with_exact_counts(live_home, groups):
    made = live_home.run(sys.executable, "-c", PREPARED)
    assert made.returncode == 0, made.stderr
    job = int(made.stdout.split()[-1])
    dead = live_home.run(sys.executable, "-c", KILLED_IN_THE_MIDDLE.format(job=job, groups=groups))
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    ((position, state),) = live_home.sql("SELECT position, state FROM syndication_importjob")
    ((kept,),) = live_home.sql("SELECT count(*) FROM syndication_subscription")
    assert (position, state, kept) == (500 * groups, "running", 500 * groups)
    live_home.sql("UPDATE syndication_importjob SET owner = ''")
    live_home.start_queue()
    worker = live_home.start_worker()
    beat = live_home.start_beat()

    def is_done():
        return live_home.sql("SELECT state FROM syndication_importjob")[0][0] == "done"

    wait_until(is_done, seconds=60, what=lambda: f"the import ends: {worker.output} {beat.output}")
    ((counts,),) = live_home.sql("SELECT counts FROM syndication_importjob")
    told = counts if isinstance(counts, dict) else json.loads(counts)
    assert (told["new"], told["refused"]) == (3000, 2)
    assert live_home.sql("SELECT count(*) FROM syndication_subscription") == [(3000,)]
    assert live_home.sql("SELECT count(*) FROM syndication_consentrecord") == [(3000,)]
    assert not list((live_home.path / "imports").iterdir())
