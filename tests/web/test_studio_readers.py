"""Subscribers, lists and publications in the studio."""

import pytest
from django.utils import timezone
from support.publications import make_list, make_publication
from support.staff import signed_in

from syndication.articles.models import Publication
from syndication.audience.models import ConsentRecord, Subscriber, SubscriberList, Subscription, Suppression
from syndication.audience.subscribe import Person, add

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def rosa(weekly):
    return add(Person("rosa@example.org", name="Rosa Rau"), to=weekly, confirmed=True, how="import", now=timezone.now()).subscriber


def words_of(answer) -> str:
    return answer.content.decode()


def test_an_empty_page_of_subscribers_says_how_they_come():
    assert "subscribers import" in words_of(signed_in().get("/studio/subscribers/"))


@pytest.mark.parametrize("query", ["?q=ROSA", "?q=rau", "?state=confirmed", "?q=rosa&state=confirmed"])
def test_a_subscriber_is_found(rosa, query):
    assert "rosa@example.org" in words_of(signed_in().get(f"/studio/subscribers/{query}"))


@pytest.mark.parametrize("query", ["?q=otto", "?state=pending", "?list=99999999"])
def test_a_search_leaves_out_whoever_does_not_fit(rosa, query):
    assert "rosa@example.org" not in words_of(signed_in().get(f"/studio/subscribers/{query}"))


@pytest.mark.parametrize("query", ["?list=x", "?q=%00", "?state=%00", "?list=-1", "?list=" + "9" * 30, "?state=<script>", "?page=9999999"])
def test_nonsense_in_the_address_is_no_error(rosa, query):
    assert signed_in().get(f"/studio/subscribers/{query}").status_code == 200


def test_a_subscriber_of_one_list_is_found_by_it(rosa, weekly):
    assert "rosa@example.org" in words_of(signed_in().get(f"/studio/subscribers/?list={weekly.pk}"))


def test_the_page_of_a_subscriber_shows_the_consent(rosa):
    page = words_of(signed_in().get(f"/studio/subscribers/{rosa.pk}/"))
    assert "confirmed on Weekly, by import" in page


def test_staff_adds_a_subscriber_with_a_record_of_it(weekly):
    answer = signed_in().post(
        "/studio/subscribers/new/", {"address": "Otto@Example.org", "name": "Otto", "list": weekly.pk, "confirmed": "on"}
    )
    otto = Subscriber.objects.get(address="otto@example.org")
    assert answer.headers["Location"] == f"/studio/subscribers/{otto.pk}/"
    assert otto.subscriptions.get().state == Subscription.State.CONFIRMED
    assert ConsentRecord.objects.get().how == "staff"


def test_a_subscriber_without_proof_of_the_wish_stays_pending(weekly):
    signed_in().post("/studio/subscribers/new/", {"address": "otto@example.org", "list": weekly.pk})
    assert Subscription.objects.get().state == Subscription.State.PENDING


@pytest.mark.parametrize("address", ["", "otto", "otto@", "a@b@c", "otto@example.org\nBcc: x@example.org", "x" * 500 + "@example.org"])
def test_an_address_that_is_none_is_refused_and_stays_in_the_form(weekly, address):
    answer = signed_in().post("/studio/subscribers/new/", {"address": address, "name": "Otto Ohm", "list": weekly.pk})
    assert answer.status_code == 422
    assert "Otto Ohm" in words_of(answer)
    assert not Subscriber.objects.exists()


def test_a_list_that_does_not_exist_is_refused(weekly):
    assert signed_in().post("/studio/subscribers/new/", {"address": "otto@example.org", "list": "77"}).status_code == 422


def test_staff_suppresses_an_address_everywhere(rosa):
    signed_in().post(f"/studio/subscribers/{rosa.pk}/", {"publication": "", "detail": "asked by phone"})
    found = Suppression.objects.get(address_hash=rosa.address_hash)
    assert (found.publication, found.reason, found.detail) == (None, "staff", "asked by phone")


def test_a_suppressed_subscriber_is_marked(rosa, publication):
    client = signed_in()
    client.post(f"/studio/subscribers/{rosa.pk}/", {"publication": publication.pk, "detail": "<b>loud</b>"})
    page = words_of(client.get(f"/studio/subscribers/{rosa.pk}/"))
    assert "Not mailed by Field Notes" in page
    assert "&lt;b&gt;loud" in page


def test_opening_the_page_for_erasing_erases_nothing(rosa):
    assert "cannot be undone" in words_of(signed_in().get(f"/studio/subscribers/{rosa.pk}/erase/"))
    assert Subscriber.objects.get().address == "rosa@example.org"


def test_an_erased_subscriber_is_named_nowhere(rosa):
    client = signed_in()
    client.post(f"/studio/subscribers/{rosa.pk}/erase/")
    page = words_of(client.get("/studio/subscribers/")) + words_of(client.get(f"/studio/subscribers/{rosa.pk}/"))
    assert "rosa" not in page.lower()


def test_a_person_is_erased_once(rosa):
    client = signed_in()
    client.post(f"/studio/subscribers/{rosa.pk}/erase/")
    assert client.post(f"/studio/subscribers/{rosa.pk}/erase/").status_code == 404


def test_lists_show_a_count_for_each_state(rosa, weekly):
    add(Person("otto@example.org"), to=weekly, confirmed=False, how="import", now=timezone.now())
    add(Person("eva@example.org"), to=weekly, confirmed=False, how="import", now=timezone.now())
    page = words_of(signed_in().get("/studio/lists/"))
    assert [cell.split("<")[0] for cell in page.split('<td class="number">')[1:]] == ["1", "2"]


def test_staff_makes_a_list(publication):
    signed_in().post(
        "/studio/lists/", {"publication": publication.pk, "name": "Urgent notices", "slug": "urgent", "description": "", "is_public": "on"}
    )
    assert SubscriberList.objects.get().name == "Urgent notices"


@pytest.mark.parametrize("slug", ["", "Not A Slug", "-a-", "weekly"])
def test_a_short_name_that_cannot_be_used_is_refused_and_the_form_is_kept(weekly, publication, slug):
    answer = signed_in().post("/studio/lists/", {"publication": publication.pk, "name": "Kept name", "slug": slug})
    assert answer.status_code in {409, 422}
    assert "Kept name" in words_of(answer)
    assert SubscriberList.objects.count() == 1


TURNS_TEXT = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
PUBLICATION = {
    "name": "Night Letters",
    "slug": "night-letters",
    "sender_name": "Nora",
    "sender_address": "nora@example.org",
    "mail_domain": "example.org",
    "language": "en",
    "time_zone": "Europe/Berlin",
}


def test_staff_makes_a_publication_whose_feeds_are_due():
    signed_in().post("/studio/publications/new/", PUBLICATION)
    assert Publication.objects.get(slug="night-letters").feed_changes.exists()


def test_staff_changes_a_publication(publication):
    signed_in().post(f"/studio/publications/{publication.pk}/", PUBLICATION)
    publication.refresh_from_db()
    assert publication.name == "Night Letters"


@pytest.mark.parametrize("field", ["name", "sender_name"])
@pytest.mark.parametrize("sign", TURNS_TEXT)
def test_a_sign_that_turns_the_text_around_is_taken_out_of_a_publications_names(field, sign):
    signed_in().post("/studio/publications/new/", PUBLICATION | {field: f"Night {sign}gpj.exe"})
    assert getattr(Publication.objects.get(), field) == "Night gpj.exe"


@pytest.mark.parametrize("sign", TURNS_TEXT)
def test_a_sign_that_turns_the_text_around_is_taken_out_of_a_lists_name(publication, sign):
    typed = {"publication": publication.pk, "name": f"{sign} The weekly{sign}", "slug": "weekly"}
    signed_in().post("/studio/lists/", typed)
    assert SubscriberList.objects.get().name == "The weekly"


def test_a_name_of_nothing_but_such_signs_is_no_name(publication):
    answer = signed_in().post("/studio/lists/", {"publication": publication.pk, "name": TURNS_TEXT, "slug": "weekly"})
    assert answer.status_code == 422
    assert not SubscriberList.objects.exists()


def test_marks_that_hebrew_and_arabic_names_need_stay(publication):
    signed_in().post("/studio/lists/", {"publication": publication.pk, "name": "עלון\u200f!", "slug": "weekly"})
    assert SubscriberList.objects.get().name == "עלון\u200f!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("sender_address", "nora"),
        ("slug", "Night Letters"),
        ("slug", "field-notes"),
        ("name", ""),
        ("name", "x" * 999),
    ],
)
def test_a_wrong_value_of_a_publication_is_named_and_the_rest_is_kept(publication, name, value):
    answer = signed_in().post("/studio/publications/new/", {**PUBLICATION, name: value})
    assert answer.status_code == 422
    assert f'id="id_{name}_error"' in words_of(answer)
    assert Publication.objects.count() == 1


@pytest.mark.parametrize(("make", "ticked"), [(lambda: None, 0), (make_publication, 1), (lambda: make_list(make_publication()), 1)])
def test_the_first_steps_tick_themselves(make, ticked):
    make()
    assert words_of(signed_in().get("/studio/")).count('<li class="done">') == ticked


def test_a_confirmed_reader_ticks_the_second_step(rosa):
    assert words_of(signed_in().get("/studio/")).count('<li class="done">') == 2


def test_sample_mode_is_said_on_every_page(settings):
    make_publication(is_sample=True)
    settings.MAIL_CATCHER_ON = True
    assert "No mail leaves this machine" in words_of(signed_in().get("/studio/articles/"))


def test_without_a_sample_there_is_no_strip(publication):
    assert "Sample mode" not in words_of(signed_in().get("/studio/"))
