"""Decides whether one wish to subscribe is let in, and keeps it. Asks nothing about the address: that comes later, in the `mail` queue."""

import secrets
import time
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from syndication.articles.models import Publication
from syndication.audience.keys import token_key
from syndication.audience.models import ConsentWording, SignUp, SubscriberList
from syndication.audience.signup import network, proof_of_work, stamp
from syndication.audience.signup.counters import counters, hashed
from syndication.audience.signup.limits import Answer, Attempt, Limits, question
from syndication.audience.signup.wording import Words, digest_start, words


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish to subscribe as it came in.

    address  normalised
    how      "form" or "api"
    client   where it comes from; None when that cannot be known
    """

    publication: Publication
    address: str
    lists: tuple[SubscriberList, ...]
    how: str
    client: network.Address | None = None


@dataclass(slots=True)
class Offer:
    """What one publication's form offers, as it was read a moment ago; `wording` is the row of its words, once there is one."""

    publication: Publication
    lists: tuple[SubscriberList, ...]
    words: Words
    wording: ConsentWording | None = None


_offers: dict[str, tuple[float, Offer]] = {}


def offer_of(slug: str) -> Offer | None:
    """The offer of a publication, at most settings.SIGNUP_FRESH_SECONDS old: at three hundred sign-ups a second most need not be asked.

    None when there is no such publication. A list that became private meanwhile is left out when the wish is taken (asking.py).
    """
    kept_at, kept = _offers.get(slug, (0.0, None))
    if kept and time.monotonic() - kept_at < settings.SIGNUP_FRESH_SECONDS:
        return kept
    publication = Publication.objects.filter(slug=slug).first()
    if publication is None:
        _offers.pop(slug, None)
        return None
    lists = open_lists(publication)
    made = Offer(publication, lists, words_of(publication, lists))
    _offers[slug] = (time.monotonic(), made)
    return made


def open_lists(publication: Publication) -> tuple[SubscriberList, ...]:
    """The lists that anybody may choose, the oldest first. Private ones are not among them, so no id or slug leads to them."""
    return tuple(publication.lists.filter(is_public=True).order_by("pk"))


def words_of(publication: Publication, offered: tuple[SubscriberList, ...]) -> Words:
    """What stands beside the publication's form now."""
    return words(publication.name, publication.postal_address, [(one.name, one.description) for one in offered])


def client_of(remote: str, forwarded_for: str) -> network.Address | None:
    """Who asks, by the settings' trusted proxies."""
    return network.client_address(remote, forwarded_for, settings.TRUSTED_PROXIES)


# ---------------------------------------------------------------- stamps


def new_stamp(publication: Publication, shown: Words, step: stamp.Step = stamp.Step.FORM, address: str = "") -> str:
    """The stamp of a form that is shown now; `address`, normalised, for the later steps."""
    mark = stamp.address_mark(address) if step is not stamp.Step.FORM else 0
    return stamp.make(stamp.Stamp(publication.pk, _milliseconds(), shown.mark, step, mark), token_key(stamp.PURPOSE))


def read_stamp(text: str) -> stamp.Stamp | None:
    """The stamp of a posted form, or None when it is not one of ours."""
    return stamp.read(text, token_key(stamp.PURPOSE))


def stamp_trouble(posted: stamp.Stamp | None, publication: Publication, address: str, *, is_proved: bool) -> stamp.Trouble | None:
    """What is wrong with it now, or None; `is_proved`: the form's sum was done."""
    return stamp.trouble(posted, publication_id=publication.pk, address=address, now=_milliseconds(), is_proved=is_proved)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000


# ---------------------------------------------------------------- limits and work


def let_in(wish: Wish, *, proof: str = "", is_slow: bool = False) -> Answer:
    """Count the wish, unless it is refused. The answer depends on how many came, never on who reads what.

    proof  what proves work or a wait, once; empty: nothing does
    """
    attempt = Attempt(
        form=wish.publication.pk,
        address=wish.address,
        domain=wish.address.rpartition("@")[2],
        network=network.network_of(wish.client),
    )
    return counters().ask(question(Limits(**settings.SIGNUP_LIMITS), hashed(attempt), proof=proof, is_slow=is_slow))


def new_challenge(publication: Publication) -> str:
    """A sum for a browser or program, valid for some minutes."""
    salt = secrets.randbits(proof_of_work.SALT_BITS)
    return proof_of_work.challenge(publication.pk, now=int(time.time()), salt=salt, key=token_key(proof_of_work.PURPOSE))


def proof_of(challenge: str, answer: str, publication: Publication) -> str:
    """The challenge, as the proof that its sum was done; empty when it was not."""
    key = token_key(proof_of_work.PURPOSE)
    is_done = proof_of_work.is_solved(challenge, answer, publication_id=publication.pk, now=int(time.time()), key=key)
    return challenge if is_done else ""


# ---------------------------------------------------------------- keeping


def wording_shown(offer: Offer, digest: str) -> ConsentWording | None:
    """The row of the words whose digest begins so: those of now, or older ones that somebody has agreed to before; else None."""
    publication, shown = offer.publication, offer.words
    if not shown.digest.startswith(digest):
        return ConsentWording.objects.filter(publication=publication, digest__startswith=digest).first()
    if offer.wording is None:
        offer.wording, _ = ConsentWording.objects.get_or_create(publication=publication, digest=shown.digest, defaults={"text": shown.text})
    return offer.wording


def wording_of_stamp(posted: stamp.Stamp, offer: Offer) -> ConsentWording | None:
    """The row of the words that a stamped form showed; None when nobody knows them any more."""
    return wording_shown(offer, digest_start(posted.wording))


def keep(wish: Wish, wording: ConsentWording | None, *, now: datetime) -> SignUp:
    """Keep a wish for the `mail` queue: one row, the same for every address. It must be committed before anybody is told."""
    return SignUp.objects.create(
        publication=wish.publication,
        address=wish.address,
        lists=[one.pk for one in wish.lists],
        how=wish.how,
        wording=wording,
        network=network.family_of(wish.client) if settings.KEEP_CONSENT_NETWORK else "",
        asked_at=now,
    )
