"""Decides who may open a studio page: staff look, editors change; every studio route is made here, so nothing is open by mistake."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url
from django.urls import URLPattern, path
from django.utils.cache import patch_cache_control
from django_htmx.http import HttpResponseClientRedirect

from syndication.campaigns.models import User
from syndication.errors import BadInput, NotFound, Refused, SyndicationError, Unreachable
from syndication.web.studio.plain_words import plain_words
from syndication.web.studio.screen import screen

READING = frozenset({"GET", "HEAD"})
ALLOWED = READING | {"POST"}
STATUS_OF_ERROR: dict[type[SyndicationError], int] = {NotFound: 404, Refused: 409, BadInput: 422, Unreachable: 503}

View = Callable[..., HttpResponseBase]


class Need(StrEnum):
    """What a page asks of its visitor, beyond being signed in."""

    LOOK = "look"
    EDIT = "edit"
    OWN = "own"


class StaffRequest(HttpRequest):
    """A request that has passed the door: its user is signed in."""

    user: User


def staff_route(route: str, view: View, *, name: str, need: Need = Need.LOOK) -> URLPattern:
    """A path whose view is reached by signed-in staff only, by POST only by those who may edit, and else as it needs."""
    return path(route, guarded(view, need), name=name)


def guarded(view: View, need: Need = Need.LOOK) -> View:
    """`view` behind the door; its errors for people become pages: 403, 404, 409, 422 or 503."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = _refusal(request, need) or _answer(view, request, *args, **kwargs)
        # readers' addresses stand on these pages: no copy may stay in a shared cache
        patch_cache_control(response, private=True, no_store=True)
        return response

    door.is_guarded, door.need = True, need  # type: ignore[attr-defined]  # a test walks the routes and asks for them
    return door


def _refusal(request: HttpRequest, need: Need) -> HttpResponseBase | None:
    if not request.user.is_authenticated:
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect(resolve_url("account_login"))
        return redirect_to_login(request.get_full_path())
    if request.method not in ALLOWED:
        return problem(request, 405, "This page cannot be used that way", f"It answers GET and POST, not {request.method}.")
    if need is Need.OWN and not request.user.is_owner:
        return problem(request, 403, "This page is for owners", f"Your role is {request.user.role}. An owner can make you one.")
    if (need is Need.EDIT or request.method not in READING) and not request.user.may_edit:
        return problem(request, 403, "You may look, not change", "Your role is viewer. An owner can make you an editor.")
    return None


def _answer(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)
    except Http404:
        return problem(request, 404, "Nothing is here", "It may have been removed, or the address is incomplete.")
    except SyndicationError as error:
        return problem(request, status_of(error), "That did not work", plain_words(error))
    except OperationalError as error:
        return problem(request, 503, "The database does not answer", f"Nothing was changed. Try again in a moment. It said: {error}")


def status_of(error: SyndicationError) -> int:
    """The HTTP status of an error for people: that of the nearest class in STATUS_OF_ERROR, else 500."""
    return next((STATUS_OF_ERROR[kind] for kind in type(error).__mro__ if kind in STATUS_OF_ERROR), 500)


def problem(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponseBase:
    """A page that says what is wrong and what to do."""
    return screen(request, "problem.html", status=status, title=title, sentence=sentence)
