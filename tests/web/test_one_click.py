"""RFC 8058 as mail programs live it: any body, any repetition, no slash, no cookie, no redirect; and nothing but a POST acts."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.letters import make_mailing, tokens_of
from support.publications import make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.models import ConsentRecord, Subscription
from syndication.audience.self_service import leave

pytestmark = [pytest.mark.django_db, pytest.mark.database]
FORM = "application/x-www-form-urlencoded"
BODIES = {
    "nothing at all": (b"", ""),
    "the wish in capitals": (b"LIST-UNSUBSCRIBE=ONE-CLICK", FORM),
    "another charset": (b"List-Unsubscribe=One-Click", f"{FORM}; charset=latin-1"),
    "a charset that nobody knows": (b"List-Unsubscribe=One-Click", f"{FORM}; charset=klingon"),
    "broken percent signs": (b"%ZZ%=%&&&=%00", FORM),
    "bytes": (bytes(range(256)), "application/octet-stream"),
    "a form without boundary": (b"--x", "multipart/form-data"),
    "an empty boundary": (b"--x", "multipart/form-data; boundary="),
    "a part without end": (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb", "multipart/form-data; boundary=x"),
    "a part in broken base64": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "a thousand fields too many": (b"a=1&" * 2_000, FORM),
    "more than we read": (b"a" * (13 * 1024 * 1024), FORM),
    "JSON": (b'{"List-Unsubscribe": "One-Click"}', "application/json"),
    "a nonsense type": (b"x", "\u00fc/;;;"),
}


@pytest.fixture
def subscription():
    to = make_list(make_publication())
    return subscribe.add(subscribe.Person("mara@example.org"), to=to, confirmed=True, how="staff", now=timezone.now())


@pytest.fixture(params=["of a copy", "of before"])
def link(request, subscription):
    if request.param == "of before":
        return f"/u/{leave.unsubscribe_token(subscription.subscriber_id, subscription.list_id)}/"
    return f"/u/{tokens_of(make_mailing(subscription.list), subscription.subscriber_id).unsubscribe}/"


def state():
    return Subscription.objects.get().state


@pytest.mark.parametrize("case", BODIES)
def test_whatever_the_body_is_a_post_is_a_wish_to_leave(client, link, case):
    body, kind = BODIES[case]
    response = client.generic("POST", link, body, content_type=kind)
    assert (response.status_code, state()) == (200, "unsubscribed")
    assert not response.cookies


@given(st.binary(max_size=300), st.sampled_from([FORM, "multipart/form-data; boundary=x", "text/plain", ""]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_keep_a_reader_on_a_list(subscription, body, kind):
    Subscription.objects.update(state="confirmed")
    token = leave.unsubscribe_token(subscription.subscriber_id, subscription.list_id)
    assert Client().generic("POST", f"/u/{token}/", body, content_type=kind).status_code == 200
    assert state() == "unsubscribed"


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_answer_is_no_redirect_also_where_the_last_slash_is_lost(client, link, slash):
    response = client.post(link.rstrip("/") + slash, {"List-Unsubscribe": "One-Click"})
    assert (response.status_code, state()) == (200, "unsubscribed")


def test_a_token_in_capitals_still_leaves(client, link):
    prefix, token, _ = link[1:].split("/")
    assert client.post(f"/{prefix}/{token.upper()}/", {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert state() == "unsubscribed"


def test_a_cookie_of_staff_and_a_foreign_referrer_change_nothing_about_it(client, link):
    client.cookies["sessionid"] = "made-up"
    response = client.post(
        link, {"List-Unsubscribe": "One-Click"}, headers={"origin": "https://mail.example.net", "referer": "https://evil.example"}
    )
    assert (response.status_code, state()) == (200, "unsubscribed")


def test_ten_programs_asking_again_make_one_record(client, link):
    answers = {client.post(link, {"List-Unsubscribe": "One-Click"}).status_code for _ in range(10)}
    assert (answers, ConsentRecord.objects.filter(state="unsubscribed").count()) == ({200}, 1)


@pytest.mark.parametrize("part", ["", "undo/"])
@pytest.mark.parametrize("method", ["get", "head", "options", "trace", "put", "delete", "patch"])
def test_nothing_but_a_post_changes_anything(client, link, method, part):
    for before in ("confirmed", "unsubscribed"):
        Subscription.objects.update(state=before)
        assert getattr(client, method)(link + part).status_code in {200, 302, 405}
        assert (state(), ConsentRecord.objects.count()) == (before, 1)


def test_a_prefetching_browser_changes_nothing(client, link):
    assert client.get(link, headers={"sec-purpose": "prefetch", "purpose": "prefetch"}).status_code == 200
    assert state() == "confirmed"


def test_after_a_month_the_page_says_how_to_come_back_instead_of_offering_a_button(client, link):
    moment = timezone.now() - timedelta(days=31)
    leave.unsubscribe(link.split("/")[2], how="one-click", now=moment)
    shown = client.get(link).text
    assert "<button" not in shown
    assert "/s/field-notes/" in shown
