"""Every change that feeds show is noted in its transaction, for the moment from which it may be seen."""

from datetime import UTC, datetime, timedelta

import pytest
from support.publications import make_article, make_publication

from syndication.articles.models import Article, FeedChange
from syndication.articles.publish import change_visibility, publish, unpublish
from syndication.articles.topics import keep_in_step

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def article():
    article = make_article(make_publication(), state="draft", published_at=None)
    keep_in_step(article)
    FeedChange.objects.all().delete()
    return article


def notes():
    found = list(FeedChange.objects.order_by("pk").values_list("at", "published_at", "topics"))
    FeedChange.objects.all().delete()
    return found


def test_publishing_is_noted_for_now_with_the_articles_topics(article):
    publish(article.pk, now=NOW)
    assert notes() == [(NOW, None, sorted(article.topics.values_list("topic", flat=True)))]


def test_an_article_to_come_is_noted_for_its_own_moment(article):
    assert publish(article.pk, now=NOW, at=LATER).published_at == LATER
    assert [at for at, *_ in notes()] == [LATER]


def test_an_article_to_come_can_be_moved_and_published_at_once(article):
    publish(article.pk, now=NOW, at=LATER)
    assert publish(article.pk, now=NOW, at=LATER + DAY).published_at == LATER + DAY
    assert publish(article.pk, now=NOW).published_at == NOW
    assert [at for at, *_ in notes()] == [LATER, LATER + DAY, NOW]


def test_one_that_readers_have_seen_keeps_its_date(article):
    publish(article.pk, now=NOW)
    assert publish(article.pk, now=LATER, at=LATER + DAY).published_at == NOW


def test_taking_back_tells_since_when_it_is_gone_and_publishing_again_forgets_it(article):
    publish(article.pk, now=NOW)
    assert unpublish(article.pk, now=LATER).unpublished_at == LATER
    assert publish(article.pk, now=LATER).unpublished_at is None
    assert [at for at, *_ in notes()] == [NOW, LATER, LATER]


def test_what_nobody_has_seen_is_taken_back_without_a_trace(article):
    publish(article.pk, now=NOW, at=LATER)
    notes()
    assert unpublish(article.pk, now=NOW).unpublished_at is None
    assert notes() == []


def test_visibility_is_noted_when_it_changes(article):
    publish(article.pk, now=NOW)
    for visibility in ("unlisted", "unlisted", "public"):
        change_visibility(article.pk, Article.Visibility(visibility), now=LATER)
    assert [at for at, *_ in notes()] == [NOW, LATER, LATER]


def test_an_unlisted_article_is_published_without_a_note(article):
    change_visibility(article.pk, Article.Visibility.UNLISTED, now=NOW)
    publish(article.pk, now=NOW)
    assert notes() == []
