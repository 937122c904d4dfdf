"""The links in a mail work without cookie or login, only a POST acts, and no answer tells a stranger who reads what."""

import pytest
from django.utils import timezone
from lxml import html as lxml_html

from syndication.audience import subscribe
from syndication.audience.models import ConsentRecord, Subscriber, Subscription
from syndication.audience.self_service import leave

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def subscription(weekly):
    return subscribe.add(subscribe.Person("mara@example.org"), to=weekly, confirmed=True, how="staff", now=timezone.now())


@pytest.fixture
def token(subscription):
    return leave.unsubscribe_token(subscription.subscriber_id, subscription.list_id)


def state(subscription):
    return Subscription.objects.get(pk=subscription.pk).state


def text(response):
    return " ".join(lxml_html.fromstring(response.content.decode()).text_content().split())


# ------------------------------------------------------------------ leaving
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_unsubscribe_link_changes_nothing(client, subscription, token, method):
    before = ConsentRecord.objects.count()
    assert getattr(client, method)(f"/u/{token}/").status_code == 200
    assert (state(subscription), ConsentRecord.objects.count()) == ("confirmed", before)


def test_the_page_has_a_button_that_posts_to_itself_and_shows_only_a_hint_of_the_address(client, token):
    response = client.get(f"/u/{token}/")
    form = lxml_html.fromstring(response.content.decode()).xpath("//form")[0]
    assert (form.get("method"), form.get("action")) == ("post", f"/u/{token}/")
    assert "m…@example.org" in response.text
    assert "mara" not in response.text


def test_the_button_unsubscribes(client, subscription, token):
    response = client.post(f"/u/{token}/")
    assert (response.status_code, state(subscription)) == (200, "unsubscribed")
    assert "You are unsubscribed" in response.text


@pytest.mark.parametrize("form", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_unsubscribes_without_cookie_or_redirect(client, subscription, token, form):
    body = {
        "application/x-www-form-urlencoded": b"List-Unsubscribe=One-Click",
        "multipart/form-data": b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
    }[form]
    response = client.post(f"/u/{token}/", body, content_type=f"{form}; boundary=x")
    assert (response.status_code, state(subscription)) == (200, "unsubscribed")
    assert ConsentRecord.objects.latest("pk").how == "one-click"
    assert not response.cookies


def test_one_click_again_is_harmless(client, subscription, token):
    for _ in range(3):
        response = client.post(f"/u/{token}/", {"List-Unsubscribe": "One-Click"})
        assert (response.status_code, state(subscription)) == (200, "unsubscribed")


def test_a_body_that_cannot_be_read_is_still_a_wish_to_leave(client, subscription, token):
    client.post(f"/u/{token}/", b"--broken", content_type="multipart/form-data; boundary=")
    assert state(subscription) == "unsubscribed"


def test_undo_brings_the_reader_back(client, subscription, token):
    client.post(f"/u/{token}/")
    response = client.post(f"/u/{token}/undo/")
    assert (response.status_code, state(subscription)) == (200, "confirmed")
    assert "You are subscribed again" in response.text


def test_opening_the_undo_address_changes_nothing(client, subscription, token):
    client.post(f"/u/{token}/")
    response = client.get(f"/u/{token}/undo/")
    assert (response["Location"], state(subscription)) == (f"/u/{token}/", "unsubscribed")


def test_who_has_left_sees_that_and_the_way_back(client, token):
    client.post(f"/u/{token}/")
    assert "You are not subscribed" in client.get(f"/u/{token}/").text


@pytest.mark.parametrize("path", ["/u/{}/", "/u/{}/undo/", "/c/{}/"])
def test_every_wrong_token_gets_the_same_page(client, token, path):
    wrong = ["x", token[:-1] + ("a" if token[-1] != "a" else "b"), "a" * 3_000, "%00", "é", token + "a"]
    answers = [client.post(path.format(one)) for one in wrong]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    assert "This link does not work" in answers[0].text


@pytest.mark.parametrize("path", ["/u/", "/c/", "/u/{}/undo/more/", "/u/{}/=20", "/c/x/y"])
def test_a_link_with_too_little_or_too_much_gets_that_page_too(client, token, path):
    answer = client.get(path.format(token))
    assert answer.status_code == 404
    assert answer.content == client.get("/u/x/").content


@pytest.mark.parametrize("path", ["/u/{}", "/u/{}/undo"])
def test_a_link_that_lost_its_last_slash_still_works(client, token, path):
    assert client.get(path.format(token), follow=True).status_code == 200


def test_the_page_of_a_link_that_does_not_work_says_what_to_do(client, subscription):
    said = text(client.get("/u/x/"))
    assert "copy the whole link from the mail" in said
    assert "Answer the mail" in said


def test_the_link_of_an_erased_reader_is_as_unknown_as_any(client, subscription, token):
    Subscriber.objects.filter(pk=subscription.subscriber_id).update(state=Subscriber.State.ERASED)
    assert client.post(f"/u/{token}/").content == client.post("/u/x/").content


@pytest.mark.parametrize("path", ["/u/{}/", "/u/wrong/", "/c/wrong/", "/s/field-notes/"])
def test_an_answer_page_is_not_cached_indexed_or_passed_on(client, token, path):
    response = client.get(path.format(token))
    assert response["Cache-Control"] == "no-store"
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    assert not response.cookies


def test_other_methods_are_refused(client, subscription, token):
    response = client.delete(f"/u/{token}/")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")
