"""Keeps the documents that readers of the same lists share, and brings them up to date.

A look at a publication compares what each edition was made from with what is there now; only editions that differ are written. So a
lost bell costs one interval, and nobody who changes an article has to know of private feeds. Runs in a worker process.
"""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from syndication.feeds import files, store
from syndication.feeds.private.choosing import choose, fingerprint
from syndication.feeds.private.desk import Desk, Mailed, desk_of, written
from syndication.feeds.private.models import PrivateEdition, PrivateFeed

LOOK_AGAIN_AFTER = timedelta(seconds=30)
FORGOTTEN_AFTER = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a publication did: editions there are, and those with new bytes."""

    editions: int
    changed: int


def edition_of(publication_id: int, list_ids: tuple[int, ...], *, now: datetime) -> PrivateEdition:
    """The edition for these lists (sorted), which may still have to be made; that it was asked for is noted once a day."""
    digest = hashlib.sha256(",".join(map(str, list_ids)).encode()).hexdigest()
    made, _ = PrivateEdition.objects.get_or_create(
        publication_id=publication_id, digest_of_lists=digest, defaults={"lists": list(list_ids), "asked_on": now.date()}
    )
    if made.asked_on < now.date():
        PrivateEdition.objects.filter(pk=made.pk, asked_on__lt=now.date()).update(asked_on=now.date())
    return made


def claim_due(now: datetime) -> list[int]:
    """The ids of publications to be looked at, each told once: an edition was not made yet, or not looked at for LOOK_AGAIN_AFTER."""
    due = PrivateEdition.objects.filter(Q(looked_at=None) | Q(looked_at__lte=now - LOOK_AGAIN_AFTER))
    publication_ids = sorted(set(due.values_list("publication_id", flat=True)))
    # so that a busy queue gets no second bell; when this one is lost, the interval goes by once more
    PrivateEdition.objects.filter(publication_id__in=publication_ids).update(looked_at=now)
    return publication_ids


def look(publication_id: int, mailed: Mailed, *, now: datetime, anew: bool = False) -> Looked:
    """Bring all editions of a publication up to date; a second call changes nothing.

    anew  look at the bytes even when nothing seems to have changed
    """
    with files.alone(settings.PRIVATE_FEEDS, str(publication_id)):
        _drop_forgotten(publication_id, now)
        editions = list(PrivateEdition.objects.filter(publication_id=publication_id).order_by("pk"))
        if not editions:
            return Looked(0, 0)
        desk = desk_of(publication_id, sorted({one for edition in editions for one in edition.lists}), mailed, now)
        changed = [edition for edition in editions if _bring_up_to_date(edition, desk, anew=anew)]
        PrivateEdition.objects.filter(pk__in=[one.pk for one in editions]).update(looked_at=now)
    return Looked(len(editions), len(changed))


@dataclass(frozen=True, slots=True)
class Shared:
    """How a publication's private feeds are: readers with an address, editions they share, and what went wrong."""

    readers: int
    editions: int
    problems: tuple[str, ...]


def shared(publication_id: int) -> Shared:
    """For staff: who has an address is not told."""
    made = PrivateEdition.objects.filter(publication_id=publication_id)
    problems = sorted(set(made.exclude(problem="").values_list("problem", flat=True)))
    return Shared(PrivateFeed.objects.filter(publication_id=publication_id).count(), made.count(), tuple(problems))


def _drop_forgotten(publication_id: int, now: datetime) -> None:
    """Editions that nobody asks for any more; whoever does again gets one that is made anew."""
    for edition in PrivateEdition.objects.filter(publication_id=publication_id, asked_on__lt=(now - FORGOTTEN_AFTER).date()):
        edition.delete()
        shutil.rmtree(settings.PRIVATE_FEEDS / edition.folder, ignore_errors=True)


def _bring_up_to_date(edition: PrivateEdition, desk: Desk, *, anew: bool) -> bool:
    """Whether its bytes changed."""
    chosen = choose(desk.candidates, desk.first_mails(edition.lists), most=desk.publication.feed_entries, now=desk.now)
    seen = fingerprint(chosen, around=desk.around)
    is_settled = _is_there(edition) or bool(edition.problem)  # what was refused is tried again when something changes
    if seen == edition.fingerprint and is_settled and not anew:
        return False
    content, problem = written(desk, chosen)
    row = PrivateEdition.objects.filter(pk=edition.pk)
    if content is None:
        row.update(fingerprint=seen, problem=problem)
        return False
    at = _time_of(edition, content, desk.now)
    changed = store.write(settings.PRIVATE_FEEDS, edition.folder, content, modified_at=at)
    row.update(fingerprint=seen, problem=problem, digest=content.digest, changed_at=at, entry_count=len(content.entries))
    return changed


def _is_there(edition: PrivateEdition) -> bool:
    name = store.version_name(edition.digest, edition.changed_at) if edition.changed_at else ""
    return bool(name) and store.is_current(settings.PRIVATE_FEEDS, edition.folder, name)


def _time_of(edition: PrivateEdition, content: store.Content, now: datetime) -> datetime:
    """Last-Modified: that of before for the same bytes, else at least a second later, whatever the clock says."""
    if edition.changed_at is None:
        return now
    if edition.digest == content.digest:
        return edition.changed_at
    return max(now, edition.changed_at + timedelta(seconds=1))
