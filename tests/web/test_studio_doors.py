"""Who may open which studio page: deny by default."""

import re
from html import unescape

import pytest
from django.urls import get_resolver
from support.publications import make_article, make_list, make_publication
from support.staff import signed_in, visitor

from syndication.campaigns.models import Campaign, User
from syndication.web.studio import urls

pytestmark = (
    pytest.mark.django_db
)  # who may open what is decided before anything that differs between databases; each page's own tests run on both

OPEN_TO_ALL = {"sign_in_once"}
ROUTES = [route for route in urls.studio if route.name not in OPEN_TO_ALL]
EXAMPLES = {
    "article_id": "1",
    "campaign_id": "1",
    "subscriber_id": "1",
    "event_id": "1",
    "job_id": "1",
    "mail_id": "1",
    "fault_id": "1",
    "publication_id": "1",
    "import_id": "1",
    "name": "x",
    "form": "email",
    "act": "start",
}


def address(route) -> str:
    pattern = str(route.pattern)
    for name, example in EXAMPLES.items():
        for converter in ("int", "str", "slug"):
            pattern = pattern.replace(f"<{converter}:{name}>", example)
    return "/" + pattern


@pytest.fixture(params=ROUTES, ids=lambda route: route.name)
def route(request):
    return request.param


def test_only_the_sign_in_link_is_open():
    unguarded = {route.name for route in urls.studio if not getattr(route.callback, "is_guarded", False)}
    assert unguarded == OPEN_TO_ALL


def test_every_address_under_studio_and_inbox_is_made_by_the_studio():
    strangers = [pattern for pattern in get_resolver().url_patterns if str(pattern.pattern).startswith(("studio", "inbox"))]
    assert strangers == []


def test_a_visitor_is_sent_to_the_sign_in_page(route):
    answer = visitor().get(address(route))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/accounts/login/?next=/")


def test_a_visitor_cannot_post(route):
    assert visitor().post(address(route)).status_code == 302


def test_a_viewer_cannot_post(route):
    answer = signed_in("viewer").post(address(route))
    assert answer.status_code == 403
    assert "viewer" in answer.content.decode()


def test_each_role_opens_what_it_needs(route):
    may = {"viewer": {"look"}, "editor": {"look", "edit"}, "owner": {"look", "edit", "own"}}
    for role, needs in may.items():
        status = signed_in(role).get(address(route)).status_code
        assert (status in {200, 286, 302, 404}) if route.callback.need in needs else (status == 403)


def test_caught_mail_is_for_owners_since_password_links_lie_there():
    owners = {route.name for route in ROUTES if route.callback.need == "own"}
    assert owners >= {"inbox", "message", "message_html", "message_file", "suppressions_export"}
    assert "Caught mail" not in signed_in("editor").get("/studio/").content.decode()


def test_pages_that_are_only_a_form_are_for_those_who_may_change():
    forms = {route.name for route in ROUTES if route.callback.need == "edit"}
    assert forms >= {"article_import", "campaign_new", "publication_new", "publication", "subscriber_new", "subscriber_erase"}


@pytest.mark.parametrize("path", ["", "articles/", "articles/1/", "campaigns/", "campaigns/1/", "subscribers/", "lists/", "publications/"])
def test_a_viewer_sees_no_link_to_what_is_refused(path):
    publication = make_publication(pk=1, is_sample=True)
    article, weekly = make_article(publication, pk=1), make_list(publication)
    Campaign.objects.create(pk=1, publication=publication, article=article, list=weekly)
    viewer = signed_in("viewer")
    page = viewer.get(f"/studio/{path}").content.decode()
    links = set(re.findall(r'(?:href|action|hx-get)="(/(?:studio|inbox)[^"]*)"', page))
    assert {link for link in links if viewer.get(unescape(link)).status_code == 403} == set()


def test_a_form_without_its_token_is_refused(route):
    assert signed_in("owner", enforce_csrf_checks=True).post(address(route)).status_code == 403


def test_other_methods_are_refused(route):
    client = signed_in()
    assert [getattr(client, method)(address(route)).status_code for method in ("put", "delete", "patch", "options")] == [405] * 4


def test_a_person_who_left_is_signed_out(route):
    client = signed_in("editor")
    User.objects.update(is_active=False)
    assert client.get(address(route)).status_code == 302


def test_a_fragment_asked_after_the_session_ended_sends_the_whole_page_to_sign_in(route):
    answer = visitor().get(address(route), headers={"hx-request": "true"})
    assert answer.headers["HX-Redirect"] == "/accounts/login/"


def test_no_page_may_be_kept_by_a_shared_cache(route):
    kept = signed_in().get(address(route)).headers["Cache-Control"]
    assert "no-store" in kept
    assert "private" in kept


def test_every_page_has_a_strict_policy():
    policy = signed_in().get("/studio/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
