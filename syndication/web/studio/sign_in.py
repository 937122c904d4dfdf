"""The one-time sign-in link: a page with one button, so that a scanner that opens links does not use it up."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from syndication.web import accounts

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_once(request: HttpRequest, key: str) -> HttpResponse:
    """GET shows whom the link signs in; POST signs in and uses the link up; a dead link says how to get another (410)."""
    person = accounts.owner_of(key)
    if person and request.method == "POST" and accounts.use_up(person, timezone.now()):
        login(request, person, backend=BACKEND)
        return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)
    if person is None or request.method == "POST":
        minutes = settings.PASSWORD_RESET_TIMEOUT // 60
        return render(request, "studio/sign_in_expired.html", {"minutes": minutes}, status=410, using="jinja2")
    return render(request, "studio/sign_in.html", {"person": person}, using="jinja2")
