from datetime import UTC, datetime

import pytest
from support.providers import FakeProvider

from syndication import environment
from syndication.articles.models import Article
from syndication.campaigns import control
from syndication.campaigns.create import Wish, create
from syndication.campaigns.explain import explain
from syndication.campaigns.status import status
from syndication.delivery.ledger import plan, reconcile
from syndication.delivery.sending import send

pytestmark = [pytest.mark.django_db]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def provider(settings, tmp_path):
    settings.JOURNAL = tmp_path / "journal"
    fake = FakeProvider()
    settings.ESP = environment.esp(f"esp+resend://:token-of-tests@?api={fake.url}")
    yield fake
    send.close_connections()
    fake.stop()


@pytest.fixture
def running(publication, news, readers, provider):
    readers(3)
    article = Article.objects.create(
        publication=publication, slug="a", title="The news", html="<p>News.</p>", language="en", updated_at=NOW
    )
    campaign = create(Wish(article, news), now=datetime.now(UTC)).campaign
    plan.plan(control.start(campaign.pk, now=datetime.now(UTC)))
    return control.campaign_of(campaign.pk)


def run(campaign):
    send.send_due(campaign.mailing_id)
    reconcile.close_finished()
    control.finish_closed(NOW)
    found = status(campaign.pk)
    return found.state, {word: rows for word, rows in found.deliveries.items() if rows}


def test_a_campaign_goes_through_a_providers_api_by_the_same_ledger(running, provider):
    assert run(running) == ("finished", {"delivered": 3})
    assert len(provider.requests) == 3
    assert len({request.headers["idempotency-key"] for request in provider.requests}) == 3


def test_a_wrong_token_fails_nobody_and_the_campaign_waits(running, provider):
    provider.answer(401, {"message": "no such key"})
    state, counts = run(running)
    assert state == "running"
    assert set(counts) <= {"planned", "deferred"}
    assert status(running.pk).waits_because
    assert "token-of-tests" not in status(running.pk).waits_because


def test_a_refusal_of_the_provider_is_told_with_its_name(running, provider):
    provider.answer(422, {"message": "Invalid `to` field"})
    run(running)
    events = [event for number in range(3) for event in explain(f"r{number}@example.org")[0].events]
    assert any(event.where == "resend(HTTP)" for event in events)
