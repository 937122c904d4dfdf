"""Bringing an article in, publishing it and taking it back."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from support.publications import make_article, make_publication
from support.staff import signed_in

from syndication.articles.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.database]
FORM = "/studio/articles/import/"
MARKDOWN = "# Rain in October\n\nIt rained on nine days, and the barrel is full.\n\n## What to do\n\nNothing at all, for once.\n"
PAGE = (
    '<title>Rain</title><h1>Rain</h1><p onclick="x()">It rained for days on end.</p><script>alert(1)</script><form><input name="q"></form>'
)


def words_of(answer) -> str:
    return answer.content.decode()


def bring_in(publication, content=None, /, *, follow=False, **fields):
    typed = {"publication": publication.pk, **fields}
    if content is not None:
        typed["file"] = SimpleUploadedFile(fields.pop("name", "rain.md"), content)
    return signed_in().post(FORM, typed, follow=follow)


def test_pasted_text_becomes_an_article(publication):
    answer = bring_in(publication, text=MARKDOWN, kind="markdown")
    made = Article.objects.get()
    assert answer.headers["Location"] == f"/studio/articles/{made.pk}/?fresh=1"
    assert (made.title, made.state, made.revision) == ("Rain in October", "draft", 1)
    assert "<h2>What to do</h2>" in made.html


def test_a_file_becomes_an_article(publication):
    bring_in(publication, MARKDOWN.encode())
    assert Article.objects.get().title == "Rain in October"


def test_an_older_encoding_is_read_when_it_is_named(publication):
    bring_in(publication, "# Öl und Ähren\n\nDas Öl fließt langsam über die Ähren.\n".encode("latin-1"), encoding="latin-1")
    assert Article.objects.get().title == "Öl und Ähren"


def test_an_encoding_does_not_spoil_pasted_text(publication):
    bring_in(publication, text="# Öl und Ähren\n\nDas Öl fließt langsam.\n", kind="markdown", encoding="utf-16")
    assert Article.objects.get().title == "Öl und Ähren"


def test_what_was_cleaned_away_is_shown_with_line_and_reason(publication):
    page = words_of(bring_in(publication, text=PAGE, kind="html", follow=True))
    assert "cleaned away" in page
    assert "script" in page
    assert "alert(1)" not in Article.objects.get().html
    assert "<script>alert" not in page


def test_the_same_title_again_is_another_article_unless_it_revises_the_first(publication):
    bring_in(publication, text=MARKDOWN, kind="markdown")
    first = Article.objects.get()
    bring_in(publication, text=MARKDOWN, kind="markdown")
    assert Article.objects.count() == 2
    page = words_of(bring_in(publication, text=MARKDOWN, kind="markdown", revises=first.pk, follow=True))
    first.refresh_from_db()
    assert (Article.objects.count(), first.revision) == (2, 2)
    assert "This is revision 2" in page


def test_an_article_is_revised_under_another_title(publication):
    article = make_article(publication)
    bring_in(publication, text=MARKDOWN, kind="markdown", revises=article.pk)
    article.refresh_from_db()
    assert (article.title, article.slug) == ("Rain in October", "first-walk")


def test_a_revision_stays_in_its_publication(publication):
    article = make_article(make_publication("other"))
    answer = bring_in(publication, text=MARKDOWN, revises=article.pk)
    assert answer.status_code == 422
    assert "belongs to" in words_of(answer)


def test_the_form_opens_with_the_article_to_revise(publication):
    article = make_article(publication)
    assert f'<option value="{article.pk}" selected>' in words_of(signed_in().get(f"{FORM}?article={article.pk}"))


@pytest.mark.parametrize("asked", ["999", "x", "-1", "9" * 40, "%00"])
def test_an_article_that_does_not_exist_opens_an_empty_form(publication, asked):
    assert signed_in().get(f"{FORM}?article={asked}").status_code == 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"   \n\n", "white space"),
        (b"%PDF-1.7 \x00\x01", "PDF"),
        (b"\x00\x01\x02", "binary"),
        (b"# Caf\xe9\n\nnice", "offset 5"),
        (b"x" * 5_000_001, "5 MB"),
    ],
    ids=["empty", "white", "pdf", "binary", "latin-1", "large"],
)
def test_a_file_that_is_no_article_is_refused_with_the_reason(publication, content, words):
    answer = bring_in(publication, content)
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert not Article.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "Choose a file"),
        ({"text": "  "}, "Choose a file"),
        ({"text": "a\x00b"}, "Null characters"),
        ({"text": MARKDOWN, "kind": "pdf"}, "valid choice"),
        ({"text": MARKDOWN, "publication": "999"}, "valid choice"),
        ({"text": MARKDOWN, "revises": "999"}, "valid choice"),
    ],
)
def test_a_form_that_says_too_little_is_refused(publication, fields, words):
    answer = bring_in(publication, **fields)
    assert answer.status_code == 422
    assert words in words_of(answer)
    assert not Article.objects.exists()


def test_an_unknown_encoding_is_refused(publication):
    assert "unknown" in words_of(bring_in(publication, MARKDOWN.encode(), encoding="klingon-8"))


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"# Caf\xe9\n\nnice", "choose latin-1 under Encoding"),
        ("# Rain\n\nIt rained.\n".encode("utf-16-le"), "choose utf-16-le under Encoding"),
    ],
)
def test_advice_names_the_fields_of_the_form_and_no_option_of_a_command(publication, content, advice):
    page = words_of(bring_in(publication, content))
    assert advice in page
    assert "--" not in re.sub(r"<!--.*?-->", "", page)


def test_the_form_warns_that_a_revision_of_a_published_article_is_live_at_once(publication):
    article = make_article(publication)
    assert "this revision is live at once" in words_of(signed_in().get(f"{FORM}?article={article.pk}"))


def test_the_form_does_not_warn_for_a_draft(publication):
    article = make_article(publication, state="draft", published_at=None)
    assert "this revision is live at once" not in words_of(signed_in().get(f"{FORM}?article={article.pk}"))


def test_a_refused_revision_of_a_published_article_keeps_the_warning(publication):
    article = make_article(publication)
    assert "this revision is live at once" in words_of(bring_in(publication, text="", revises=article.pk))


@pytest.mark.parametrize("state", ["draft", "published"])
def test_after_a_revision_its_message_says_whether_it_is_live(publication, state):
    article = make_article(publication, state=state)
    page = words_of(bring_in(publication, text=MARKDOWN, kind="markdown", revises=article.pk, follow=True))
    assert ("It is live" in page) is (state == "published")


def test_a_file_and_pasted_text_together_are_refused(publication):
    assert "which of the two" in words_of(bring_in(publication, MARKDOWN.encode(), text=MARKDOWN))


@pytest.mark.parametrize(
    "field", ["{{ secret.thing }}", "{{ subscriber.first_name", "{% for i in range(10**9) %}x{% endfor %}", "{% include 'x' %}"]
)
def test_a_merge_field_that_cannot_be_filled_is_refused_and_the_text_is_kept(publication, field):
    answer = bring_in(publication, text=f"# Rain\n\nDear {field}, a sentence that must not be lost.\n", kind="markdown")
    assert answer.status_code == 422
    assert "a sentence that must not be lost" in words_of(answer)
    assert not Article.objects.exists()


def test_without_a_publication_the_page_leads_to_making_one():
    assert "there is none yet" in words_of(signed_in().get(FORM))


def test_a_revision_of_a_published_article_makes_its_feeds_due(publication, django_capture_on_commit_callbacks):
    make_article(publication)
    with django_capture_on_commit_callbacks() as callbacks:
        bring_in(publication, text="# The first walk\n\nWe went out after the sun.\n", kind="markdown", revises=Article.objects.get().pk)
    assert publication.feed_changes.exists()
    assert [callback.args for callback in callbacks] == [("syndication.tasks.publish_feeds", publication.pk)]


def test_publishing_puts_an_article_on_the_web(publication):
    article = make_article(publication, state="draft", published_at=None)
    page = words_of(signed_in().post(f"/studio/articles/{article.pk}/publish/", follow=True))
    assert "the page is up" in page
    assert f"/a/field-notes/{article.slug}/" in page
    assert Article.objects.get().state == "published"


def test_unpublishing_takes_it_back(publication):
    article = make_article(publication)
    signed_in().post(f"/studio/articles/{article.pk}/unpublish/")
    assert Article.objects.get().state == "draft"


def test_opening_the_address_of_publishing_publishes_nothing(publication):
    article = make_article(publication, state="draft", published_at=None)
    signed_in().get(f"/studio/articles/{article.pk}/publish/")
    assert Article.objects.get().state == "draft"


def test_an_article_that_is_gone_is_said(publication):
    assert "There is no article" in words_of(signed_in().post("/studio/articles/999/publish/", follow=True))
