"""Brings an article in."""

from django.http import HttpResponse

from syndication.web.studio.access import StaffRequest
from syndication.web.studio.screen import screen


def article_import(request: StaffRequest) -> HttpResponse:
    """How to bring one in."""
    return screen(request, "article_import.html")
