"""Attaching sound and a picture in the studio, by the command line, and by front matter."""

import json

import pytest
from click.testing import CliRunner
from support.media_server import media_server
from support.publications import make_article, make_publication
from support.staff import signed_in

from syndication.articles.models import Article, Enclosure, Podcast
from syndication.cli.main import command_line

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(scope="module")
def media():
    with media_server() as (url, _):
        yield url


@pytest.fixture
def article(settings):
    settings.FETCH_ALLOWED = ("127.0.0.1",)
    return make_article(make_publication())


@pytest.fixture
def page(article):
    return f"/studio/articles/{article.pk}/files/"


def test_sound_is_attached_with_what_its_server_says(article, page, media):
    form = {"do": "attach", "url": f"{media}/walk.mp3", "title": "The walk", "duration": "12:34", "transcript_url": f"{media}/walk.vtt"}
    assert signed_in("editor").post(page, form)["Location"] == page
    made = Enclosure.objects.get()
    assert (made.media_type, made.length_bytes, made.duration_seconds, made.transcript_type) == ("audio/mpeg", 5000, 754, "text/vtt")
    assert Podcast.objects.get().publication == article.publication
    shown = signed_in("viewer").get(page).content.decode()
    assert "The walk" in shown
    assert "Take off" not in shown


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"url": "/page.mp3"}, "not a file of sound"),
        ({"url": "/chunked.mp3"}, "does not say how long"),
        ({"url": "/walk.mp3", "duration": "x"}, "is no duration"),
        ({"url": "/walk.mp3", "chapters_url": "/frog.png"}, "not a file of chapters"),
    ],
)
def test_what_cannot_be_attached_is_explained_beside_the_field_and_nothing_is_written(page, media, form, said):
    sent = {name: media + value if value.startswith("/") else value for name, value in form.items()}
    answer = signed_in().post(page, {"do": "attach", **sent})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert sent["url"] in answer.content.decode()
    assert not Enclosure.objects.exists()


def test_a_file_is_taken_off_by_its_button(article, page, media):
    signed_in().post(page, {"do": "attach", "url": f"{media}/walk.mp3"})
    signed_in().post(page, {"do": "detach", "file": str(Enclosure.objects.get().pk)})
    assert not Enclosure.objects.exists()


def test_a_picture_is_set_and_taken_off(article, page, media):
    signed_in().post(page, {"do": "picture", "image_url": f"{media}/frog.png", "image_alt": "A frog"})
    article.refresh_from_db()
    assert (article.image_url, article.image_alt) == (f"{media}/frog.png", "A frog")
    assert signed_in().post(page, {"do": "picture", "image_url": f"{media}/frog.svg"}).status_code == 422
    signed_in().post(page, {"do": "picture", "image_url": ""})
    article.refresh_from_db()
    assert article.image_url == ""


def test_the_page_of_the_article_leads_there(article, page):
    assert f'href="{page}"' in signed_in("viewer").get(f"/studio/articles/{article.pk}/").content.decode()


# ------------------------------------------------------------------ command line and import
def run(*words):
    return CliRunner().invoke(command_line, words)


def test_the_command_attaches_and_says_type_and_length(article, media):
    done = run("article", "attach", article.slug, f"{media}/walk.mp3", "--duration", "1:00", "--chapters", f"{media}/walk.json", "--json")
    assert json.loads(done.stdout) == {
        "slug": article.slug,
        "url": f"{media}/walk.mp3",
        "type": "audio/mpeg",
        "length": 5000,
        "seconds": 60,
    }
    assert Enclosure.objects.get().chapters_url == f"{media}/walk.json"


def test_the_command_refuses_what_no_reader_could_play(article, media):
    done = run("article", "attach", article.slug, f"{media}/gone.mp3")
    assert done.exit_code == 2
    assert "answered 404" in done.output
    assert not Enclosure.objects.exists()


def test_front_matter_attaches_at_import_and_a_failure_leaves_the_article_in(article, media, tmp_path):
    for name, audio in (("one", "walk.mp3"), ("two", "gone.mp3")):
        path = tmp_path / f"{name}.md"
        path.write_text(f"---\ntitle: {name}\nimage: {media}/frog.png\naudio: {media}/{audio}\n---\nIt is here.\n")
        done = run("article", "import", str(path), "--json")
        assert done.exit_code == 0, done.output
        assert ("not_attached" in json.loads(done.stdout)) is (name == "two")
    assert Article.objects.get(slug="one").enclosures.count() == 1
    assert Article.objects.get(slug="two").image_url == f"{media}/frog.png"


def test_pasted_front_matter_attaches_too_and_says_what_failed(article, media):
    text = f"---\ntitle: Three\naudio: {media}/gone.mp3\n---\nIt is here.\n"
    form = {"publication": article.publication_id, "text": text, "kind": "markdown", "revises": "", "encoding": ""}
    answer = signed_in().post("/studio/articles/import/", form, follow=True)
    assert "its sound is not attached" in answer.content.decode()
    assert Article.objects.filter(slug="three").exists()
