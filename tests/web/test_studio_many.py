"""Staff acts on many readers, on one, and on who is not mailed at all."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from support.publications import NOON, make_list
from support.staff import signed_in

from syndication.audience import consent
from syndication.audience.change import change
from syndication.audience.models import BulkJob, DomainRule, ReaderEvent, Subscriber, Subscription, Suppression
from syndication.audience.staff import bulk
from syndication.audience.staff.edit import LARGEST_ATTRIBUTES
from syndication.audience.staff.growth import Step, by_week
from syndication.audience.subscribe import Person, add
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.suppress import Scope, suppress, suppress_hash
from syndication.web.studio.readers.many import eraser

pytestmark = [pytest.mark.django_db, pytest.mark.database]
MANY = "/studio/subscribers/many/"


@pytest.fixture
def readers(weekly):
    return [add(Person(f"r{n}@example.org"), to=weekly, confirmed=True, how="staff", now=timezone.now()).subscriber for n in range(4)]


@pytest.fixture
def ada(weekly):
    return add(Person("ada@example.org", name="Ada"), to=weekly, confirmed=True, how="import", now=timezone.now()).subscriber


def words_of(answer) -> str:
    return answer.content.decode()


# ---------------------------------------------------------------- many


def test_it_asks_first_with_the_exact_number_and_does_nothing(readers):
    page = words_of(signed_in().post(MANY, {"act": "suppress", "id": [readers[0].pk, readers[2].pk]}))
    assert "Suppress: 2 subscribers?" in page
    assert not Suppression.objects.exists()


def test_all_that_a_search_finds_are_meant_across_pages(readers):
    page = words_of(signed_in().post(MANY, {"act": "erase", "all": "1", "q": "r"}))
    assert "exactly <strong>4 subscribers" in page


def test_few_are_done_at_once(readers):
    answer = signed_in().post(MANY, {"act": "suppress", "id": [readers[0].pk], "sure": "1", "detail": "moved"})
    job = BulkJob.objects.get()
    assert answer.headers["Location"] == f"{MANY}{job.pk}/"
    assert (job.state, job.changed, job.by, Suppression.objects.get().detail) == ("done", 1, "owner@example.org", "moved")


def test_many_are_done_in_the_background_and_can_be_stopped(readers, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(bulk, "AT_ONCE", 3)
    client = signed_in()
    with django_capture_on_commit_callbacks() as bells:
        client.post(MANY, {"act": "leave", "all": "1", "sure": "1", "list": ""})
    assert len(bells) == 1
    job = BulkJob.objects.get()
    assert (job.state, job.seen) == ("running", 0)
    assert "0</strong> of 4 looked at" in words_of(client.get(f"{MANY}{job.pk}/"))
    bulk.run(job.pk, erase=eraser(), now=timezone.now())
    assert Subscription.objects.filter(state="unsubscribed").count() == 4
    other = bulk.begin("suppress", [readers[0].pk], by="x")
    client.post(f"{MANY}{other.pk}/")
    assert BulkJob.objects.get(pk=other.pk).state == "stopped"


def test_adding_to_a_list_needs_the_list(readers, weekly):
    client = signed_in()
    posted = {"act": "add", "id": [readers[0].pk], "sure": "1"}
    assert client.post(MANY, posted).status_code == 422
    other = make_list(weekly.publication, "other")
    client.post(MANY, posted | {"list": other.pk})
    assert other.subscriptions.get().state == "pending"


def test_the_chosen_are_exported(readers):
    table = b"".join(signed_in().post(MANY, {"act": "export", "id": [readers[1].pk]}).streaming_content).decode()
    assert "r1@example.org" in table
    assert "r0@" not in table


@pytest.mark.parametrize(
    "posted", [{}, {"act": "x"}, {"act": "suppress"}, {"act": "suppress", "id": ["x", "9" * 30]}, {"act": "erase", "all": "1", "q": "no"}]
)
def test_nonsense_is_told_and_changes_nothing(readers, posted):
    assert signed_in().post(MANY, posted).status_code == 422
    assert not BulkJob.objects.exists()


def test_a_viewer_gets_no_boxes_to_tick(readers):
    assert 'name="id"' not in words_of(signed_in("viewer").get("/studio/subscribers/"))


# ---------------------------------------------------------------- one


def test_the_timeline_tells_it_all(ada):
    ReaderEvent.objects.create(subscriber=ada, kind="hard bounce", source="smtp", detail="550 5.1.1", at=timezone.now())
    suppress("ada@example.org", reason="bounced", detail="gone", by="smtp")
    page = words_of(signed_in().get(f"/studio/subscribers/{ada.pk}/"))
    assert all(words in page for words in ("confirmed on Weekly, by import", "hard bounce", "suppressed everywhere: bounced", "550 5.1.1"))


def test_a_bounce_is_taken_back_by_its_button(ada):
    bounce = ReaderEvent.objects.create(subscriber=ada, kind="hard bounce", at=timezone.now())
    suppress_hash(Scope(ada.address_hash), reason="bounced")
    client = signed_in("editor")
    undo = f"/studio/subscribers/{ada.pk}/events/{bounce.pk}/undo/"
    assert undo in words_of(client.get(f"/studio/subscribers/{ada.pk}/"))
    client.post(undo)
    assert not Suppression.objects.exists()
    assert undo not in words_of(client.get(f"/studio/subscribers/{ada.pk}/"))


def test_a_complaint_is_taken_back_only_with_a_note_and_anothers_event_not_at_all(ada, readers):
    complaint = ReaderEvent.objects.create(subscriber=ada, kind="complaint", at=timezone.now())
    client = signed_in()
    assert client.post(f"/studio/subscribers/{ada.pk}/events/{complaint.pk}/undo/").status_code == 422
    assert client.post(f"/studio/subscribers/{readers[0].pk}/events/{complaint.pk}/undo/", {"note": "x"}).status_code == 404
    assert not ReaderEvent.objects.filter(reverses=complaint).exists()


def test_what_is_known_is_edited_with_a_line_that_names_no_value(ada):
    typed = {"name": "Ada Lace", "locale": "de-AT", "time_zone": "Europe/Vienna", "attributes": '{"city": "Ulm"}'}
    signed_in().post(f"/studio/subscribers/{ada.pk}/edit/", typed)
    ada.refresh_from_db()
    assert (ada.name, ada.attributes) == ("Ada Lace", {"city": "Ulm"})
    event = ReaderEvent.objects.get()
    assert (event.kind, event.detail) == ("edited", "changed name, language, time zone, attributes")


@pytest.mark.parametrize(
    "typed",
    [
        {"attributes": "{"},
        {"attributes": "[1]"},
        {"attributes": '{"a": NaN}'},
        {"attributes": '{"a": "\\u0000"}'},
        {"attributes": '{"": 1}'},
        {"attributes": "[" * 9000},
        {"attributes": '{"a": "' + "x" * LARGEST_ATTRIBUTES + '"}'},
        {"locale": "nonsense!"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"name": "x" * 201},
    ],
)
def test_what_cannot_be_kept_is_refused_and_stays_in_the_form(ada, typed):
    answer = signed_in().post(f"/studio/subscribers/{ada.pk}/edit/", {"name": "Typed", **typed})
    assert answer.status_code == 422
    ada.refresh_from_db()
    assert ada.name == "Ada"


def test_the_persons_data_are_handed_out_and_that_is_noted(ada):
    told = json.loads(words_of(signed_in().post(f"/studio/subscribers/{ada.pk}/data/")))
    assert told["profile"]["address"] == "ada@example.org"
    assert ReaderEvent.objects.get().kind == "exported"


def test_an_address_that_must_not_be_mailed_cannot_be_added(weekly):
    suppress("bo@example.org", reason="complained")
    domain_rules.put("trash.example", kind="block")
    client = signed_in()
    for address in ("bo@example.org", "bo@trash.example"):
        answer = client.post("/studio/subscribers/new/", {"address": address, "list": weekly.pk, "confirmed": "on"})
        assert answer.status_code == 422
    assert not Subscriber.objects.exists()


# ---------------------------------------------------------------- not mailed


def test_addresses_are_suppressed_by_lines_and_by_file(weekly):
    file = SimpleUploadedFile("old.txt", b"cy@example.org\n")
    signed_in().post(
        "/studio/suppressions/", {"lines": "ada@example.org\nbo@example.org", "file": file, "publication": "", "detail": "old"}
    )
    assert Suppression.objects.count() == 3


def test_wrong_lines_are_named_and_the_others_taken(weekly):
    answer = signed_in().post("/studio/suppressions/", {"lines": "ada@example.org\n<script>", "publication": "", "detail": ""})
    assert answer.status_code == 422
    assert "Line 2" in words_of(answer)
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("file", [b"\xff\xfe\x00", b"x" * (5 * 2**20)])
def test_a_file_that_is_no_text_or_too_large_changes_nothing(weekly, file):
    answer = signed_in().post("/studio/suppressions/", {"lines": "", "file": SimpleUploadedFile("x.txt", file)})
    assert answer.status_code == 422
    assert not Suppression.objects.exists()


def test_a_suppression_is_lifted_and_the_persons_own_word_needed_where_they_spoke(weekly):
    suppress("bo@example.org", reason="unsubscribed")
    client = signed_in()
    posted = {"do": "lift", "lift-address": "Bo@example.org", "lift-publication": "", "lift-note": "wrote on Monday"}
    refused = client.post("/studio/suppressions/", posted)
    assert refused.status_code == 422
    assert "Only the person" in words_of(refused)
    client.post("/studio/suppressions/", posted | {"lift-own_word": "on"})
    assert not Suppression.objects.exists()


def test_domains_are_ruled_and_freed(weekly):
    client = signed_in()
    client.post("/studio/domains/", {"lines": "trash.example\n*.bin.example", "kind": "block", "publication": "", "detail": ""})
    rules = DomainRule.objects.order_by("domain")
    assert [one.domain for one in rules] == ["bin.example", "trash.example"]
    client.post("/studio/domains/", {"remove": rules[0].pk})
    assert DomainRule.objects.count() == 1
    assert client.post("/studio/domains/", {"lines": "", "kind": "block"}).status_code == 422


# ---------------------------------------------------------------- growth


def test_growth_counts_who_came_and_left_and_a_pending_one_as_neither(weekly):
    cache.clear()  # figures are kept for a minute, longer than a test before this one
    today = datetime.now(UTC).replace(hour=12)
    for number in range(3):
        add(Person(f"g{number}@example.org"), to=weekly, confirmed=number < 2, how="staff", now=today - timedelta(days=1))
    gone = Subscription.objects.get(subscriber__address="g0@example.org")
    never = Subscription.objects.get(subscriber__address="g2@example.org")
    for one in (gone, never):
        change(one.pk, consent.Act.LEAVE, how="link", now=today)
    for query in ("", f"?list={weekly.pk}", f"?publication={weekly.publication_id}", "?days=90"):
        page = words_of(signed_in().get(f"/studio/subscribers/growth/{query}"))
        assert "2 came and 1 left" in page
    assert "0 came and 0 left" in words_of(signed_in().get("/studio/subscribers/growth/?list=999999"))


@pytest.mark.parametrize("query", ["?days=x", "?list=x&publication=%00", "?days=999999999"])
def test_nonsense_asked_of_growth_is_no_error(weekly, query):
    assert signed_in().get(f"/studio/subscribers/growth/{query}").status_code == 200


def test_weeks_begin_on_monday_and_keep_the_sums():
    days = [Step((NOON + timedelta(days=number)).date(), number, 1) for number in range(10)]
    weeks = by_week(days)
    assert {one.first.weekday() for one in weeks} == {0}
    assert (sum(one.came for one in weeks), sum(one.net for one in weeks)) == (45, 35)
