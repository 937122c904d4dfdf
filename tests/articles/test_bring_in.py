"""Bringing a source in twice, in many ways, and what stays."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from syndication.articles.bring_in import Options, bring_in
from syndication.articles.errors import BadSource
from syndication.articles.models import Article, Publication, Revision
from syndication.articles.publish import publish
from syndication.articles.read_source import Source
from syndication.errors import BadInput, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.database]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
TEXT = b"A Walk by the Sea\n\nThe tide was out and the sand was hard, so we walked to the other village.\n"
CHANGED = TEXT.replace(b"other", b"next")
UID = "0b0e5a5e-6c57-4b0a-9d0f-5a8f4f1c2d11"


@pytest.fixture
def publication():
    return Publication.objects.create(
        slug="news", name="News", sender_name="News", sender_address="news@example.org", mail_domain="example.org"
    )


def _bring(publication, content, *, now=NOW, path="/texts/walk.txt", name="walk.txt", check=lambda _: None, **options):
    return bring_in(Source(name, content, path=path), publication=publication, options=Options(**options), check=check, now=now)


def _markdown(publication, head, *, path="/texts/a.md", now=NOW):
    return _bring(publication, f"---\n{head}\n---\n# A Walk by the Sea\n\nThe tide was out.\n".encode(), path=path, name="a.md", now=now)


def test_a_new_source_makes_a_draft_with_revision_one(publication):
    brought = _bring(publication, TEXT)
    article = Article.objects.get()
    assert (brought.created, article.state, article.revision, article.slug, article.title) == (
        True,
        "draft",
        1,
        "a-walk-by-the-sea",
        "A Walk by the Sea",
    )


def test_the_same_source_again_makes_a_new_revision_of_the_same_article(publication):
    _bring(publication, TEXT)
    brought = _bring(publication, CHANGED, now=LATER)
    assert (brought.created, Article.objects.count(), brought.article.revision) == (False, 1, 2)
    assert [one.number for one in Revision.objects.order_by("number")] == [1, 2]


def test_a_new_title_from_the_same_path_keeps_slug_and_id(publication):
    before = _bring(publication, TEXT).article
    after = _bring(publication, TEXT.replace(b"by the Sea", b"to the Village")).article
    assert (after.pk, after.slug, after.uid, after.title) == (before.pk, before.slug, before.uid, "A Walk to the Village")


def test_the_same_title_from_another_place_is_the_same_article(publication):
    _bring(publication, TEXT)
    assert not _bring(publication, TEXT, path="").created


def test_the_date_of_a_change_moves_only_when_something_changed(publication):
    _bring(publication, TEXT)
    assert _bring(publication, TEXT, now=LATER).article.updated_at == NOW
    assert _bring(publication, CHANGED, now=LATER).article.updated_at == LATER


def test_a_change_of_a_published_article_is_noted_for_the_feeds(publication):
    publish(_bring(publication, TEXT).article.pk, now=NOW)
    _bring(publication, TEXT, now=LATER)
    assert [change.at for change in publication.feed_changes.all()] == [NOW]
    _bring(publication, CHANGED, now=LATER)
    assert [change.at for change in publication.feed_changes.order_by("pk")] == [NOW, LATER]


def test_a_new_tag_is_noted_with_the_old_one_so_that_both_feeds_follow(publication):
    publish(_markdown(publication, "tags: [walks]").article.pk, now=NOW)
    _markdown(publication, "tags: [rain]", now=LATER)
    topics = dict(publication.topics.values_list("pk", "name"))
    assert [topics[pk] for pk in publication.feed_changes.order_by("pk").last().topics] == ["walks", "rain"]


@pytest.mark.parametrize("name", ["tags", "Authors", "search", "feeds"])
def test_no_article_is_called_like_a_page_of_the_site(publication, name):
    assert _markdown(publication, f"slug: {name}").article.slug == f"{name.lower()}-2"


def test_a_draft_is_never_noted_for_the_feeds(publication):
    _bring(publication, TEXT)
    _bring(publication, CHANGED)
    assert not publication.feed_changes.exists()


def test_the_publication_date_never_moves_on_its_own(publication):
    publish(_bring(publication, TEXT).article.pk, now=NOW)
    assert _bring(publication, CHANGED, now=LATER).article.published_at == NOW


def test_the_front_matter_finds_its_article_by_id_wherever_it_moved(publication):
    first = _markdown(publication, f"id: {UID}")
    second = _markdown(publication, f"id: {UID}\ntitle: Renamed", path="/elsewhere/b.md")
    assert (first.article.uid, second.article.pk, second.created) == (uuid.UUID(UID), first.article.pk, False)


def test_the_front_matter_may_change_slug_and_date(publication):
    _markdown(publication, "author: A")
    article = _markdown(publication, "slug: other-name\ndate: 2026-01-02").article
    assert (article.slug, article.published_at) == ("other-name", datetime(2026, 1, 2, tzinfo=UTC))


def test_two_files_with_ids_of_their_own_and_one_title_are_two_articles(publication):
    _markdown(publication, f"id: {UID}")
    other = _markdown(publication, f"id: {uuid.UUID(int=7)}", path="/texts/b.md")
    assert (other.created, other.article.slug) == (True, "a-walk-by-the-sea-00000000")


def test_an_id_of_another_publication_is_refused(publication):
    _markdown(publication, f"id: {UID}")
    other = Publication.objects.create(slug="other", name="O", sender_name="O", sender_address="o@example.org", mail_domain="example.org")
    with pytest.raises(Refused, match="'news'"):
        _markdown(other, f"id: {UID}")


def test_a_slug_that_another_article_has_is_refused(publication):
    _bring(publication, TEXT, slug="taken")
    _markdown(publication, f"id: {UID}")
    with pytest.raises(Refused, match="'taken'"):
        _markdown(publication, f"id: {UID}\nslug: taken")


def test_a_refusing_check_leaves_nothing_behind(publication):
    def refuse(_):
        raise BadInput("line 3: no such field")

    with pytest.raises(BadInput, match="no such field"):
        _bring(publication, TEXT, check=refuse)
    assert (Article.objects.count(), Revision.objects.count()) == (0, 0)


def test_a_bad_source_leaves_nothing_behind(publication):
    with pytest.raises(BadSource, match="offset 1"):
        _bring(publication, b"a\xff")
    assert Article.objects.count() == 0


def test_the_revision_keeps_the_source_and_the_report(publication):
    _bring(publication, TEXT + b"\nLeave a Comment\x00\n".replace(b"\x00", b"\x01"))
    kept = Revision.objects.get()
    assert kept.source_text.endswith("Leave a Comment\n")
    assert kept.dropped == [
        {"line": 5, "text": "U+0001", "why": "control characters that XML and feeds forbid"},
        {"line": 5, "text": "Leave a Comment", "why": "comment form"},
    ]


def test_the_encoding_and_the_language_can_be_given(publication):
    article = _bring(publication, "Café\n\nUn peu.".encode("latin-1"), encoding="latin-1", language="fr-CA").article
    assert (article.title, article.language) == ("Café", "fr-CA")


def test_a_text_that_shows_no_language_has_the_publications(publication):
    publication.language = "pl"
    assert _bring(publication, b"Xyzzy\n\nPlugh.").article.language == "pl"


def test_a_very_long_place_is_still_known_again(publication):
    place = "/" + "x" * 3000
    _bring(publication, TEXT, path=place)
    assert not _bring(publication, b"Another Title\n\nWords and more words.", path=place).created


def test_two_files_with_one_title_are_two_articles_and_the_first_keeps_its_words(publication):
    first = _bring(publication, b"# Weekly news\n\nApples.\n", path="/texts/one.md", name="one.md")
    second = _bring(publication, b"# Weekly news\n\nPears.\n", path="/texts/two.md", name="two.md")
    assert (first.article.slug, second.article.slug) == ("weekly-news", "weekly-news-2")
    first.article.refresh_from_db()
    assert "Apples" in first.article.html
    assert _bring(publication, b"# Weekly news\n\nApples, again.\n", path="/texts/one.md", name="one.md").article.pk == first.article.pk
    assert _bring(publication, b"# Weekly news\n\nPears, again.\n", path="/texts/two.md", name="two.md").article.pk == second.article.pk


def test_the_same_text_in_another_folder_is_the_same_article(publication):
    first = _bring(publication, b"# Weekly news\n\nApples.\n", path="/texts/one.md", name="one.md")
    assert _bring(publication, b"# Weekly news\n\nApples.\n", path="/elsewhere/one.md", name="one.md").article.pk == first.article.pk


def test_a_new_article_is_never_a_revision_of_one_with_its_title(publication):
    first = _bring(publication, b"# Weekly news\n\nApples.\n", path="", name="x.md")
    assert _bring(publication, b"# Weekly news\n\nPears.\n", path="", name="x.md", is_new=True).article.pk != first.article.pk
