"""Which provider takes a domain's mail."""

import re

import pytest

from syndication.delivery.limits import providers
from syndication.delivery.limits.providers import provider_of


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "gmail"),
        ("googlemail.com", "gmail"),
        ("hotmail.co.uk", "microsoft"),
        ("outlook.fr", "microsoft"),
        ("aol.com", "yahoo"),
        ("yahoo.co.uk", "yahoo"),
        ("yahoo.co.jp", "yahoo-japan"),
        ("me.com", "apple"),
        ("web.de", "gmx"),
        ("bk.ru", "mailru"),
        ("ya.ru", "yandex"),
        ("pm.me", "proton"),
        ("wanadoo.fr", "orange"),
        ("free.fr", "free"),
        ("example.org", "example.org"),
    ],
)
def test_a_domain_belongs_to_its_provider_or_to_itself(domain, provider):
    assert provider_of(domain, {}) == provider


def test_an_addition_wins():
    assert provider_of("company.example", {"company.example": "gmail"}) == "gmail"
    assert provider_of("me.com", {"me.com": "elsewhere"}) == "elsewhere"


def test_no_domain_has_two_providers_and_every_name_is_one_word():
    listed = [domain for domains in providers._DOMAINS.values() for domain in domains.split()]
    assert len(listed) == len(set(listed))
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+", domain) for domain in listed)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in providers.PROVIDERS)
