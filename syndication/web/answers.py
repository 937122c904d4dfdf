"""The pages behind the links in a mail: leave, come back, subscribe, confirm. No cookie, no login, and a GET changes nothing.

They are exempt from CSRF checks: the token in the address is the only right they need, a session gives none, and
RFC 8058 3.2 demands that a mail program can POST without any cookie.
"""

from collections.abc import Callable
from functools import partial, wraps

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from syndication import queue
from syndication.articles.models import Publication
from syndication.audience import leave, subscribe
from syndication.audience.leave import Leaving
from syndication.audience.models import SubscriberList, Subscription
from syndication.errors import BadInput
from syndication.rendering.adapt import home_url
from syndication.web.public import surroundings

UNSEEN = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058 3.2

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


@answer_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A button that leaves the list; the same address takes a mail program's one-click POST and answers it without a redirect."""
    if request.method != "POST":
        return _about(request, "public/leave.html", leave.subscription_of(token), token)
    how = "one-click" if _is_one_click(request) else "link"
    return _about(request, "public/left.html", leave.unsubscribe(token, how=how, now=timezone.now()), token)


@answer_page
def undo(request: HttpRequest, token: str) -> HttpResponse:
    """The way back, for a click by mistake."""
    if request.method != "POST":
        return redirect("unsubscribe", token=token)
    return _about(request, "public/back_again.html", leave.undo(token, now=timezone.now()), token)


@answer_page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button that confirms; mail scanners open links, and opening must not subscribe anybody."""
    now = timezone.now()
    if request.method != "POST":
        return _about(request, "public/confirm.html", subscribe.pending(token, now=now), token)
    return _about(request, "public/confirmed.html", subscribe.confirm(token, how="link", now=now), token)


@answer_page
def damaged(request: HttpRequest) -> HttpResponse:
    """A link that lost its token, or got something behind it."""
    return _unknown(request)


@answer_page
def ask_to_subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    """A form for an address and a choice of lists; the answer is the same whether the address is known or not."""
    publication = get_object_or_404(Publication, slug=slug)
    lists = list(publication.lists.filter(is_public=True).order_by("pk"))
    show = partial(_subscribe_form, request, publication, lists)
    if request.method != "POST":
        return show(chosen=lists)
    address = request.POST.get("address", "")
    chosen = lists if len(lists) == 1 else [one for one in lists if one.slug in request.POST.getlist("list")]
    if not chosen:
        return show(chosen=chosen, address=address, trouble="Choose at least one list." if lists else "")
    try:
        _ask(address, chosen)
    except BadInput:
        return show(chosen=chosen, address=address, trouble="This does not look like an email address. Please check it.")
    return render(request, "public/asked.html", surroundings(publication))


def _ask(address: str, chosen: list[SubscriberList]) -> None:
    with transaction.atomic():
        for subscription_id in subscribe.ask(address, list_ids=[one.pk for one in chosen], how="form", now=timezone.now()):
            ring = partial(queue.ring, "syndication.tasks.confirm_subscription", subscription_id, queue=queue.MAIL)
            transaction.on_commit(ring)


def _subscribe_form(  # noqa: PLR0913  # a form has a request, a subject, choices, and what was typed
    request: HttpRequest,
    publication: Publication,
    lists: list[SubscriberList],
    *,
    chosen: list[SubscriberList],
    address: str = "",
    trouble: str = "",
) -> HttpResponse:
    context = surroundings(publication) | {"lists": lists, "chosen": chosen, "address": address, "trouble": trouble}
    return render(request, "public/subscribe.html", context, status=400 if trouble else 200)


def _about(request: HttpRequest, template: str, leaving: Leaving | None, token: str) -> HttpResponse:
    """The page about one subscription, or the one neutral page for every link that does not work."""
    if leaving is None:
        return _unknown(request)
    context = {
        "leaving": leaving,
        "publication": leaving.publication,
        "home": home_url(leaving.publication, settings.BASE_URL),
        "token": token,
        "is_confirmed": leaving.state == Subscription.State.CONFIRMED,
        "has_left": leaving.state == Subscription.State.UNSUBSCRIBED,
    }
    return render(request, template, context)


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "public/unknown_link.html", {}, status=404)


def _is_one_click(request: HttpRequest) -> bool:
    """Whether a mail program did it (urlencoded or multipart). An unreadable body is still a wish to leave."""
    try:
        return request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]
    except MultiPartParserError:
        return False
