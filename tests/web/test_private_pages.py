"""What is about staff is never kept by a cache, and account mails speak like us."""

import pytest
from django.core import mail
from support.staff import signed_in, visitor

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize("path", ["/accounts/email/", "/accounts/password/reset/", "/accounts/login/", "/api/publications", "/api/nothing"])
def test_no_cache_keeps_it(path):
    assert "no-store" in signed_in().get(path).headers["Cache-Control"]


def test_a_second_factor_can_be_added_at_once():
    from time import time

    client = signed_in()
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time()}]
    session.save()
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_a_password_mail_says_what_it_is_for():
    signed_in("owner")
    visitor().post("/accounts/password/reset/", {"email": "owner@example.org"})
    (sent,) = mail.outbox
    assert sent.subject == "Set a new password for the studio"
    assert "/accounts/password/reset/key/" in sent.body
    assert "Hello from" not in sent.body
