"""The API: read only, for whoever is signed in."""

import pytest
from support.publications import make_article, make_list, make_publication
from support.staff import signed_in, visitor

from syndication.campaigns.models import Campaign

pytestmark = [pytest.mark.django_db, pytest.mark.database]
PATHS = ["/api/publications", "/api/articles", "/api/articles/1", "/api/campaigns", "/api/campaigns/1"]


@pytest.fixture
def campaign():
    publication = make_publication()
    return Campaign.objects.create(
        publication=publication, article=make_article(publication, html="<p>The body</p>"), list=make_list(publication), subject="Hello"
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_visitor_gets_a_401_in_json(path):
    answer = visitor().get(path)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Unauthorized"}


@pytest.mark.parametrize("path", PATHS)
def test_nothing_can_be_changed(path, campaign):
    client = signed_in()
    assert [getattr(client, method)(path).status_code for method in ("post", "put", "patch", "delete")] == [405] * 4


def test_publications_are_listed(campaign):
    assert [one["slug"] for one in signed_in("viewer").get("/api/publications").json()] == ["field-notes"]


def test_articles_are_listed_without_their_bodies(campaign):
    (listed,) = signed_in().get("/api/articles?publication=field-notes&state=published").json()
    assert listed["publication"] == "field-notes"
    assert "html" not in listed


def test_an_article_comes_with_its_body(campaign):
    assert signed_in().get(f"/api/articles/{campaign.article_id}").json()["html"] == "<p>The body</p>"


def test_a_campaign_tells_where_it_stands(campaign):
    told = signed_in().get(f"/api/campaigns/{campaign.pk}").json()
    assert told["state"] == "draft"
    assert told["deliveries"]["delivered"] == 0


def test_campaigns_are_listed_by_state(campaign):
    client = signed_in()
    assert [one["subject"] for one in client.get("/api/campaigns?state=draft").json()] == ["Hello"]
    assert client.get("/api/campaigns?state=running").json() == []


@pytest.mark.parametrize("path", ["/api/articles/999", "/api/campaigns/999"])
def test_what_is_not_there_is_a_404_in_json(path):
    answer = signed_in().get(path)
    assert answer.status_code == 404
    assert "999" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/articles/x",
        "/api/campaigns/0",
        "/api/campaigns/99999999999999999999",
        "/api/articles?limit=0",
        "/api/articles?offset=-1",
        "/api/articles?state=%00",
    ],
)
def test_a_wrong_value_is_a_422_that_names_it(path):
    answer = signed_in().get(path)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)


def test_the_description_declares_every_answer():
    described = signed_in().get("/api/openapi.json").json()
    answers = {path: set(verbs["get"]["responses"]) for path, verbs in described["paths"].items()}
    assert answers["/api/campaigns/{campaign_id}"] == {"200", "401", "404", "422"}
    for_readers = answers.pop("/api/publications/{slug}/sign-ups")  # anybody may ask there
    assert for_readers == {"200", "404"}
    assert all({"200", "401", "422"} <= each for each in answers.values())


def test_the_documentation_is_for_staff():
    assert visitor().get("/api/docs").status_code == 302
    assert signed_in().get("/api/docs").status_code == 200
