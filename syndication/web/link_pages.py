"""What every page behind a secret link shares: its guard, its surroundings, and the one neutral answer to a link that does not work."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from syndication.audience.models import Subscription
from syndication.audience.self_service.leave import Leaving
from syndication.rendering.adapt import home_url

UNSEEN = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

View = Callable[..., HttpResponse]


def answer_page(view: View) -> View:
    """A page whose address is a secret: not cached, not indexed, not passed on; read by GET and HEAD, acted on by POST."""

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        response = view(request, *args, **kwargs)
        for name, value in UNSEEN.items():
            response[name] = value
        return response

    return guarded


def about(request: HttpRequest, template: str, leaving: Leaving | None, token: str) -> HttpResponse:
    """The page about one subscription, or the one neutral page for every link that does not work."""
    if leaving is None:
        return unknown(request)
    context = {
        "leaving": leaving,
        "publication": leaving.publication,
        "home": home_url(leaving.publication, settings.BASE_URL),
        "token": token,
        "is_confirmed": leaving.state == Subscription.State.CONFIRMED,
        "has_left": leaving.state == Subscription.State.UNSUBSCRIBED,
    }
    return render(request, template, context)


def unknown(request: HttpRequest, *, status: int = 404) -> HttpResponse:
    """The answer to every link that is wrong, cut, too old, or of somebody who is gone; the same words whatever the status."""
    return render(request, "public/unknown_link.html", {}, status=status)
