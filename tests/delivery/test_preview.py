import re
from datetime import UTC, datetime

import pytest

from syndication.articles.models import Article
from syndication.audience.self_service import leave
from syndication.delivery.mailing.preview import preview

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("has_live_links", [True, False])
def test_a_preview_for_others_shows_the_reader_but_not_the_readers_own_link(publication, news, readers, has_live_links):
    readers(1)
    html = "<p>To {{ subscriber.address }}.</p>"
    article = Article.objects.create(publication=publication, slug="a", title="T", html=html, language="en", updated_at=NOW)
    shown = preview(article.pk, now=NOW, address="r0@example.org", list_id=news.pk, has_live_links=has_live_links)
    assert "To r0@example.org." in shown.text
    (token,) = set(re.findall(r"/u/([a-z0-9]+)/", shown.text))
    assert (leave.subscription_of(token) is not None) is has_live_links
