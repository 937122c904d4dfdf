"""Decides what a private edition holds: public articles, and what was mailed to its lists, newest first."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

STILL_NEW = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that may stand in a private feed.

    uid           its permanent id as hexadecimal digits: the order of articles of one moment
    is_public     whether everybody finds it now
    has_page      whether its address opens now; an unlisted one has a page without being public
    published_at  its date, or None
    is_taken_back whether it was taken off the web after readers had seen it
    seen          what its entry is made from, in words that change when the entry does
    """

    pk: int
    uid: str
    is_public: bool
    has_page: bool
    published_at: datetime | None
    is_taken_back: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """An article of an edition; `at` is the date of its entry."""

    candidate: Candidate
    at: datetime


def choose(candidates: Iterable[Candidate], mailed: Mapping[int, datetime], *, most: int, now: datetime) -> tuple[Chosen, ...]:
    """The newest `most` articles of an edition, newest first.

    mailed  when each article was first mailed to a list of the edition, by its pk
    The date of an entry does not move when the article is mailed after it was published, or published after it was mailed. One that
    is mailed long after (STILL_NEW) comes anew with the date of the mail: who reads by feed must not miss what others get by mail.
    """
    found = [Chosen(one, at) for one in candidates if (at := _moment(one, mailed.get(one.pk), now)) is not None]
    return tuple(sorted(found, key=lambda one: (-one.at.timestamp(), one.candidate.uid))[:most])


def fingerprint(chosen: Iterable[Chosen], *, around: str) -> str:
    """Changes when anything changes that the documents say; `around` stands for all that is not an article."""
    digest = hashlib.sha256(around.encode("utf-8", "surrogatepass"))
    for one in chosen:
        digest.update(
            f"\0{one.candidate.pk} {one.at.isoformat()} {one.candidate.has_page} {one.candidate.seen}".encode("utf-8", "surrogatepass")
        )
    return digest.hexdigest()


def _moment(one: Candidate, mailed_at: datetime | None, now: datetime) -> datetime | None:
    """The date of its entry, or None when it does not belong in."""
    if one.is_taken_back:
        return None
    public_at = one.published_at if one.is_public and one.published_at and one.published_at <= now else None
    if mailed_at is None or mailed_at > now:
        return public_at
    if one.published_at is None or one.published_at > mailed_at or mailed_at - one.published_at > STILL_NEW:
        return mailed_at
    return one.published_at
