"""A publication, an article or a topic changes its address: the id stays, and every old address leads to the present one."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.publications import make_article, make_publication

from syndication.articles import move, old_addresses
from syndication.articles.models import Article, FeedChange, OldAddress, Publication, Topic
from syndication.articles.topics import keep_in_step
from syndication.errors import BadInput, NotFound, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def publication():
    return make_publication()


def test_a_publication_keeps_its_id_and_is_known_by_its_old_name(publication):
    moved = move.rename_publication(publication.pk, "notes", now=NOW)
    assert (moved.slug, moved.uid) == ("notes", publication.uid)
    assert old_addresses.publication_once_at("field-notes") == moved
    assert FeedChange.objects.filter(publication=publication, article=None).count() == 1


def test_an_article_keeps_id_date_and_old_address(publication):
    article = make_article(publication)
    move.move_article(article.pk, slug="the-walk", now=NOW)
    moved = old_addresses.article_once_at("field-notes", "first-walk")
    assert (moved.slug, moved.uid, moved.published_at, moved.updated_at) == (
        "the-walk",
        article.uid,
        article.published_at,
        article.updated_at,
    )


def test_an_article_goes_to_another_publication_with_its_tags(publication):
    article, tides = make_article(publication), make_publication("tides")
    keep_in_step(article)
    move.move_article(article.pk, publication=tides, now=NOW)
    assert old_addresses.article_once_at("field-notes", "first-walk").publication == tides
    assert set(Topic.objects.filter(articles__article=article).values_list("publication__slug", "name")) == {
        ("tides", "walks"),
        ("tides", "Ines Halm"),
    }
    assert set(FeedChange.objects.values_list("publication__slug", flat=True)) == {"field-notes", "tides"}


def test_a_topic_keeps_its_old_address(publication):
    article = make_article(publication)
    keep_in_step(article)
    topic = Topic.objects.get(kind="tag")
    move.rename_topic(topic.pk, "spaziergänge", now=NOW)
    assert old_addresses.topic_once_at(Topic.Kind.TAG, "field-notes", "walks") == topic


def test_moving_twice_leads_in_one_step_to_the_last_address(publication):
    article = make_article(publication)
    for number in range(5):
        move.move_article(article.pk, slug=f"walk-{number}", now=NOW + timedelta(hours=number))
    for old in ("first-walk", "walk-0", "walk-3"):
        assert old_addresses.article_once_at("field-notes", old).slug == "walk-4"


def test_moving_back_makes_no_circle(publication):
    article = make_article(publication)
    for slug in ("the-walk", "first-walk", "the-walk", "first-walk"):
        move.move_article(article.pk, slug=slug, now=NOW)
    assert list(OldAddress.objects.values_list("slug", flat=True)) == ["the-walk"]


def test_an_article_that_moved_under_an_old_name_of_its_publication_is_found_by_each_name(publication):
    article = make_article(publication)
    move.move_article(article.pk, slug="the-walk", now=NOW)
    move.rename_publication(publication.pk, "notes", now=NOW)
    move.move_article(article.pk, slug="our-walk", now=NOW)
    for within, slug in [("field-notes", "first-walk"), ("field-notes", "the-walk"), ("notes", "the-walk"), ("notes", "first-walk")]:
        assert old_addresses.article_once_at(within, slug) == article


def test_a_publication_that_takes_an_old_name_owns_it(publication):
    move.rename_publication(publication.pk, "notes", now=NOW)
    newcomer = make_publication("other")
    article = make_article(publication)
    move.rename_publication(newcomer.pk, "field-notes", now=NOW)
    assert old_addresses.article_once_at("field-notes", "first-walk") == article
    move.rename_publication(newcomer.pk, "third", now=NOW)
    assert old_addresses.publication_once_at("field-notes") == newcomer
    assert old_addresses.article_once_at("field-notes", "first-walk") == article


@pytest.mark.parametrize("slug", ["", "Big", "a--b", "-a", "a_b", "a b", "a/b", "ä", "x" * 121, "."])
def test_a_slug_that_cannot_be_used_is_refused(publication, slug):
    article = make_article(publication)
    with pytest.raises(BadInput):
        move.rename_publication(publication.pk, slug, now=NOW)
    if slug:
        with pytest.raises(BadInput):
            move.move_article(article.pk, slug=slug, now=NOW)


@pytest.mark.parametrize("slug", ["tags", "authors", "search", "feeds"])
def test_the_names_of_pages_are_no_names_of_articles(publication, slug):
    with pytest.raises(Refused):
        move.move_article(make_article(publication).pk, slug=slug, now=NOW)


def test_an_address_that_is_taken_is_refused(publication):
    article, _, tides = make_article(publication), make_article(publication, "other"), make_publication("tides")
    make_article(tides)
    with pytest.raises(Refused, match="already"):
        move.move_article(article.pk, slug="other", now=NOW)
    with pytest.raises(Refused, match="already"):
        move.move_article(article.pk, publication=tides, now=NOW)
    with pytest.raises(Refused, match="already"):
        move.rename_publication(publication.pk, "tides", now=NOW)


def test_what_is_not_there_cannot_move():
    with pytest.raises(NotFound):
        move.rename_publication(99, "a", now=NOW)
    with pytest.raises(NotFound):
        move.move_article(99, slug="a", now=NOW)
    with pytest.raises(NotFound):
        move.rename_topic(99, "a", now=NOW)


SLUGS = st.sampled_from(["a", "b", "c"])
MOVES = st.lists(st.tuples(st.sampled_from(["article", "publication"]), st.integers(0, 1), SLUGS, st.integers(0, 1)), max_size=9)


@given(moves=MOVES)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_address_that_ever_was_leads_to_whom_it_belonged_last(moves):
    """Addresses that nobody has now; whatever order of moves, renames and takings again."""
    OldAddress.objects.all().delete(), Publication.objects.all().delete()
    homes = [make_publication("p0"), make_publication("p1")]
    articles = [make_article(homes[0], "x0"), make_article(homes[0], "x1")]
    last: dict[tuple[str, str], int] = {}
    for kind, which, slug, home in moves:
        try:
            if kind == "article":
                move.move_article(articles[which].pk, slug=slug, publication=homes[home], now=NOW)
            else:
                move.rename_publication(homes[which].pk, slug, now=NOW)
        except Refused:
            continue
        homes = [Publication.objects.get(pk=one.pk) for one in homes]
        for article in Article.objects.select_related("publication"):
            last[article.publication.slug, article.slug] = article.pk
    present = set(Article.objects.values_list("publication__slug", "slug"))
    for (within, slug), owner in last.items():
        home = Publication.objects.filter(slug=within).first() or old_addresses.publication_once_at(within)
        if (home.slug, slug) in present:
            continue  # an article of today answers
        assert old_addresses.article_once_at(within, slug).pk == owner
