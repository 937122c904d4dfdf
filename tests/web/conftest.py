"""What every test of a page needs: a cache without a server, and static files found when they are asked for."""

import pytest
from django.test import Client
from support.publications import make_list, make_publication


@pytest.fixture(autouse=True)
def _no_cache_server(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _fresh_offers(settings):
    """A sign-up form shows what the test has just made."""
    settings.SIGNUP_FRESH_SECONDS = 0


@pytest.fixture
def client():
    """As strict as a browser: CSRF checks are on."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def publication():
    return make_publication()


@pytest.fixture
def weekly(publication):
    return make_list(publication)
