"""Searching a publication finds its published public articles, whatever the database."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.publications import NOON, make_article, make_publication

from syndication.articles.models import Article
from syndication.articles.search.find import find
from syndication.articles.search.index import index, index_missing
from syndication.articles.search.models import SearchText
from syndication.articles.search.question import read

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def publication():
    return make_publication()


def ask(publication, typed, language="en", first=0, count=10):
    index_missing()
    hits = find(publication, read(typed, (language,)), now=timezone.now(), first=first, count=count)
    slugs = dict(Article.objects.values_list("pk", "slug"))
    return [slugs[one] for one in hits.ids]


def test_a_word_in_body_title_tag_or_author_finds_the_article(publication):
    make_article(publication, "one", title="Canals", html="<p>Boats in <b>winter</b></p>", tags=["rivers"], author="Ines Halm")
    for typed in ("canal", "boat", "WINTER", "river", "halm", "canal winter"):
        assert ask(publication, typed) == ["one"], typed
    assert ask(publication, "canal summer") == []
    assert ask(publication, "strong") == []


def test_a_title_counts_for_more_than_a_body(publication):
    make_article(publication, "body", title="Other", html="<p>A canal and something else</p>")
    make_article(publication, "title", title="The canal", html="<p>Something else</p>", published_at=NOON - timedelta(days=9))
    assert ask(publication, "canal") == ["title", "body"]


@pytest.mark.parametrize(
    ("language", "html", "typed"),
    [
        ("de", "<p>Die Gärten im Frühling</p>", "garten"),
        ("de", "<p>Straßenbahn</p>", "strasse"),
        ("fr", "<p>L’été des journaux</p>", "journal ete"),
        ("ru", "<p>Новые книги</p>", "книга"),
        ("ja", "<p>京都の図書館へ行く</p>", "図書館"),
        ("zh", "<p>城市的图书馆</p>", "图书馆"),
        ("th", "<p>ภาษาไทยง่าย</p>", "ไทย"),
        ("ar", "<p>الكتب الجديدة</p>", "الكتب"),
        ("he", "<p>ספרים חדשים</p>", "ספרים"),
        ("hi", "<p>हिन्दी भाषा</p>", "हिन्दी"),
        ("ko", "<p>한국어를 배우다</p>", "한국어"),
        ("pl", "<p>Łódź</p>", "lodz"),
        ("vi", "<p>Hà Nội mùa thu</p>", "ha noi"),
    ],
)
def test_many_languages_are_searched(publication, language, html, typed):
    make_article(publication, "found", title="x", summary="", html=html, language=language)
    assert ask(publication, typed, language) == ["found"]


@pytest.mark.parametrize(
    "hidden",
    [
        {"state": Article.State.DRAFT},
        {"visibility": "unlisted"},
        {"visibility": "email"},
        {"published_at": timezone.now() + timedelta(days=3)},
    ],
)
def test_what_is_not_for_everybody_is_not_found(publication, hidden):
    make_article(publication, "hidden", **hidden)
    assert ask(publication, "walk") == []


def test_another_publication_is_not_searched(publication):
    make_article(make_publication("tides"))
    assert ask(publication, "walk") == []


def test_a_new_state_replaces_the_old_words(publication):
    article = make_article(publication, "one", html="<p>zebra</p>")
    index(article)
    article.html, article.updated_at = "<p>lion</p>", NOON + timedelta(hours=1)
    article.save()
    assert index_missing() == 1
    assert index_missing() == 0
    assert (ask(publication, "zebra"), ask(publication, "lion")) == ([], ["one"])


def test_a_deleted_article_is_gone_from_the_index(publication):
    article = make_article(publication)
    index(article)
    article.delete()
    assert SearchText.objects.count() == 0
    assert ask(publication, "walk") == []


def test_answers_come_page_by_page(publication):
    for number in range(5):
        make_article(publication, f"walk-{number}", title=f"Walk {number}", published_at=NOON - timedelta(days=number))
    assert len(ask(publication, "walk", first=0, count=2)) == 2
    everything = [slug for first in (0, 2, 4) for slug in ask(publication, "walk", first=first, count=2)]
    assert sorted(everything) == [f"walk-{number}" for number in range(5)]
    index_missing()
    assert find(publication, read("walk", ("en",)), now=timezone.now(), first=0, count=2).total == 5


@given(typed=st.text(max_size=60) | st.text(alphabet="\"'*()-:^&|!<>\\ NEARORANDNOT%_\x00ภ図aä\u0301", max_size=60))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_can_be_typed_breaks_the_search(publication, typed):
    find(publication, read(typed, ("en", "ja")), now=timezone.now(), first=0, count=10)


def test_an_enormous_article_is_indexed(publication):
    make_article(publication, "large", html="<p>" + " ".join(f"word{number}" for number in range(120_000)) + "</p>")
    assert ask(publication, "word17") == ["large"]
