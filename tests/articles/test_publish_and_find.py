"""Publishing, and finding by name."""

from datetime import UTC, datetime, timedelta

import pytest

from syndication.articles.find import article_named, publication_named
from syndication.articles.models import Article, FeedChange, Publication
from syndication.articles.publish import publish, unpublish
from syndication.errors import NotFound

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def _publication(slug="news"):
    return Publication.objects.create(slug=slug, name=slug, sender_name=slug, sender_address="n@example.org", mail_domain="example.org")


def _article(publication, slug="a-walk", **more):
    return Article.objects.create(publication=publication, slug=slug, title=slug, html="<p>x</p>", language="en", updated_at=NOW, **more)


def _noted():
    return list(FeedChange.objects.order_by("pk").values_list("at", flat=True))


def test_publishing_dates_the_article_and_notes_it_for_the_feeds():
    article = publish(_article(_publication()).pk, now=NOW)
    assert (article.state, article.published_at, _noted()) == ("published", NOW, [NOW])


def test_publishing_again_changes_nothing():
    article = _article(_publication())
    publish(article.pk, now=NOW)
    publish(article.pk, now=LATER)
    assert (Article.objects.get().published_at, _noted()) == (NOW, [NOW])


def test_a_date_in_the_past_stays_and_one_in_the_future_becomes_now():
    publication = _publication()
    past = _article(publication, "past", published_at=NOW - timedelta(days=9))
    future = _article(publication, "future", published_at=NOW + timedelta(days=9))
    assert publish(past.pk, now=NOW).published_at == NOW - timedelta(days=9)
    assert publish(future.pk, now=NOW).published_at == NOW


def test_unpublishing_keeps_the_date_for_the_next_time():
    article = publish(_article(_publication()).pk, now=NOW)
    unpublish(article.pk, now=LATER)
    unpublish(article.pk, now=LATER + timedelta(hours=1))
    assert _noted() == [NOW, LATER]
    assert publish(article.pk, now=LATER).published_at == NOW


def test_publishing_what_is_not_there_says_so():
    with pytest.raises(NotFound, match="id 99"):
        publish(99, now=NOW)


def test_without_a_name_the_only_publication_is_meant():
    publication = _publication()
    assert publication_named(None) == publication


def test_the_first_publication_is_made_when_asked_for():
    made = publication_named(None, host="news.example.org", make=True)
    assert (made.slug, made.name, made.language, made.sender_address) == (
        "my-publication",
        "My publication",
        "en",
        "newsletter@news.example.org",
    )


def test_no_publication_is_made_unasked():
    with pytest.raises(NotFound, match="no publication yet"):
        publication_named(None)
    assert Publication.objects.count() == 0


def test_a_misspelt_first_publication_is_not_made():
    with pytest.raises(NotFound):
        publication_named("nwes", make=True)


def test_of_several_publications_one_must_be_named():
    _publication("one"), _publication("two")
    with pytest.raises(NotFound, match="one, two"):
        publication_named(None)


def test_an_unknown_publication_lists_the_known():
    _publication("one")
    with pytest.raises(NotFound, match=r"'three'.*one"):
        publication_named("three")


def test_an_article_is_found_by_its_slug():
    article = _article(_publication())
    assert article_named("a-walk") == article


def test_an_unknown_article_names_those_near_it():
    _article(_publication(), "ketamine-therapy")
    with pytest.raises(NotFound, match="Near it: ketamine-therapy"):
        article_named("ketamin-therapie")


def test_a_slug_in_two_publications_needs_the_publication():
    one, two = _publication("one"), _publication("two")
    _article(one)
    wanted = _article(two)
    with pytest.raises(NotFound, match="Several publications"):
        article_named("a-walk")
    assert article_named("a-walk", two) == wanted
