"""The pages behind the links in a mail: leave and come back. No cookie, no login, and a GET changes nothing.

They are exempt from CSRF checks: the token in the address is the only right they need, a session gives none, and
RFC 8058 3.2 demands that a mail program can POST without any cookie.
"""

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import redirect
from django.utils import timezone

from syndication.audience.self_service import leave
from syndication.web.link_pages import about, answer_page, unknown

ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058 3.2
UNREADABLE = (MultiPartParserError, BadRequest, SuspiciousOperation, UnreadablePostError)
"""Broken parts, another charset than UTF-8, too large, too many fields, cut off: what reading a form may end with."""


@answer_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A button that leaves the list; the same address takes a mail program's one-click POST and answers it without a redirect."""
    if request.method != "POST":
        return about(request, "public/leave.html", leave.page_of(token, now=timezone.now()), token)
    how = "one-click" if _is_one_click(request) else "link"
    return about(request, "public/left.html", leave.unsubscribe(token, how=how, now=timezone.now()), token)


@answer_page
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """The way back, for a click by mistake."""
    if request.method != "POST":
        return redirect("unsubscribe", token=token)
    return about(request, "public/back_again.html", leave.undo(token, now=timezone.now()), token)


@answer_page
def damaged(request: HttpRequest) -> HttpResponse:
    """A link that lost its token, or got something behind it."""
    return unknown(request)


def _is_one_click(request: HttpRequest) -> bool:
    """Whether a mail program did it (urlencoded or multipart). An unreadable body is still a wish to leave."""
    try:
        return request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]
    except UNREADABLE:
        return False
