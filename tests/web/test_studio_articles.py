"""Articles in the studio: the list, and every form that a reader may get."""

import email
import email.policy

import pytest
from django.utils import timezone
from support.publications import make_article, make_list, make_publication
from support.staff import signed_in, visitor

from syndication.articles.models import Article, Revision
from syndication.audience.subscribe import Person, add
from syndication.web.studio.framed import POLICY, framed

pytestmark = [pytest.mark.django_db, pytest.mark.database]
BODY = '<h2>Rain</h2><p>Dear {{ subscriber.first_name | default("reader") }}, it rained.</p>'


@pytest.fixture
def article():
    article = make_article(make_publication(), html=BODY, title="What the rain gauge said", state="draft", published_at=None)
    make_list(article.publication)
    return article


@pytest.fixture
def rosa(article):
    return add(
        Person("rosa@example.org", name="Rosa Rau"), to=article.publication.lists.get(), confirmed=True, how="import", now=timezone.now()
    )


def words_of(answer) -> str:
    return answer.content.decode()


def page_of(article, query="") -> str:
    return words_of(signed_in().get(f"/studio/articles/{article.pk}/{query}"))


def test_without_articles_the_page_says_what_one_is():
    assert "written once" in words_of(signed_in().get("/studio/articles/"))


@pytest.mark.parametrize("query", ["?q=RAIN", "?state=draft", "?publication=field-notes", "?q=rain&state=draft&publication=field-notes"])
def test_an_article_is_found(article, query):
    assert "What the rain gauge said" in words_of(signed_in().get(f"/studio/articles/{query}"))


@pytest.mark.parametrize("query", ["?q=snow", "?state=published", "?publication=other"])
def test_an_article_that_does_not_fit_is_left_out(article, query):
    assert "What the rain gauge said" not in words_of(signed_in().get(f"/studio/articles/{query}"))


@pytest.mark.parametrize("query", ["?q=%00", "?state=<script>", "?publication=" + "x" * 999, "?page=-1"])
def test_nonsense_in_the_address_is_no_error(article, query):
    assert signed_in().get(f"/studio/articles/{query}").status_code == 200


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("email", "<iframe"),
        ("text", "Dear reader, it rained."),
        ("page", "<iframe"),
        ("feed", "<iframe"),
        ("source", "Message-ID:"),
        ("revisions", "No revision"),
    ],
)
def test_an_article_is_shown_in_every_form(article, view, words):
    assert words in page_of(article, f"?view={view}")


@pytest.mark.parametrize("state", ["draft", "published"])
def test_the_preview_of_the_page_is_the_public_page_without_scripts(article, state):
    Article.objects.filter(pk=article.pk).update(state=state)
    answer = signed_in("viewer").get(f"/studio/articles/{article.pk}/preview/page/")
    assert 'rel="stylesheet" href="/static/public' in words_of(answer)
    assert "<h1>What the rain gauge said</h1>" in words_of(answer)
    assert "Dear reader, it rained." in words_of(answer)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize("path", ["", "articles/", "articles/{}/", "campaigns/new/", "articles/import/"])
def test_a_title_is_shown_with_the_defaults_of_its_merge_fields(article, path):
    Article.objects.filter(pk=article.pk).update(title='{{ subscriber.first_name | default("You") }} and the rain')
    assert "You and the rain" in words_of(signed_in().get(f"/studio/{path.format(article.pk)}"))


def test_a_draft_has_a_preview_and_no_public_page(article):
    assert visitor().get(f"/a/field-notes/{article.slug}/").status_code == 404


def test_a_form_that_does_not_exist_is_the_first_one(article):
    answer = signed_in().get(f"/studio/articles/{article.pk}/?view=carrier-pigeon")
    assert answer.status_code == 200
    assert "<iframe" in words_of(answer)


@pytest.mark.parametrize("form", ["email", "page", "feed"])
def test_each_frame_has_its_own_document_that_can_run_nothing(article, form):
    answer = signed_in().get(f"/studio/articles/{article.pk}/preview/{form}/")
    assert "it rained" in words_of(answer)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_frame_that_does_not_exist_is_a_404(article):
    assert signed_in().get(f"/studio/articles/{article.pk}/preview/pigeon/").status_code == 404


def test_a_preview_reads_as_a_subscriber_does(article, rosa):
    assert "Dear Rosa, it rained." in page_of(article, "?view=text&as=rosa@example.org")
    assert "Dear Rosa, it rained." in words_of(signed_in().get(f"/studio/articles/{article.pk}/preview/email/?as=rosa@example.org"))


def test_page_and_feed_know_no_subscriber(article, rosa):
    for form in ("page", "feed"):
        assert "Dear reader" in words_of(signed_in().get(f"/studio/articles/{article.pk}/preview/{form}/?as=rosa@example.org"))


@pytest.mark.parametrize("address", ["not an address", "<script>alert(1)</script>", "a@b@c"])
def test_a_preview_for_no_address_says_so_and_keeps_it(article, address):
    answer = signed_in().get(f"/studio/articles/{article.pk}/", {"view": "text", "as": address})
    assert answer.status_code == 200
    assert "is not an email address" in words_of(answer)
    assert "<script>alert" not in words_of(answer)


def test_a_wrong_merge_field_is_named_and_nothing_is_shown(article):
    Article.objects.update(html="<p>{{ secret.thing }}</p>")
    page = page_of(article)
    assert "could not be sent" in page
    assert "secret" in page
    assert "<iframe" not in page


def test_the_frame_of_a_broken_article_is_no_error(article):
    Article.objects.update(html="<p>{{ secret.thing }}</p>")
    assert signed_in().get(f"/studio/articles/{article.pk}/preview/email/").status_code == 200


def test_the_downloaded_message_is_one(article, rosa):
    answer = signed_in().get(f"/studio/articles/{article.pk}/message.eml?as=rosa@example.org")
    message = email.message_from_bytes(answer.content, policy=email.policy.default)
    assert message["To"].addresses[0].addr_spec == "rosa@example.org"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="first-walk.eml"'


def test_the_download_of_a_broken_message_says_why(article):
    Article.objects.update(html="<p>{{ secret.thing }}</p>")
    assert signed_in().get(f"/studio/articles/{article.pk}/message.eml").status_code == 422


def test_revisions_show_what_was_cleaned_away(article):
    Revision.objects.create(
        article=article,
        number=1,
        title="Rain",
        html="",
        source_text="<Rain>",
        dropped=[{"line": 7, "text": "Add to <basket>", "why": "page debris"}],
    )
    page = page_of(article, "?view=revisions")
    assert "Add to &lt;basket&gt;" in page
    assert '<td class="number">7</td>' in page


def test_the_switches_keep_the_reader(article, rosa):
    assert "?view=email&amp;as=rosa%40example.org&amp;width=phone" in page_of(article, "?as=rosa@example.org")


@pytest.mark.parametrize("path", ["", "preview/email/", "message.eml"])
def test_what_is_not_there_is_a_404(path):
    assert signed_in().get(f"/studio/articles/999/{path}").status_code == 404


@pytest.mark.parametrize("html", ["<html><HEAD class=x><title>t</title></head>", "<p>no head</p>", ""])
def test_links_in_a_frame_open_beside_the_studio(html):
    shown = framed(html).content.decode()
    assert shown.count('<base target="_blank">') == 1
