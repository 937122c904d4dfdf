"""Lets programs ask for a reader's subscription: public, with the same limits and the same neutral answer as the form."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field

from syndication.articles.models import Publication
from syndication.audience import addresses
from syndication.audience.models import SubscriberList
from syndication.audience.signup import gate, proof_of_work
from syndication.audience.signup.limits import Answer
from syndication.web.signup import LIMITED, client_of, keep_and_ring, offer_or_404

KEPT = "If this address can be subscribed, a mail with a link is on its way. Nothing else comes before the link is followed."
WORK = "Many sign-ups come right now. Solve the challenge and send the same again with its answer in `proof`."
MOST_LISTS = 50

router = Router(auth=None, tags=["Subscribing"])
Slug = Annotated[str, Field(max_length=80)]


class ListOut(Schema):
    """A list that anybody may choose."""

    slug: str
    name: str
    description: str


class SignUpForm(Schema):
    """What a form of one's own must show: the lists, and the words that a reader agrees to, with their version."""

    lists: list[ListOut]
    words: str
    wording: str


class Proof(Schema):
    """A solved challenge."""

    challenge: str = Field(max_length=200)
    answer: str = Field(max_length=20)


class SignUpIn(Schema):
    """A wish to subscribe. `lists` may be left out where there is only one; `wording` is the version of the words that were shown."""

    address: str = Field(max_length=2_000)
    lists: list[Slug] = Field(default=[], max_length=MOST_LISTS)
    wording: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    proof: Proof | None = None


class Said(Schema):
    """What happens now, or why nothing does."""

    detail: str


class Challenge(Schema):
    """Find decimal digits `answer` such that SHA-256("<challenge>.<answer>") begins with so many zero bits, within `valid_seconds`."""

    challenge: str
    algorithm: str
    zero_bits: int
    valid_seconds: int


class Work(Said):
    """A challenge to solve first; asked for only while too many come."""

    challenge: Challenge


ANSWERS: Any = {202: Said, 404: Said, 422: Said, 428: Work, 429: Said}


@router.get("/publications/{slug}/sign-ups", response={200: SignUpForm, 404: Said}, summary="What a sign-up form shows")
def form(request: HttpRequest, slug: str) -> SignUpForm:  # noqa: ARG001
    """The open lists of a publication and the words beside its form."""
    offer = offer_or_404(slug)
    return SignUpForm(lists=[ListOut.from_orm(one) for one in offer.lists], words=offer.words.text, wording=offer.words.digest)


@router.post("/publications/{slug}/sign-ups", response=ANSWERS, summary="Ask to subscribe")
def ask(request: HttpRequest, slug: str, sign_up: SignUpIn, response: HttpResponse) -> Status[Any]:
    """Ask to subscribe an address; its reader gets one mail with a link to confirm.

    The answer is the same whether the address is new, subscribed, or may not be mailed.
    """
    offer = offer_or_404(slug)
    publication = offer.publication
    try:
        address = addresses.normalise(sign_up.address)
    except addresses.NotAnAddress as error:
        return Status(422, Said(detail=f"address: {error.why}"))
    chosen, trouble = _chosen(offer.lists, sign_up.lists)
    wording = gate.wording_shown(offer, sign_up.wording) if sign_up.wording else None
    if sign_up.wording and wording is None:
        trouble = "wording: this version is unknown; GET the same address for the words of now, and show them."
    if trouble:
        return Status(422, Said(detail=trouble))
    wish = gate.Wish(publication, address, chosen, "api", client_of(request))
    answer = gate.let_in(wish, proof=_proof(sign_up.proof, publication))
    if not answer.is_welcome:
        return _not_now(publication, answer, response)
    keep_and_ring(wish, wording)
    return Status(202, Said(detail=KEPT))


def _chosen(lists: tuple[SubscriberList, ...], slugs: list[str]) -> tuple[tuple[SubscriberList, ...], str]:
    """The lists that were named, and what is wrong. A private list is as unknown as one that never was."""
    if not slugs and len(lists) == 1:
        return lists, ""
    unknown = sorted(set(slugs) - {one.slug for one in lists})
    if unknown or not slugs:
        known = ", ".join(one.slug for one in lists) or "none"
        return (), f"lists: {f'there is no open list {unknown[0]!r}' if unknown else 'name at least one'}; the open lists are: {known}."
    return tuple(one for one in lists if one.slug in slugs), ""


def _proof(proof: Proof | None, publication: Publication) -> str:
    return gate.proof_of(proof.challenge, proof.answer, publication) if proof else ""


def _not_now(publication: Publication, answer: Answer, response: HttpResponse) -> Status[Any]:
    if answer.needs_proof:
        challenge = Challenge(
            challenge=gate.new_challenge(publication),
            algorithm="SHA-256",
            zero_bits=proof_of_work.BITS,
            valid_seconds=proof_of_work.VALID_SECONDS,
        )
        return Status(428, Work(detail=WORK, challenge=challenge))
    response["Retry-After"] = str(answer.wait_seconds)
    return Status(429, Said(detail=LIMITED.get(answer.limited_by, LIMITED[""])))
