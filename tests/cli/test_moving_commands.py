"""Moving by the command line, visibility, and articles that wait for their time."""

import json

import pytest
from click.testing import CliRunner
from django.utils import timezone
from support.publications import make_article, make_list, make_publication

from syndication.articles import old_addresses
from syndication.articles.models import Article
from syndication.campaigns.models import Campaign
from syndication.cli.main import command_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def publication():
    return make_publication()


def run(*words, code=0, text=None):
    done = CliRunner().invoke(command_line, list(words), input=text)
    assert done.exit_code == code, done.output
    return done.output


def test_a_publication_moves(publication):
    found = json.loads(run("publication", "move", "field-notes", "notes", "--json"))
    assert found == {"slug": "notes", "url": "https://news.example.org/a/notes/"}
    assert old_addresses.publication_once_at("field-notes").slug == "notes"
    assert "already" in run("publication", "move", "notes", make_publication("tides").slug, code=2)


def test_an_article_moves_to_another_name_and_publication(publication):
    article = make_article(publication)
    make_publication("tides")
    found = json.loads(run("article", "move", "first-walk", "--slug", "low-water", "--publication", "tides", "--json"))
    assert (found["url"], found["id"]) == ("https://news.example.org/a/tides/low-water/", article.permanent_id)
    assert old_addresses.article_once_at("field-notes", "first-walk").pk == article.pk


def test_an_article_that_a_campaign_is_to_send_stays(publication):
    article, weekly = make_article(publication), make_list(publication)
    make_publication("tides")
    Campaign.objects.create(publication=publication, article=article, list=weekly, state="scheduled", starts_at=timezone.now())
    assert "is to send this article" in run("article", "move", "first-walk", "--publication", "tides", code=2)
    assert Article.objects.get().publication == publication


def test_visibility_is_said_by_import_by_front_matter_and_by_command(publication):
    text = "---\ntitle: One\nvisibility: unlisted\n---\nSome words of an article.\n"
    assert json.loads(run("article", "import", "-", "--json", text=text))["visibility"] == "unlisted"
    assert (
        json.loads(run("article", "import", "-", "--visibility", "email", "--json", text="Two\n\nSome more words.\n"))["visibility"]
        == "email"
    )
    run("article", "visibility", "one", "public")
    assert Article.objects.get(slug="one").visibility == "public"


def test_an_article_waits_for_its_time(publication):
    make_article(publication, state="draft", published_at=None)
    run("article", "publish", "first-walk", "--at", "2031-05-01T09:00", "--zone", "Europe/Berlin", "--visibility", "unlisted")
    article = Article.objects.get()
    assert (article.state, article.visibility, article.published_at.isoformat()) == ("published", "unlisted", "2031-05-01T07:00:00+00:00")


def test_a_time_that_is_none_is_refused(publication):
    make_article(publication, state="draft", published_at=None)
    run("article", "publish", "first-walk", "--at", "soon", code=2)
    assert Article.objects.get().state == "draft"


def test_an_article_whose_source_names_another_slug_is_found_at_the_old_one(publication):
    uid = "6f1c2a3e-0000-4000-8000-000000000001"
    for slug in ("old-name", "new-name"):
        run("article", "import", "-", text=f"---\nid: {uid}\nslug: {slug}\ntitle: One\n---\nSome words of an article.\n")
    assert old_addresses.article_once_at("field-notes", "old-name").slug == "new-name"
