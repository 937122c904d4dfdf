from datetime import UTC, datetime

import pytest

from syndication.articles.models import Article, Publication
from syndication.audience.lists import create_list
from syndication.audience.subscribe import Person, add
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.models import Campaign
from syndication.campaigns.schedule import BadSchedule
from syndication.campaigns.status import status, verify
from syndication.errors import NotFound, Refused
from syndication.rendering.bad_template import BadTemplate

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def publication_named(slug):
    return Publication.objects.create(
        slug=slug,
        name=slug.title(),
        sender_name=slug.title(),
        sender_address=f"e@{slug}.example.org",
        mail_domain=f"{slug}.example.org",
        time_zone="Europe/Berlin",
    )


@pytest.fixture
def weekly():
    return publication_named("weekly")


@pytest.fixture
def article(weekly):
    return Article.objects.create(publication=weekly, slug="a", title="Title", html="<p>Text</p>", language="en", updated_at=NOW)


@pytest.fixture
def news(weekly):
    made = create_list("news", publication=weekly)
    add(Person("ada@example.org"), to=made, confirmed=True, how="staff", now=NOW)
    return made


def test_without_a_time_it_is_a_draft_and_with_one_it_is_scheduled_in_utc(article, news):
    assert create(Wish(article, news), now=NOW).campaign.state == "draft"
    scheduled = create(Wish(article, news, at="2026-12-01T09:00", zone="America/New_York"), now=NOW).campaign
    assert (scheduled.state, scheduled.starts_at) == ("scheduled", datetime(2026, 12, 1, 14, 0, tzinfo=UTC))


def test_without_a_zone_the_publications_is_meant(article, news):
    assert create(Wish(article, news, at="2026-12-01T09:00"), now=NOW).campaign.starts_at.hour == 8


def test_a_zone_without_a_time_is_refused(article, news):
    with pytest.raises(BadSchedule, match="says nothing"):
        create(Wish(article, news, zone="Europe/Berlin"), now=NOW)


def test_a_list_without_a_confirmed_reader_is_refused_and_nothing_is_made(article, weekly):
    empty = create_list("empty", publication=weekly)
    add(Person("bo@example.org"), to=empty, confirmed=False, how="staff", now=NOW)
    with pytest.raises(Refused, match="no confirmed subscriber"):
        create(Wish(article, empty), now=NOW)
    assert not Campaign.objects.exists()


def test_a_list_of_another_publication_is_refused(article, news):
    other = create_list("other", publication=publication_named("daily"))
    with pytest.raises(Refused, match="choose both from one publication"):
        create(Wish(article, other), now=NOW)


@pytest.mark.parametrize(
    "subject", ["Hi {{ subscriber.nme }}", "Hi {{ subscriber.first_name }}", "{% for x in %}", "{{ 7 * '7' * 10**9 }}"]
)
def test_a_subject_that_cannot_be_filled_is_refused(article, news, subject):
    with pytest.raises(BadTemplate):
        create(Wish(article, news, subject=subject), now=NOW)
    assert not Campaign.objects.exists()


def test_an_article_that_became_wrong_is_refused_at_the_start_too(article, news):
    campaign = create(Wish(article, news), now=NOW).campaign
    Article.objects.update(html="<p>{{ subscriber.shoe_size }}</p>")
    with pytest.raises(BadTemplate, match="shoe_size"):
        control.start(campaign.pk, now=NOW)
    assert status(campaign.pk).state == "draft"
    assert verify(campaign.pk).agrees


@pytest.mark.parametrize(
    ("state", "act"),
    [
        ("draft", control.pause),
        ("draft", control.resume),
        ("finished", control.pause),
        ("finished", lambda pk: control.cancel(pk, now=NOW)),
        ("cancelled", control.resume),
        ("cancelled", lambda pk: control.start(pk, now=NOW)),
        ("draft", control.retry_failed),
    ],
)
def test_what_the_state_does_not_allow_is_refused_in_a_sentence(article, news, state, act):
    campaign = create(Wish(article, news), now=NOW).campaign
    Campaign.objects.update(state=state)
    with pytest.raises(Refused, match=f"Campaign {campaign.pk} is {state} and cannot be"):
        act(campaign.pk)


def test_a_campaign_that_does_not_exist_is_said_so():
    with pytest.raises(NotFound, match="no campaign 999"):
        control.start(999, now=NOW)


def test_a_draft_can_be_cancelled(article, news):
    campaign = create(Wish(article, news), now=NOW).campaign
    assert control.cancel(campaign.pk, now=NOW).state == "cancelled"
    assert verify(campaign.pk).agrees
