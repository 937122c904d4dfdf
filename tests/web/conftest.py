"""What every test of a page needs: a cache without a server, and static files found when they are asked for."""

import pytest


@pytest.fixture(autouse=True)
def _no_cache_server(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def _fresh_offers(settings):
    """A sign-up form shows what the test has just made."""
    settings.SIGNUP_FRESH_SECONDS = 0
