"""What a change would re-mark as unread in feed readers, said before it is made."""

from uuid import uuid4

import pytest
from support.publications import make_article, make_articles, make_publication

from syndication.articles.models import Article, Publication
from syndication.feeds.moves import would_be_unread

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def publication():
    made = make_publication()
    make_articles(made, 25)
    return made


def test_nothing_is_unread_when_nothing_changes(publication):
    assert would_be_unread(publication) == 0


def test_another_domain_makes_nothing_unread(publication):
    assert would_be_unread(publication, base_url="https://other.example") == 0


def test_another_slug_makes_nothing_unread(publication):
    assert would_be_unread(publication, lambda: Publication.objects.filter(pk=publication.pk).update(slug="moved")) == 0


def test_another_publication_makes_nothing_unread(publication):
    other = make_publication("tides")
    assert would_be_unread(publication, lambda: publication.articles.update(publication=other)) == 0


def test_an_article_that_is_new_is_no_article_that_was_read(publication):
    assert would_be_unread(publication, lambda: make_article(publication, "new")) == 0


def test_other_ids_are_counted_and_the_change_is_taken_back(publication):
    changed = list(publication.articles.values_list("pk", flat=True)[:3])
    before = set(Article.objects.values_list("pk", "uid"))

    def give_new_ids():
        for number in changed:
            Article.objects.filter(pk=number).update(uid=uuid4())

    assert would_be_unread(publication, give_new_ids) == 3
    assert set(Article.objects.values_list("pk", "uid")) == before


def test_a_publication_without_articles_has_nothing_to_be_unread():
    assert would_be_unread(make_publication("empty"), base_url="https://other.example") == 0
