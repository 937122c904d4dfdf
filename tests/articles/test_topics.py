"""Tags and authors are topics with addresses of their own: the same name is the same topic, whatever its case, for ever."""

import importlib
import sys

import pytest
from django.apps import apps
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from support.publications import NOON, make_article, make_publication

from syndication.articles import topics
from syndication.articles.models import Article, ArticleTopic, FeedChange, Topic
from syndication.articles.topic_names import LONGEST_SLUG_BYTES, free_topic_slug, topic_key, topic_names, topic_slug

AT_ONCE = """
import threading
import django
django.setup()
from django.db import connection
from django.utils import timezone
from syndication.articles.bring_in import Options, bring_in
from syndication.articles.find import publication_named
from syndication.articles.read_source import Source

gate = threading.Barrier(4)

def import_one(number):
    gate.wait()
    publication = publication_named(None, make=True)
    gate.wait()
    text = f"---\\ntags: [New, C, C++]\\n---\\n\\nA walk {number}\\n\\nThe tide was out.".encode()
    source = Source("walk.md", text, path=f"/texts/{number}")
    bring_in(source, publication=publication, options=Options(slug=f"walk-{number}"), check=lambda _: None, now=timezone.now())
    connection.close()

threads = [threading.Thread(target=import_one, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all brought in")
"""


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Walks", "walks"),
        ("C++", "c"),
        ("Café society", "café-society"),
        ("İstanbul", "istanbul"),
        ("日本語", "日本語"),
        ("Rock 'n' Roll", "rock-n-roll"),
        ("a_b/c", "a-b-c"),
        ("  spaces  ", "spaces"),
        ("..", "topic-"),
        ("🎉", "topic-"),
    ],
)
def test_a_topic_is_called_by_its_letters_and_digits(name, slug):
    assert topic_slug(name).startswith(slug)
    assert slug.endswith("-") or topic_slug(name) == slug


@given(st.text(max_size=300))
def test_any_name_makes_a_slug_that_can_be_a_folder_and_part_of_an_address(name):
    slug = topic_slug(name)
    assert slug
    assert len(free_topic_slug(name, {slug}).encode()) <= LONGEST_SLUG_BYTES + 2
    assert all(one.isalnum() or one == "-" for one in slug)
    assert topic_slug(slug) == slug


@given(st.text(max_size=50))
def test_names_that_differ_in_case_alone_are_one(name):
    assert topic_key(topic_key(name)) == topic_key(name)
    assert len(topic_names([name, f" {name} ", topic_key(name)])) <= 1


def slugs(kind="tag"):
    return list(Topic.objects.filter(kind=kind).order_by("pk").values_list("slug", flat=True))


def topics_of(article):
    return sorted(ArticleTopic.objects.filter(article=article).values_list("topic__kind", "topic__name"))


def keep(article, **fields):
    for name, value in fields.items():
        setattr(article, name, value)
    with transaction.atomic():
        article.save()
        return topics.keep_in_step(article)


@pytest.mark.django_db
@pytest.mark.database
class TestInStep:
    """What the rows say after an article was saved."""

    def test_an_article_has_a_topic_for_each_tag_and_its_author(self):
        article = make_article(make_publication(), tags=[])
        keep(article, tags=["Walks", "walks", " Rain "], author="Ines Halm")
        assert topics_of(article) == [("author", "Ines Halm"), ("tag", "Rain"), ("tag", "Walks")]

    def test_names_that_would_share_an_address_get_numbers(self):
        publication = make_publication()
        keep(make_article(publication, tags=[]), tags=["C", "C++", "C#"])
        assert slugs() == ["c", "c-2", "c-3"]
        keep(make_article(publication, "other", tags=[]), tags=["C#", "c++"])
        assert slugs() == ["c", "c-2", "c-3"]

    def test_a_topic_that_no_article_has_any_more_stays_known(self):
        article = make_article(make_publication())
        keep(article, tags=["walks"])
        first = Topic.objects.get(kind="tag").pk
        keep(article, tags=[])
        assert topics_of(article) == [("author", "Ines Halm")]
        keep(article, tags=["WALKS"])
        assert Topic.objects.get(kind="tag").pk == first

    def test_topics_of_another_publication_are_others(self):
        for slug in ("one", "two"):
            keep(make_article(make_publication(slug)), tags=["walks"])
        assert slugs() == ["walks", "walks"]

    def test_a_second_call_changes_nothing(self):
        article = make_article(make_publication())
        first = keep(article)
        rows = sorted(ArticleTopic.objects.values_list("pk", flat=True))
        assert (keep(article), sorted(ArticleTopic.objects.values_list("pk", flat=True))) == (first, rows)

    def test_articles_of_before_get_theirs_by_the_migration(self):
        publication = make_publication()
        first = make_article(publication, tags=["C", "Walks"])
        second = make_article(publication, "second", tags=["C++", "walks"], author="", published_at=NOON.replace(year=9000))
        taken = make_article(publication, "tags")
        make_article(publication, "tags-2")
        Topic.objects.all().delete()
        FeedChange.objects.all().delete()
        migration = importlib.import_module("syndication.migrations.0007_topics")
        migration.give_topics(apps, None)
        migration.free_reserved_names(apps, None)
        assert slugs() == ["c", "walks", "c-2"]
        assert topics_of(first) == [("author", "Ines Halm"), ("tag", "C"), ("tag", "Walks")]
        assert topics_of(second) == [("tag", "C++"), ("tag", "Walks")]
        assert list(FeedChange.objects.values_list("article", "at")) == [(second.pk, second.published_at)]
        assert Article.objects.get(pk=taken.pk).slug == "tags-3"


@pytest.mark.processes
@pytest.mark.database
def test_articles_that_bring_the_same_new_tags_at_once_share_one_topic(live_home):
    live_home.start(sys.executable, "-c", AT_ONCE, DJANGO_SETTINGS_MODULE="syndication.settings").wait_for("all brought in")
    assert sorted(live_home.sql("SELECT slug FROM syndication_topic")) == [("c",), ("c-2",), ("new",)]
    assert live_home.sql("SELECT count(*) FROM syndication_articletopic") == [(12,)]
