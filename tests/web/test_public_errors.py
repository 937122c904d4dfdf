"""What goes wrong is said in our own words, and never with a trace."""

import pytest
from django.test import Client
from support.publications import make_article, make_publication

from syndication.web import error_pages

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_a_page_that_fails_answers_in_words_without_a_trace(settings):
    make_article(make_publication(), html="<p>{{ nobody.knows( }}</p>")
    response = Client(raise_request_exception=False).get("/a/field-notes/first-walk/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.text
    assert "nobody" not in response.text


def test_an_unknown_host_is_refused_in_words():
    response = Client(headers={"Host": "evil.example"}).get("/")
    assert response.status_code == 400
    assert "could not be read" in response.text


def test_a_form_without_its_token_is_refused_in_words():
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "x"})
    assert response.status_code == 403
    assert "This is not open to you" in response.text


@pytest.mark.parametrize(
    ("handler", "status"), [(error_pages.bad_request, 400), (error_pages.forbidden, 403), (error_pages.not_found, 404)]
)
def test_an_error_page_needs_nothing_of_the_request_and_is_not_cached(handler, status):
    response = handler(None, ValueError("secret"))
    assert (response.status_code, response["Cache-Control"]) == (status, "no-store")
    assert b"secret" not in response.content
