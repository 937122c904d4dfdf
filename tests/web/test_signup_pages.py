"""Subscribing by the page: what it shows, what it refuses and why, what waits for the `mail` queue, and that no answer tells who reads what."""

import re
import time

import pytest
from django.test import Client
from django.utils import timezone
from lxml import html as lxml_html
from support.publications import make_list, make_publication

from syndication.audience import subscribe
from syndication.audience.models import ConsentRecord, ConsentWording, SignUp, Subscriber, Subscription
from syndication.audience.self_service import leave
from syndication.audience.signup import gate, proof_of_work, stamp
from syndication.audience.signup.stamp import Step
from syndication.audience.suppression import domain_rules
from syndication.audience.suppression.suppress import suppress
from syndication.delivery.mailing.confirmation import plan_sign_ups
from syndication.delivery.models import Delivery

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PATH = "/s/field-notes/"


def read(response):
    return lxml_html.fromstring(response.content.decode())


def text(response):
    return " ".join(read(response).text_content().split())


def old_stamp(publication, *, seconds=60, step=Step.FORM, address=""):
    """The stamp of a form that was opened so long ago."""
    shown = gate.words_of(publication, gate.open_lists(publication))
    mark = stamp.address_mark(address) if address else 0
    made = time.time_ns() // 1_000_000 - int(seconds * 1000)
    return stamp.make(stamp.Stamp(publication.pk, made, shown.mark, step, mark), gate.token_key(stamp.PURPOSE))


def post(client, publication, address="new@example.org", **more):
    typed = {"address": address, "stamp": old_stamp(publication)} | more
    headers = {"REMOTE_ADDR": typed.pop("remote", "203.0.113.7")}
    return client.post(PATH, {name: value for name, value in typed.items() if value is not None}, **headers)


def send_again(client, response, **more):
    """Press the button of a page that came back, as a browser does."""
    form = read(response).xpath("//form")[0]
    return client.post(form.get("action"), dict(form.form_values()) | more, REMOTE_ADDR="203.0.113.7")


def take():
    return plan_sign_ups()


# ------------------------------------------------------------------ the form
def test_the_page_asks_for_an_address_and_hides_a_trap_and_a_stamp(client, weekly):
    fields = {one.get("name"): one.get("type") for one in read(client.get(PATH)).xpath("//form//input")}
    assert fields == {"address": "email", "reason": None, "stamp": "hidden"}


def test_the_words_beside_the_form_are_exactly_those_that_are_kept_as_consent(client, publication, weekly):
    shown = gate.words_of(publication, gate.open_lists(publication))
    page = text(client.get(PATH))
    for part in (shown.heading, shown.promise, shown.sender, *shown.offers[0]):
        assert part in page
    post(client, publication)
    assert ConsentWording.objects.get().text == shown.text


def test_opening_the_page_writes_nothing(client, weekly):
    client.get(PATH)
    assert not ConsentWording.objects.exists()
    assert not SignUp.objects.exists()


def test_several_open_lists_are_offered_and_private_ones_are_not(client, publication, weekly):
    make_list(publication, "monthly")
    make_list(publication, "staff-only", is_public=False)
    boxes = read(client.get(PATH)).xpath("//input[@type='checkbox']")
    assert [one.get("value") for one in boxes] == ["weekly", "monthly"]
    assert [one.get("checked") for one in boxes] == [None, None]  # a tick that nobody made is no consent


def test_an_unknown_publication_cannot_be_subscribed_to(client):
    assert client.get("/s/nobody/").status_code == 404
    assert client.get("/s/nobody/embed/").status_code == 404


def test_a_publication_without_open_lists_points_to_its_feeds(client, publication):
    for response in (client.get(PATH), client.post(PATH, {"address": "new@example.org"})):
        assert response.status_code == 200
        assert "no list that is open to everyone" in response.text
    assert not SignUp.objects.exists()


# ------------------------------------------------------------------ asking
def test_a_wish_is_kept_in_one_row_and_rung_for_once_it_is_committed(client, publication, weekly, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as bells:
        response = post(client, publication)
    kept = SignUp.objects.get()
    assert (response.status_code, kept.address, kept.lists, kept.how, kept.network) == (200, "new@example.org", [weekly.pk], "form", "ipv4")
    assert [(bell.args, bell.keywords) for bell in bells] == [(("sign-ups", "syndication.tasks.take_sign_ups"), {"queue": "mail"})]
    assert not Subscriber.objects.exists()


def test_the_mail_queue_makes_it_a_pending_subscription_with_words_and_network_and_forgets_the_wish(client, publication, weekly):
    post(client, publication)
    take()
    record = ConsentRecord.objects.get()
    assert (record.state, record.how, record.network) == ("pending", "form", "ipv4")
    assert "Subscribe to Field Notes" in record.wording.text
    assert Delivery.objects.get().subscriber.address == "new@example.org"
    assert not SignUp.objects.exists()


def test_the_network_is_left_out_where_the_setting_says_so(client, publication, weekly, settings):
    settings.KEEP_CONSENT_NETWORK = False
    post(client, publication)
    take()
    assert ConsentRecord.objects.get().network == ""


def test_only_the_chosen_lists_are_joined(client, publication, weekly):
    monthly = make_list(publication, "monthly")
    post(client, publication, list=["monthly"])
    take()
    assert [one.list for one in Subscription.objects.all()] == [monthly]


def test_no_list_chosen_is_said_so_and_the_address_kept(client, publication, weekly):
    make_list(publication, "monthly")
    response = post(client, publication)
    assert response.status_code == 400
    assert "Choose at least one list" in response.text
    assert 'value="new@example.org"' in response.text


def test_a_private_list_or_one_of_another_publication_cannot_be_joined_by_slug_or_id(client, publication, weekly):
    secret = make_list(publication, "staff-only", is_public=False)
    make_list(make_publication("tides"), "tides-weekly")
    post(client, publication, list=["staff-only", str(secret.pk), "tides-weekly"])
    take()
    assert [one.list.slug for one in Subscription.objects.all()] == ["weekly"]


def test_a_list_that_became_private_meanwhile_is_not_joined(client, publication, weekly):
    post(client, publication)
    type(weekly).objects.update(is_public=False)
    take()
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "@-sign"),
        ("nobody", "@-sign"),
        ("a@b@c", "@-sign"),
        ("a" * 400 + "@example.org", "longer than 320 bytes"),
        ("a\x00b@example.org", "U+0000"),
        ("a\u200bb@example.org", "ZERO WIDTH SPACE"),
        ("a\u3164b@example.org", "nobody sees"),
        ("<script>@example.org", "after the email address"),
        ("a@localhost", "period"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason_and_can_be_mended(client, publication, weekly, address, why):
    response = post(client, publication, address)
    assert response.status_code == 400
    assert "does not look like an email address" in text(response)
    assert why in text(response)
    assert "<script>@" not in response.text
    assert not SignUp.objects.exists()


def test_a_domain_outside_ascii_is_folded_to_one_spelling(client, publication, weekly):
    for typed in ("a@MÜNCHEN.example.org", "a@xn--mnchen-3ya.example.org"):
        post(client, publication, typed)
    assert {one.address for one in SignUp.objects.all()} == {"a@münchen.example.org"}


def test_no_cookie_is_set_or_needed(client, publication, weekly):
    assert not client.get(PATH).cookies
    assert not post(client, publication).cookies


# ------------------------------------------------------------------ neutral answers
def answers_of_all_kinds(client, publication, weekly):
    """The whole answer for an address that is new, pending, confirmed, gone, suppressed here and everywhere, and of a blocked domain."""
    now = timezone.now()
    subscribe.ask("pending@example.org", list_ids=[weekly.pk], how="form", now=now)
    for name in ("confirmed", "gone"):
        subscribe.add(subscribe.Person(f"{name}@example.org"), to=weekly, confirmed=True, how="staff", now=now)
    gone = Subscription.objects.get(subscriber__address="gone@example.org")
    leave.unsubscribe(leave.unsubscribe_token(gone.subscriber_id, weekly.pk), how="link", now=now)
    suppress("complained@example.org", reason="complained", publication=publication)
    suppress("bounced@example.org", reason="bounced")
    domain_rules.put("blocked.example.org", kind="block")
    names = ("new", "pending", "confirmed", "gone", "complained", "bounced")
    return [post(client, publication, one) for one in (*(f"{name}@example.org" for name in names), "x@blocked.example.org")]


def test_text_size_status_and_headers_are_the_same_for_every_kind_of_address(client, publication, weekly):
    answers = answers_of_all_kinds(client, publication, weekly)
    assert {(one.status_code, one.content, str(sorted(one.headers.items()))) for one in answers} == {
        (200, answers[0].content, str(sorted(answers[0].headers.items())))
    }
    assert b"Check your inbox" in answers[0].content


def test_every_kind_of_address_costs_the_same_statements_so_time_tells_nothing(client, publication, weekly, django_assert_num_queries):
    post(client, publication)  # the words are kept at the first sign-up
    answers_of_all_kinds(client, publication, weekly)
    kinds = ("new2", "pending", "confirmed", "gone", "complained", "bounced")
    seen = set()
    for address in (*(f"{name}@example.org" for name in kinds), "x@blocked.example.org"):
        with django_assert_num_queries(7) as asked:
            post(client, publication, address)
        seen.add(tuple(shape(one["sql"], address) for one in asked.captured_queries))
    assert len(seen) == 1
    tables = set(re.findall(r'"syndication_(\w+)"', " ".join(seen.pop())))
    assert tables == {"publication", "subscriberlist", "consentwording", "signup"}


def shape(sql, address):
    """A statement without the values that differ: what is asked, not of whom."""
    return re.sub(r"[0-9]+", "n", sql.replace(address, "?").partition("VALUES")[0])


def test_only_who_needs_one_gets_a_mail_and_nothing_is_kept_of_who_may_not_be_mailed(client, publication, weekly):
    answers_of_all_kinds(client, publication, weekly)
    take()
    mailed = set(Delivery.objects.values_list("subscriber__address", flat=True))
    assert mailed == {"new@example.org", "pending@example.org", "gone@example.org"}
    known = set(Subscriber.objects.values_list("address", flat=True))
    assert not known & {"complained@example.org", "bounced@example.org", "x@blocked.example.org"}
    assert not SignUp.objects.exists()


# ------------------------------------------------------------------ trap and stamp
def test_a_program_that_fills_the_trap_is_thanked_and_nothing_happens(client, publication, weekly):
    thanked, real = post(client, publication, reason="cheap pills"), post(client, publication)
    assert thanked.content == real.content
    assert SignUp.objects.count() == 1


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "quicker than people"), (1.5, "quicker than people"), (25 * 3600, "open for more than a day")]
)
def test_a_form_sent_too_quickly_or_too_late_is_asked_again_kindly_and_one_click_more_does_it(client, publication, weekly, seconds, said):
    response = post(client, publication, stamp=old_stamp(publication, seconds=seconds))
    assert response.status_code == 200
    assert said in text(response)
    assert not SignUp.objects.exists()
    assert "Check your inbox" in text(send_again(client, response))
    assert SignUp.objects.get().address == "new@example.org"


@pytest.mark.parametrize("value", [None, "", "x", "0" * 84, "é", "a" * 5000])
def test_a_form_of_another_site_has_no_stamp_and_needs_one_click_more(client, publication, weekly, value):
    response = post(client, publication, stamp=value)
    assert "One more click" in text(response)
    assert not SignUp.objects.exists()
    send_again(client, response)
    assert SignUp.objects.count() == 1


def test_a_stamp_of_another_publication_does_not_do(client, publication, weekly):
    other = make_publication("tides")
    make_list(other, "tides-weekly")
    assert "One more click" in text(post(client, publication, stamp=old_stamp(other)))


def test_the_second_page_serves_only_the_address_it_was_made_for(client, publication, weekly):
    again = post(client, publication, stamp=None)
    other = send_again(client, again, address="other@example.org")
    assert "quicker than people" in text(other)
    assert not SignUp.objects.exists()


def test_words_that_have_changed_since_are_shown_before_anybody_agrees_to_them(client, publication, weekly):
    before = old_stamp(publication)
    type(weekly).objects.update(name="Daily")
    response = post(client, publication, stamp=before)
    assert "has changed since" in text(response)
    send_again(client, response)
    assert "Daily" in SignUp.objects.get().wording.text


def test_older_words_that_are_on_record_stand_for_who_has_read_them(client, publication, weekly):
    before = old_stamp(publication)
    post(client, publication)
    type(weekly).objects.update(name="Daily")
    post(client, publication, "second@example.org", stamp=before)
    assert {one.wording.text.count("Weekly") for one in SignUp.objects.all()} == {1}


# ------------------------------------------------------------------ limits and work
def test_too_many_for_one_address_are_told_later_and_keep_nothing(client, publication, weekly, settings):
    settings.SIGNUP_LIMITS = {"address": 2}
    answers = [post(client, publication, remote=f"203.0.{n}.7") for n in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert int(answers[2]["Retry-After"]) <= 3600
    assert "try later" in text(answers[2])
    assert SignUp.objects.count() == 2


def test_too_many_from_one_network_do_not_hold_up_another(client, publication, weekly, settings):
    settings.SIGNUP_LIMITS = {"network": 2}
    from_one = [post(client, publication, f"r{n}@example.org", remote=f"203.0.113.{n}").status_code for n in range(4)]
    assert from_one == [200, 200, 429, 429]
    assert post(client, publication, "x@example.org", remote="203.0.114.1").status_code == 200


@pytest.mark.parametrize("kind", ["domain", "form", "everything"])
def test_domain_form_and_whole_have_limits_of_their_own(client, publication, weekly, settings, kind):
    settings.SIGNUP_LIMITS = {kind: 2}
    found = [post(client, publication, f"r{n}@example.org", remote=f"203.0.{n}.1").status_code for n in range(3)]
    assert found == [200, 200, 429]


def test_a_limit_tells_nothing_about_the_address(client, publication, weekly, settings):
    subscribe.add(subscribe.Person("mara@example.org"), to=weekly, confirmed=True, how="staff", now=timezone.now())
    settings.SIGNUP_LIMITS = {"address": 1}
    known, new = ([post(client, publication, one) for _ in range(3)] for one in ("mara@example.org", "new@example.org"))
    assert [one.content for one in known] == [one.content for one in new]


def test_the_forwarded_address_of_a_stranger_is_not_believed_and_that_of_a_proxy_is(client, publication, weekly, settings):
    settings.SIGNUP_LIMITS = {"network": 1}
    typed = {"stamp": old_stamp(publication)}
    for remote, expected in (("203.0.113.9", [200, 429]), ("127.0.0.1", [200, 200])):
        found = [
            client.post(
                PATH, typed | {"address": f"{remote}-{n}@example.org"}, REMOTE_ADDR=remote, HTTP_X_FORWARDED_FOR=f"198.51.{n}.1"
            ).status_code
            for n in range(2)
        ]
        assert found == expected


@pytest.fixture
def attacked(client, publication, weekly, settings):
    """Two sign-ups in a minute are an attack here."""
    settings.SIGNUP_LIMITS = {"proof": 2}
    for n in range(3):
        assert post(client, publication, f"r{n}@example.org").status_code == 200
    return post(client, publication)


def test_under_attack_a_browser_is_asked_for_work_and_let_in_once_for_it(client, publication, attacked):
    assert attacked.status_code == 428
    (form,) = read(attacked).xpath("//form[@id='work']")
    answer = proof_of_work.solve(form.get("data-challenge"))
    assert "Check your inbox" in text(send_again(client, attacked, answer=answer))
    assert send_again(client, attacked, answer=answer).status_code == 428
    assert SignUp.objects.filter(address="new@example.org").count() == 1


@pytest.mark.parametrize("answer", ["0", "-1", "1e9", "x" * 30, "", "１２"])
def test_a_wrong_answer_is_asked_for_work_again(client, attacked, answer):
    assert send_again(client, attacked, answer=answer).status_code in {200, 428}
    assert not SignUp.objects.filter(address="new@example.org").exists()


def test_without_javascript_a_minute_of_waiting_does_as_well_once_and_for_few(client, publication, attacked):
    waited = old_stamp(publication, step=Step.WAIT, address="new@example.org", seconds=61)
    assert "leave this page open for 60 seconds" in text(attacked)
    assert post(client, publication, stamp=waited).status_code == 200
    assert post(client, publication, stamp=waited).status_code == 428
    hurried = old_stamp(publication, step=Step.WAIT, address="new@example.org", seconds=20)
    assert "quicker than people" in text(post(client, publication, stamp=hurried))
    assert SignUp.objects.filter(address="new@example.org").count() == 1


def test_the_work_page_carries_its_script_from_here_and_nothing_inline(attacked):
    scripts = read(attacked).xpath("//script")
    assert [(one.get("src"), one.text) for one in scripts] == [("/static/signup-work.js", None)]


# ------------------------------------------------------------------ the form for other sites
def test_the_form_for_other_sites_is_plain_html_that_leads_to_one_click_more(client, publication, weekly):
    page = client.get(f"{PATH}embed/")
    snippet = lxml_html.fromstring(read(page).xpath("//pre")[0].text_content())
    assert snippet.get("action") == "https://news.example.org/s/field-notes/"
    assert "script" not in lxml_html.tostring(snippet).decode()
    assert not page.cookies
    values = dict(snippet.form_values()) | {"address": "new@example.org"}
    cross_site = Client(enforce_csrf_checks=True, headers={"Origin": "https://elsewhere.example", "Referer": "https://elsewhere.example/"})
    response = cross_site.post(PATH, values)
    assert "One more click" in text(response)
    assert "Check your inbox" in text(send_again(client, response))


def test_a_hostile_name_in_the_form_for_other_sites_stays_text(client, publication, weekly):
    make_list(publication, "second", name='"><script>alert(1)</script>')
    page = client.get(f"{PATH}embed/")
    assert not read(page).xpath("//script")
    assert not lxml_html.fromstring(read(page).xpath("//pre")[0].text_content()).xpath(".//script")


# ------------------------------------------------------------------ confirming
def pending_subscription(weekly, address="new@example.org", *others):
    subscribe.ask(address, list_ids=[weekly.pk, *(one.pk for one in others)], how="form", now=timezone.now())
    return Subscription.objects.get(subscriber__address=address, list=weekly)


def confirmation_path(subscription):
    return f"/c/{subscribe.confirmation_token(subscription.subscriber_id, subscription.list_id, timezone.now())}/"


def state(subscription):
    return Subscription.objects.get(pk=subscription.pk).state


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_opening_the_confirmation_link_changes_nothing(client, weekly, method):
    subscription = pending_subscription(weekly)
    before = ConsentRecord.objects.count()
    response = getattr(client, method)(confirmation_path(subscription), headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"})
    assert response.status_code == (405 if method == "options" else 200)
    assert (state(subscription), ConsentRecord.objects.count()) == ("pending", before)


def test_the_page_has_a_button_and_no_script_that_could_press_it(client, weekly):
    page = read(client.get(confirmation_path(pending_subscription(weekly))))
    assert page.xpath("//form[@method='post']//button")
    assert not page.xpath("//script")


def test_the_button_confirms_and_a_second_time_is_harmless(client, weekly):
    subscription = pending_subscription(weekly)
    path = confirmation_path(subscription)
    for _ in range(2):
        assert "You are subscribed" in text(client.post(path))
        assert state(subscription) == "confirmed"
    assert ConsentRecord.objects.filter(state="confirmed").count() == 1


def test_the_record_of_the_yes_keeps_the_words_of_the_form_and_the_family_of_the_network(client, publication, weekly):
    post(client, publication)
    take()
    client.post(confirmation_path(Subscription.objects.get()), REMOTE_ADDR="2001:db8::7")
    yes = ConsentRecord.objects.get(state="confirmed")
    assert (yes.how, yes.network, yes.wording.digest) == ("link", "ipv6", ConsentWording.objects.get().digest)


def test_one_click_confirms_all_lists_that_were_asked_for_together(client, publication, weekly):
    monthly = make_list(publication, "monthly")
    subscription = pending_subscription(weekly, "new@example.org", monthly)
    path = confirmation_path(subscription)
    assert "Weekly and Monthly" in text(client.get(path))
    client.post(path)
    assert set(Subscription.objects.values_list("state", flat=True)) == {"confirmed"}


def test_a_list_asked_for_at_another_time_is_not_confirmed_along(client, publication, weekly):
    monthly = make_list(publication, "monthly")
    subscription = pending_subscription(weekly)
    subscribe.ask("new@example.org", list_ids=[monthly.pk], how="form", now=timezone.now())
    client.post(confirmation_path(subscription))
    assert Subscription.objects.get(list=monthly).state == "pending"


def test_who_is_confirmed_already_sees_that(client, weekly):
    path = confirmation_path(pending_subscription(weekly))
    client.post(path)
    assert "Nothing else is to be done" in text(client.get(path))


def test_a_token_for_leaving_does_not_confirm(client, weekly):
    subscription = pending_subscription(weekly)
    token = leave.unsubscribe_token(subscription.subscriber_id, weekly.pk)
    assert client.post(f"/c/{token}/").status_code == 404
    assert state(subscription) == "pending"
