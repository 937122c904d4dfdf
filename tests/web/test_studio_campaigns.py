"""Campaigns in the studio: made, watched and steered."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from support.publications import make_article, make_list, make_publication
from support.staff import signed_in

from syndication.articles.models import Article
from syndication.audience.subscribe import Person, add
from syndication.campaigns import control
from syndication.campaigns.models import Campaign
from syndication.delivery.models import Batch, Delivery, Lease, Mailing
from syndication.delivery.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def article():
    return make_article(make_publication(time_zone="Europe/Berlin"))


@pytest.fixture
def weekly(article):
    weekly = make_list(article.publication)
    for name in ("rosa", "otto", "eva"):
        add(Person(f"{name}@example.org"), to=weekly, confirmed=True, how="import", now=timezone.now())
    return weekly


@pytest.fixture
def draft(article, weekly):
    return Campaign.objects.create(publication=article.publication, article=article, list=weekly, subject="Off we go")


@pytest.fixture
def running(draft):
    """Two of three are done: one delivered, one failed."""
    mailing = Mailing.objects.get(pk=control.start(draft.pk, now=timezone.now()))
    Mailing.objects.filter(pk=mailing.pk).update(audience=3, state=Mailing.State.OPEN)
    states = [(State.DELIVERED, 250, "2.0.0 Caught"), (State.FAILED, 451, "4.2.2 <mailbox> full"), (State.PLANNED, None, "")]
    for subscription, (state, code, reply) in zip(draft.list.subscriptions.order_by("pk"), states, strict=True):
        reader = subscription.subscriber
        Delivery.objects.create(
            mailing=mailing,
            subscriber=reader,
            state=state,
            sent_at=timezone.now(),
            reply_code=code,
            reply=reply,
        )
    ids = sorted(mailing.deliveries.values_list("subscriber", flat=True))
    Batch.objects.create(mailing=mailing, low=ids[0], high=ids[-1], rows=3, due_at=timezone.now(), delivered=1, failed=1)
    draft.refresh_from_db()
    return draft


def words_of(answer) -> str:
    return answer.content.decode()


def state_of(campaign) -> str:
    return Campaign.objects.get(pk=campaign.pk).state


def form(article, weekly, /, **changes):
    plain = {
        "article": article.pk,
        "list": weekly.pk,
        "subject": "",
        "when": "later",
        "date": "2027-03-01",
        "time": "09:00",
        "zone": "Europe/Berlin",
    }
    return {name: value for name, value in (plain | changes).items() if value is not None}


def test_a_campaign_for_later_waits_for_its_time(article, weekly):
    with time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC)):
        answer = signed_in().post("/studio/campaigns/new/", form(article, weekly))
    made = Campaign.objects.get()
    assert answer.headers["Location"] == f"/studio/campaigns/{made.pk}/"
    assert (made.state, made.starts_at) == ("scheduled", datetime(2027, 3, 1, 8, 0, tzinfo=UTC))


def test_a_campaign_knows_who_made_it(article, weekly):
    signed_in("editor").post("/studio/campaigns/new/", form(article, weekly, when="draft"))
    assert Campaign.objects.get().created_by.email == "editor@example.org"


def test_a_campaign_for_now_asks_once_more_before_it_is_sent(article, weekly):
    answer = signed_in().post("/studio/campaigns/new/", form(article, weekly, when="now", date="", time=""), follow=True)
    assert Campaign.objects.get().state == "draft"
    assert '<details class="confirm" open><summary class="button primary">Start now…' in words_of(answer)
    assert f"“{article.title}” goes to 3 readers of Weekly now." in words_of(answer)


def test_what_is_asked_before_a_send_counts_only_confirmed_readers(draft, weekly):
    add(Person("milo@example.org"), to=weekly, confirmed=False, how="import", now=timezone.now())
    assert "“Off we go” goes to 3 readers of Weekly now." in words_of(signed_in().get(f"/studio/campaigns/{draft.pk}/"))


@pytest.mark.parametrize("state", ["draft", "published"])
def test_a_send_of_a_draft_article_is_warned_of(draft, article, state):
    Article.objects.filter(pk=article.pk).update(state=state)
    page = words_of(signed_in().get(f"/studio/campaigns/{draft.pk}/"))
    assert ("no page on the web and is not in the feeds" in page) is (state == "draft")


def test_a_second_press_sends_once(draft):
    client = signed_in()
    for _ in range(2):
        client.post(f"/studio/campaigns/{draft.pk}/start/")
    assert Mailing.objects.count() == 1
    assert state_of(draft) == "running"


@pytest.mark.parametrize("path", ["", "campaigns/", "campaigns/{}/"])
def test_a_subject_is_shown_with_the_defaults_of_its_merge_fields(draft, path):
    subject = 'Rain, {{ subscriber.first_name | default("reader") }}'
    Campaign.objects.update(subject=subject, state="scheduled", starts_at=timezone.now() + timedelta(days=1))
    page = words_of(signed_in().get(f"/studio/{path.format(draft.pk)}"))
    assert "Rain, reader" in page
    assert "{{" not in page


def test_a_title_with_merge_fields_stands_for_a_missing_subject(draft, article):
    Article.objects.filter(pk=article.pk).update(title='{{ subscriber.first_name | default("You") }} and the rain')
    Campaign.objects.update(subject="")
    page = words_of(signed_in().get(f"/studio/campaigns/{draft.pk}/"))
    assert '<h1 class="break">You and the rain</h1>' in page
    assert "{{" not in page


def test_the_page_of_a_reader_shows_subjects_as_they_read(running):
    Mailing.objects.update(subject='Rain, {{ subscriber.first_name | default("reader") }}')
    reader = Delivery.objects.first().subscriber_id
    assert "Rain, reader" in words_of(signed_in().get(f"/studio/subscribers/{reader}/"))


def test_a_subject_with_an_error_is_shown_as_it_was_typed(draft):
    Campaign.objects.update(subject="Rain, {{ secret.thing }}")
    page = words_of(signed_in().get(f"/studio/campaigns/{draft.pk}/"))
    assert '<h1 class="break">Rain, {{ secret.thing }}</h1>' in page


def test_a_cancelled_campaign_says_how_many_got_it_and_how_many_did_not(running):
    control.cancel(running.pk, now=timezone.now())
    page = words_of(signed_in().get(f"/studio/campaigns/{running.pk}/"))
    assert "1 sent, 2 not sent" in page
    assert "100 percent" not in page
    assert "100 %" not in page


def test_a_delivery_under_way_when_its_campaign_is_cancelled_counts_as_neither(running):
    Batch.objects.update(lease=Lease.objects.create(key="run", owner="here:1", site="s", boot="b", until=timezone.now()))
    control.cancel(running.pk, now=timezone.now())
    page = words_of(signed_in().get(f"/studio/campaigns/{running.pk}/"))
    assert "1 sent, 1 not sent</strong>, 1 without an answer yet" in page


def test_the_studio_speaks_of_no_command(draft, weekly):
    weekly.subscriptions.all().delete()
    page = words_of(signed_in().post(f"/studio/campaigns/{draft.pk}/start/", follow=True))
    assert "no confirmed subscriber, so nobody would be mailed. Add some under Subscribers." in page


def test_a_time_in_the_past_is_not_answered_with_a_command(article, weekly):
    page = words_of(signed_in().post("/studio/campaigns/new/", form(article, weekly, date="2020-01-01")))
    assert "in the past" in page
    assert "choose “Now”" in page
    assert "campaign start" not in page


def test_a_draft_is_not_sent(article, weekly):
    signed_in().post("/studio/campaigns/new/", form(article, weekly, when="draft"))
    assert Campaign.objects.get().state == "draft"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"date": "2020-01-01"}, "in the past"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"date": "2027-03-28", "time": "02:30"}, "does not exist in Europe/Berlin"),
        ({"date": "", "time": ""}, "Give the date"),
        ({"date": "tomorrow"}, "valid date"),
        ({"date": "2099-01-01"}, "five years"),
        ({"when": "never"}, "valid choice"),
        ({"article": "999"}, "valid choice"),
        ({"list": "x"}, "valid choice"),
        ({"subject": "Hello {{ subscriber.shoe_size }"}, "subject"),
        ({"subject": "{{ secret }}", "when": "now"}, "subject"),
        ({"subject": "x" * 600}, "500"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_reason_and_the_form_is_kept(article, weekly, changes, words):
    with time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC)):
        answer = signed_in().post("/studio/campaigns/new/", form(article, weekly, **changes))
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert f'value="{article.pk}"' in words_of(answer)
    assert not Campaign.objects.exists()


def test_a_list_without_readers_is_refused(article):
    answer = signed_in().post("/studio/campaigns/new/", form(article, make_list(article.publication, "empty"), when="draft"))
    assert answer.status_code == 422
    assert "no confirmed subscriber" in words_of(answer)


def test_article_and_list_of_two_publications_are_refused(article):
    other = make_list(make_publication("other"))
    answer = signed_in().post("/studio/campaigns/new/", form(article, other, when="draft"))
    assert "belongs to" in words_of(answer)


def test_a_time_that_comes_twice_is_taken_and_remarked(article, weekly):
    with time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC)):
        answer = signed_in().post("/studio/campaigns/new/", form(article, weekly, date="2027-10-31", time="02:30"), follow=True)
    assert "happens twice" in words_of(answer)


def test_the_form_says_the_time_in_the_zone_in_utc_and_from_now():
    with time_machine.travel(datetime(2027, 2, 1, tzinfo=UTC), tick=False):
        said = words_of(signed_in().get("/studio/campaigns/when/?date=2027-02-01&time=03:10&zone=Europe/Berlin"))
    assert "Mon 1 Feb 2027, 03:10 CET" in said
    assert "Mon 1 Feb 2027, 02:10 UTC" in said
    assert "in 2 h 10 min" in said


@pytest.mark.parametrize(
    "query", ["", "?date=x&time=y&zone=z", "?date=2027-02-01&time=03:10&zone=../../etc/passwd", "?date=2027-02-01&time=%00&zone=UTC"]
)
def test_nonsense_in_the_time_is_no_error(query):
    assert signed_in().get(f"/studio/campaigns/when/{query}").status_code == 200


def test_the_form_opens_with_the_article_that_was_asked_for(article, weekly):
    page = words_of(signed_in().get(f"/studio/campaigns/new/?article={article.pk}"))
    assert f'<option value="{article.pk}" selected>' in page
    assert 'value="Europe/Berlin"' in page


@pytest.mark.parametrize("asked", ["999", "x", "-1", "9" * 40])
def test_an_article_that_does_not_exist_opens_an_empty_form(article, weekly, asked):
    assert signed_in().get(f"/studio/campaigns/new/?article={asked}").status_code == 200


def test_the_page_of_a_running_campaign_counts_every_state(running):
    page = words_of(signed_in().get(f"/studio/campaigns/{running.pk}/"))
    assert "<strong>2</strong> of 3 done, 66 %" in page
    assert "<b>1</b><span>delivered</span>" in page
    assert "451 4.2.2 &lt;mailbox&gt; full" in page


def test_a_running_campaign_is_asked_for_every_second(running):
    answer = signed_in().get(f"/studio/campaigns/{running.pk}/progress/")
    assert answer.status_code == 200
    assert 'hx-trigger="every 1s"' in words_of(answer)


def test_polling_stops_when_it_is_over(running):
    control.cancel(running.pk, now=timezone.now())
    answer = signed_in().get(f"/studio/campaigns/{running.pk}/progress/?was=running")
    assert answer.status_code == 286
    assert "hx-trigger" not in words_of(answer)
    assert 'id="controls"' in words_of(answer)


def test_buttons_are_not_replaced_while_nothing_changes(running):
    assert 'id="controls"' not in words_of(signed_in().get(f"/studio/campaigns/{running.pk}/progress/?was=running"))


def test_the_rate_comes_from_two_polls(running):
    with time_machine.travel(timezone.now() + timedelta(seconds=2), tick=False):
        before = timezone.now() - timedelta(seconds=1)
        page = words_of(
            signed_in().get(f"/studio/campaigns/{running.pk}/progress/?was=running&done=0&at={before.timestamp()}&rate=0&said=0")
        )
    assert "2 a second" in page
    assert "0 s left" in page


def test_a_screen_reader_hears_of_every_tenth_percent(running):
    address = f"/studio/campaigns/{running.pk}/progress/?was=running&done=0&at=1&rate=0&said="
    assert "66 percent" in words_of(signed_in().get(address + "50")).split('id="announce"')[1]
    assert 'id="announce"' not in words_of(signed_in().get(address + "61"))


@pytest.mark.parametrize(
    "query", ["?done=x", "?done=1&at=nan&rate=nan&said=1", "?done=1&at=1e400&rate=inf&said=1", "?done=1&at=9e18&rate=1&said=1", "?was=%00"]
)
def test_nonsense_in_a_poll_is_no_error(running, query):
    assert signed_in().get(f"/studio/campaigns/{running.pk}/progress/{query}").status_code == 200


@pytest.mark.parametrize(
    ("acts", "state"),
    [
        (["pause"], "paused"),
        (["pause", "resume"], "running"),
        (["cancel"], "cancelled"),
        (["pause", "pause"], "paused"),
        (["cancel", "resume"], "cancelled"),
        (["retry"], "running"),
    ],
)
def test_buttons_steer_a_running_campaign(running, acts, state):
    client = signed_in()
    for act in acts:
        assert client.post(f"/studio/campaigns/{running.pk}/{act}/").status_code == 302
    assert state_of(running) == state


def test_start_now_starts_a_draft(draft):
    signed_in().post(f"/studio/campaigns/{draft.pk}/start/")
    assert state_of(draft) == "running"


def test_a_refusal_is_said_on_the_page_of_the_campaign(running):
    client = signed_in()
    client.post(f"/studio/campaigns/{running.pk}/cancel/")
    answer = client.post(f"/studio/campaigns/{running.pk}/resume/", follow=True)
    assert "cannot be resumed" in words_of(answer)


def test_a_retry_says_how_many(running):
    answer = signed_in().post(f"/studio/campaigns/{running.pk}/retry/", follow=True)
    assert "1 failed deliveries get another round" in words_of(answer)


def test_a_campaign_that_broke_since_it_was_made_says_why_it_does_not_start(draft, article):
    article.html = "<p>{{ secret.thing }}</p>"
    article.save()
    answer = signed_in().post(f"/studio/campaigns/{draft.pk}/start/", follow=True)
    assert state_of(draft) == "draft"
    assert 'class="notice error"' in words_of(answer)


def test_opening_an_address_that_acts_does_nothing(running):
    signed_in().get(f"/studio/campaigns/{running.pk}/cancel/")
    assert state_of(running) == "running"


def test_a_press_rings_the_bell_after_the_commit(draft, django_capture_on_commit_callbacks, valkey_socket):
    with django_capture_on_commit_callbacks() as callbacks:
        signed_in().post(f"/studio/campaigns/{draft.pk}/start/")
    assert [callback.args for callback in callbacks] == [("syndication.tasks.tick",)]


def test_a_viewer_sees_no_buttons(running):
    page = words_of(signed_in("viewer").get(f"/studio/campaigns/{running.pk}/"))
    assert "Pause" not in page
    assert "delivered" in page


@pytest.mark.parametrize("address", ["?verify=1", "verify/"])
def test_the_sums_are_checked_on_demand(running, address):
    assert "The sums agree." in words_of(signed_in().get(f"/studio/campaigns/{running.pk}/{address}"))


def test_sums_that_do_not_agree_are_said(running):
    Mailing.objects.update(audience=4)
    assert "do not agree" in words_of(signed_in().get(f"/studio/campaigns/{running.pk}/verify/"))


def test_why_a_campaign_waits_is_said(running):
    Mailing.objects.update(waits_because="The SMTP server does not answer.")
    assert "It waits: The SMTP server does not answer." in words_of(signed_in().get(f"/studio/campaigns/{running.pk}/"))


def test_a_campaign_is_found_by_words_and_state(draft):
    client = signed_in()
    assert "Off we go" in words_of(client.get("/studio/campaigns/?q=off&state=draft"))
    assert "Off we go" not in words_of(client.get("/studio/campaigns/?q=snow"))
    assert "Off we go" not in words_of(client.get("/studio/campaigns/?state=running"))


@pytest.mark.parametrize(
    "path", ["/studio/campaigns/999/", "/studio/campaigns/999/progress/", "/studio/campaigns/999/verify/", "/studio/campaigns/1/explode/"]
)
def test_what_is_not_there_is_a_404(path):
    assert signed_in().get(path).status_code == 404


def test_the_bar_is_drawn_without_inline_styles(running):
    page = words_of(signed_in().get(f"/studio/campaigns/{running.pk}/"))
    assert re.search(r'<rect class="delivered" x="0\.000" width="33\.333"', page)
    assert " style=" not in page
