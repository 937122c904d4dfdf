"""Staff change where an article or a publication is found, and are told what that means."""

import pytest
from django.utils import timezone
from support.publications import make_article, make_publication
from support.staff import signed_in

from syndication.articles import old_addresses
from syndication.articles.models import Article, Publication

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def publication():
    return make_publication()


def place(article, client=None, **typed):
    found = {"visibility": article.visibility, "slug": article.slug, "publication": article.publication_id} | typed
    return (client or signed_in("editor")).post(f"/studio/articles/{article.pk}/place/", found)


def test_the_form_warns_before_a_move(publication):
    text = signed_in("editor").get(f"/studio/articles/{make_article(publication).pk}/place/").content.decode()
    assert "The old address leads to the new one for ever" in text


def test_an_article_is_moved_hidden_and_keeps_its_old_address(publication):
    article = make_article(publication)
    assert place(article, slug="the-walk", visibility="unlisted").status_code == 302
    moved = Article.objects.get()
    assert (moved.slug, moved.visibility, moved.uid) == ("the-walk", "unlisted", article.uid)
    assert old_addresses.article_once_at("field-notes", "first-walk") == moved


def test_what_cannot_be_changed_changes_nothing(publication):
    article = make_article(publication)
    make_article(publication, "taken")
    for wrong in ({"slug": "taken"}, {"slug": "Not A Slug"}, {"slug": "tags"}, {"visibility": "nobody"}, {"publication": 999}):
        response = place(article, **({"visibility": "email"} | wrong))
        assert response.status_code == 422, wrong
        assert "errorlist" in response.content.decode() or "alert" in response.content.decode()
    assert Article.objects.get(pk=article.pk).visibility == "public"


def test_a_draft_is_given_the_time_at_which_it_appears(publication):
    article = make_article(publication, state="draft", published_at=None)
    assert place(article, appears_at="2031-05-01T09:00").status_code == 302
    assert Article.objects.get().published_at.isoformat() == "2031-05-01T09:00:00+00:00"


def test_a_time_in_the_past_is_refused(publication):
    article = make_article(publication, state="draft", published_at=None)
    assert place(article, appears_at="2001-05-01T09:00").status_code == 422


def test_only_those_who_may_edit_open_it(publication):
    article = make_article(publication)
    assert signed_in("viewer").get(f"/studio/articles/{article.pk}/place/").status_code == 403


def test_another_slug_of_a_publication_moves_it(publication):
    client, address = signed_in("owner"), f"/studio/publications/{publication.pk}/"
    names = (
        "name",
        "slug",
        "description",
        "sender_name",
        "sender_address",
        "reply_to",
        "postal_address",
        "mail_domain",
        "language",
        "time_zone",
    )
    typed = {name: getattr(publication, name) for name in names}
    assert "feed readers show nothing twice" in client.get(address).content.decode()
    assert client.post(address, typed | {"slug": "notes", "name": "Notes"}).status_code == 302
    moved = Publication.objects.get()
    assert (moved.slug, moved.name) == ("notes", "Notes")
    assert old_addresses.publication_once_at("field-notes") == moved
    assert client.post(address, typed | {"slug": "Un_usable"}).status_code == 422
    assert Publication.objects.get().slug == "notes"
    assert timezone.now() >= moved.updated_at
