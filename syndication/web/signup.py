"""Lets a reader subscribe: the form, and the page behind the link of the confirmation mail. No cookie, no login; a GET changes nothing."""

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from syndication import queue
from syndication.articles.models import Publication
from syndication.audience import subscribe
from syndication.audience.models import SubscriberList
from syndication.errors import BadInput
from syndication.web.link_pages import about, answer_page
from syndication.web.public import surroundings


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


@answer_page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button that confirms; mail scanners open links, and opening must not subscribe anybody."""
    now = timezone.now()
    if request.method != "POST":
        return about(request, "public/confirm.html", subscribe.pending(token, now=now), token)
    return about(request, "public/confirmed.html", subscribe.confirm(token, how="link", now=now), token)
