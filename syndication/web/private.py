"""Keeps pages about accounts, and what the API says to staff, out of every cache."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control

PRIVATE = ("/accounts/", "/api/", "/login/")


def never_stored(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """A Django middleware: `no-store` on everything below PRIVATE."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if request.path.startswith(PRIVATE):
            patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware
