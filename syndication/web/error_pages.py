"""Says in our own words that something went wrong, without a trace of how the program works."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader

_WORDS = {
    400: ("This request could not be read", "The address or the form was damaged on its way. Go back, and try it once more."),
    403: (
        "This is not open to you",
        "The page may have been open for too long, or your browser keeps no cookies. Go back, reload it and try again.",
    ),
    404: ("There is nothing at this address", "The page may have moved, or it was never here. The front page knows what is."),
    500: ("Something went wrong on our side", "It was noted, and nothing of yours was lost. Please try again in a few minutes."),
}


def _page(status: int) -> HttpResponse:
    """Made without the request: no session and no database are asked on the way to an error page."""
    title, sentence = _WORDS[status]
    body = loader.render_to_string("public/error.html", {"title": title, "sentence": sentence, "status": status})
    return HttpResponse(body, status=status, headers={"Cache-Control": "no-store"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """400."""
    return _page(400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """403."""
    return _page(403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404."""
    return _page(404)


def failed(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """500."""
    return _page(500)


def csrf_failed(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:  # noqa: ARG001
    """403 for a form that was open too long (settings.CSRF_FAILURE_VIEW)."""
    return _page(403)
