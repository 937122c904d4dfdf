"""One-time links, password sign-in and the account pages."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from syndication.campaigns.models import User
from syndication.web.accounts import sign_in_link

pytestmark = [pytest.mark.django_db, pytest.mark.database]
BASE = "https://news.example.org"


@pytest.fixture
def owner():
    return User.objects.create_user("ada@example.org", role="owner")


def browser() -> Client:
    return Client(enforce_csrf_checks=True, headers={"host": "news.example.org"})


def path_of(link: str) -> str:
    return link.removeprefix(BASE)


def press_the_button(client: Client, link: str):
    page = client.get(path_of(link), secure=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[1]
    return client.post(path_of(link), {"csrfmiddlewaretoken": token}, secure=True, headers={"referer": BASE + "/", "origin": BASE})


def test_a_sign_in_link_is_an_absolute_address_under_login_once(owner):
    assert re.fullmatch(r"https://news\.example\.org/login/once/\w+-\w+-\w+/", sign_in_link(owner))


def test_opening_a_sign_in_link_shows_a_button_and_uses_nothing_up(owner):
    link = sign_in_link(owner)
    scanner = browser()
    for _ in range(3):
        page = scanner.get(path_of(link), secure=True)
    assert page.status_code == 200
    assert "Sign in as ada@example.org" in page.content.decode()
    assert "_auth_user_id" not in scanner.session
    assert press_the_button(browser(), link).headers["Location"] == "/studio/"


def test_pressing_the_button_signs_in(owner):
    client = browser()
    press_the_button(client, sign_in_link(owner))
    assert client.session["_auth_user_id"] == str(owner.pk)


def test_a_sign_in_link_works_only_once(owner):
    link = sign_in_link(owner)
    other = browser()
    other.get(path_of(link), secure=True)
    token = other.cookies["csrftoken"].value
    press_the_button(browser(), link)
    again = other.post(
        path_of(link), {"csrfmiddlewaretoken": token}, secure=True, headers={"referer": BASE + "/", "x-csrftoken": token, "origin": BASE}
    )
    assert again.status_code == 410
    assert "_auth_user_id" not in other.session
    assert "syndication user create" in again.content.decode()


def test_two_links_made_in_the_same_second_die_together(owner):
    first, second = sign_in_link(owner), sign_in_link(owner)
    press_the_button(browser(), first)
    assert browser().get(path_of(second), secure=True).status_code == 410


def test_a_link_made_within_the_second_of_a_sign_in_dies_with_its_use(owner):
    press_the_button(browser(), sign_in_link(owner))
    owner.refresh_from_db()
    link = sign_in_link(owner)
    press_the_button(browser(), link)
    assert browser().get(path_of(link), secure=True).status_code == 410


def test_a_sign_in_link_lives_a_quarter_of_an_hour(owner):
    link = sign_in_link(owner)
    with time_machine.travel(timezone.now() + timedelta(minutes=14), tick=True):
        assert browser().get(path_of(link), secure=True).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert browser().get(path_of(link), secure=True).status_code == 410


def test_a_link_of_somebody_who_left_signs_nobody_in(owner):
    link = sign_in_link(owner)
    User.objects.update(is_active=False)
    assert browser().get(path_of(link), secure=True).status_code == 410


@pytest.mark.parametrize("key", ["x", "1", "1-", "-1-a-b", "zzzzzzzzzzzzz-c-d", "1-aaaaaa-0123456789abcdef0123456789abcdef", "9" * 400])
def test_a_wrong_key_gets_a_page_that_says_what_to_do(owner, key):
    page = browser().get(f"/login/once/{key}/", secure=True)
    assert page.status_code == 410
    assert "syndication user create" in page.content.decode()


def test_a_person_with_a_password_signs_in_by_it(owner):
    owner.set_password("a long enough password")
    owner.save()
    client = Client(headers={"host": "news.example.org"})
    answer = client.post("/accounts/login/", {"login": "ada@example.org", "password": "a long enough password"}, secure=True)
    assert answer.headers["Location"] == "/studio/"


def test_sign_up_is_closed():
    page = Client(headers={"host": "news.example.org"}).get("/accounts/signup/", secure=True)
    assert "<form" not in page.content.decode()


@pytest.mark.parametrize(
    "path",
    ["/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/", "/accounts/2fa/webauthn/add/", "/accounts/password/set/"],
)
def test_account_pages_wear_the_look_of_the_studio(owner, path):
    client = Client(headers={"host": "news.example.org"})
    client.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = client.get(path, secure=True)
    assert page.status_code == 200
    assert "studio.css" in page.content.decode()
    assert "<style" not in page.content.decode()
