"""Lets a reader subscribe: the form, and the page behind the link of the confirmation mail. No cookie, no login; a GET changes nothing.

The answer to a wish looks at nothing that is known of the address: it keeps the wish in one row, and the `mail` queue asks the rest.
So neither its words nor its size nor its time tell who reads what (docs/decisions/0009).
"""

from dataclasses import dataclass, replace
from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from syndication import queue
from syndication.articles.models import Publication
from syndication.audience import addresses, subscribe
from syndication.audience.models import ConsentWording, SubscriberList
from syndication.audience.signup import gate, network
from syndication.audience.signup.limits import Answer
from syndication.audience.signup.proof_of_work import BITS
from syndication.audience.signup.stamp import LEAST_SECONDS, Step, Trouble
from syndication.errors import NotFound
from syndication.feeds.private.address import token_of
from syndication.feeds.private.by_feed import read_by_feed
from syndication.web import private_feeds
from syndication.web.archive.surroundings import surroundings
from syndication.web.link_pages import about, answer_page, unknown

TRAP = "reason"  # a field that no person sees; a program that fills it is thanked, and nothing happens
NO_LIST = "Choose at least one list."
AGAIN = {
    Trouble.MISSING: "One more click, and we write to you.",
    Trouble.TOO_QUICK: "That was quicker than people usually are. Please press the button once more.",
    Trouble.TOO_OLD: "The page was open for more than a day. Please press the button once more.",
}
REWORDED = "What stands here has changed since. Please read it and press the button once more."
LIMITED = {
    "address": "This address was entered several times. Look into its inbox and spam folder, or try again later.",
    "": "Many people are subscribing right now. Please try again later.",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A posted form, and what the page offers."""

    offer: gate.Offer
    chosen: tuple[SubscriberList, ...]
    address: str = ""
    trouble: str = ""
    """What must be mended first."""


@answer_page
def ask_to_subscribe(request: HttpRequest, slug: str) -> HttpResponse:
    """A form for an address and a choice of lists; the answer is the same whether the address is known or not."""
    offer = offer_or_404(slug)
    if request.method != "POST" or not offer.lists:
        return _form(request, Typed(offer, ()))  # no list is ticked beforehand: a tick that nobody made is no consent
    typed = _typed(request, offer)
    if typed.trouble:
        return _form(request, typed, status=400)
    if request.POST.get(TRAP):
        return _asked(request, offer.publication)
    return _wished(request, typed)


def _wished(request: HttpRequest, typed: Typed) -> HttpResponse:
    """A form without mistakes: its stamp and words are looked at, then the limits are asked, then the wish is kept."""
    publication = typed.offer.publication
    posted = gate.read_stamp(request.POST.get("stamp", ""))
    proof = _proof(request, publication)
    trouble = gate.stamp_trouble(posted, publication, typed.address, is_proved=bool(proof))
    if posted is None or trouble:
        return _form(request, typed, step=Step.AGAIN, notice=AGAIN[trouble or Trouble.MISSING])
    wording = gate.wording_of_stamp(posted, typed.offer)
    if wording is None:
        return _form(request, typed, step=Step.AGAIN, notice=REWORDED)
    wish = gate.Wish(publication, typed.address, typed.chosen, "form", client_of(request))
    is_slow = posted.step is Step.WAIT and not proof  # a page that was left open for a minute proves something too
    answer = gate.let_in(wish, proof=request.POST["stamp"] if is_slow else proof, is_slow=is_slow)
    if not answer.is_welcome:
        return _not_now(request, typed, answer)
    keep_and_ring(wish, wording)
    return _asked(request, publication)


def keep_and_ring(wish: gate.Wish, wording: ConsentWording | None) -> None:
    """Keep a wish and ring for it; where the bell is not heard, the next tick finds the row."""
    with transaction.atomic():
        gate.keep(wish, wording, now=timezone.now())
        transaction.on_commit(partial(queue.ring_once, "sign-ups", "syndication.tasks.take_sign_ups", queue=queue.MAIL))


def client_of(request: HttpRequest) -> network.Address | None:
    """Who asks, as far as it can be known."""
    return gate.client_of(request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""))


@answer_page
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    """A form to copy into another site: plain HTML, without a script, posted to the page above."""
    offer = offer_or_404(slug)
    publication, base = offer.publication, settings.BASE_URL
    context = surroundings(publication) | {
        "lists": offer.lists,
        "trap": TRAP,
        "form_url": base + reverse("subscribe", args=[publication.slug]),
        "api_url": f"{base}/api/publications/{publication.slug}/sign-ups",
    }
    return render(request, "public/embed.html", context)


@answer_page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """A button that confirms; mail scanners open links, and opening must not subscribe anybody."""
    now = timezone.now()
    if request.method != "POST":
        return about(request, "public/confirm.html", subscribe.pending(token, now=now), token)
    family = network.family_of(client_of(request)) if settings.KEEP_CONSENT_NETWORK else ""
    return about(request, "public/confirmed.html", subscribe.confirm(token, how="link", now=now, network=family), token)


@answer_page
def by_feed(request: HttpRequest, token: str) -> HttpResponse:
    """POST, beside the welcome: the lists just confirmed come by feed, without mails; on to the page with the private address."""
    found = subscribe.asked_by(token, now=timezone.now())
    if not found:
        return unknown(request)
    try:
        feed = read_by_feed(found, now=timezone.now()) if request.method == "POST" else None
    except NotFound:  # left or erased since we looked
        feed = None
    if feed is None:
        return redirect("confirm", token=token)
    private_feeds.prepare(feed.subscriber, feed.publication)
    return redirect("private_feed_page", token=token_of(feed))


def offer_or_404(slug: str) -> gate.Offer:
    """What a publication's form offers. Raises Http404."""
    offer = gate.offer_of(slug)
    if offer is None:
        raise Http404(f"There is no publication {slug!r}.")
    return offer


def _typed(request: HttpRequest, offer: gate.Offer) -> Typed:
    """The form as posted, its address normalised, with what is wrong. Syntax may be told: it says nothing of who reads what."""
    slugs = request.POST.getlist("list")
    chosen = offer.lists if len(offer.lists) == 1 else tuple(one for one in offer.lists if one.slug in slugs)
    typed = Typed(offer, chosen, request.POST.get("address", ""))
    try:
        typed = replace(typed, address=addresses.normalise(typed.address))
    except addresses.NotAnAddress as error:
        return replace(typed, trouble=f"This does not look like an email address. {error.why}")
    return typed if chosen else replace(typed, trouble=NO_LIST)


def _proof(request: HttpRequest, publication: Publication) -> str:
    """The challenge of a form whose sum was done, else empty."""
    challenge, answer = request.POST.get("challenge", ""), request.POST.get("answer", "")
    return gate.proof_of(challenge, answer, publication) if challenge and answer else ""


def _not_now(request: HttpRequest, typed: Typed, answer: Answer) -> HttpResponse:
    """The page for too many: work or a wait where that helps (428), else a friendly "later" (429)."""
    if answer.needs_proof:
        return _form(request, typed, step=Step.WAIT, template="public/work.html", status=428)  # RFC 6585 3
    context = surroundings(typed.offer.publication) | {"said": LIMITED.get(answer.limited_by, LIMITED[""])}
    response = render(request, "public/later.html", context, status=429)  # RFC 6585 4
    response["Retry-After"] = str(answer.wait_seconds)
    return response


def _asked(request: HttpRequest, publication: Publication) -> HttpResponse:
    return render(request, "public/asked.html", surroundings(publication))


def _form(  # noqa: PLR0913  # a form has what was typed, a step, a word to the person, a look and a status
    request: HttpRequest,
    typed: Typed,
    *,
    step: Step = Step.FORM,
    notice: str = "",
    template: str = "public/subscribe.html",
    status: int = 200,
) -> HttpResponse:
    offer = typed.offer
    address = "" if typed.trouble else typed.address
    context = surroundings(offer.publication) | {
        "typed": typed,
        "lists": offer.lists,
        "words": offer.words,
        "notice": notice,
        "stamp": gate.new_stamp(offer.publication, offer.words, step, address),
        "trap": TRAP,
        "challenge": gate.new_challenge(offer.publication) if step is Step.WAIT else "",
        "zero_bits": BITS,
        "wait_seconds": LEAST_SECONDS[step],
    }
    return render(request, template, context, status=status)
