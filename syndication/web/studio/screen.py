"""Renders a studio page with the frame that every studio page shares."""

from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from syndication.articles.models import Publication


def screen(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """The page of `templates/studio/<template>`, with what its frame shows: messages, the sample strip, the caught mail.

    context  what the page itself shows; `now` (aware UTC) is there for times told as "5 min ago"
    """
    frame = {
        "now": timezone.now(),
        "messages": get_messages(request),
        "sample": Publication.objects.filter(is_sample=True).exists(),
        "catcher_on": settings.MAIL_CATCHER_ON,
        "here": request.path,
    }
    return render(request, f"studio/{template}", {**frame, **context}, status=status, using="jinja2")


def fragment(request: HttpRequest, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """A piece of a page for htmx, without the frame."""
    return render(request, f"studio/{template}", {"now": timezone.now(), **context}, status=status, using="jinja2")
