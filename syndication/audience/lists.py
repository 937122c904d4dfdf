"""Makes lists and finds them."""

import difflib
import re
from datetime import datetime
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from syndication.articles.models import Publication
from syndication.audience.models import ConsentRecord, ReaderEvent, SubscriberList, Subscription
from syndication.errors import BadInput, NotFound, Refused

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch
LONGEST_SLUG = 80  # characters
GROUP = 1000  # rows written at once


def create_list(slug: str, *, publication: Publication, name: str = "", description: str = "", is_public: bool = True) -> SubscriberList:
    """A new list; who has left all lists of the publication has left this one too.

    Raises BadInput for a slug that cannot stand in a URL and Refused when the publication has it already.
    """
    if not _SLUG(slug) or len(slug) > LONGEST_SLUG:
        raise BadInput(f"{slug[:LONGEST_SLUG]!r} cannot name a list: use small letters, digits and single hyphens, at most {LONGEST_SLUG}.")
    try:
        with transaction.atomic():
            made = SubscriberList.objects.create(
                slug=slug,
                publication=publication,
                name=name or slug.replace("-", " ").capitalize(),
                description=description,
                is_public=is_public,
            )
            _keep_away(made, timezone.now())
            return made
    except IntegrityError as error:
        raise Refused(f"The list {slug!r} exists already in {publication.slug!r}; nothing was changed.") from error


def _keep_away(made: SubscriberList, now: datetime) -> None:
    """Note the no of those who left all lists of the publication, and are on none of them again."""
    on_some = Subscription.objects.filter(subscriber=OuterRef("subscriber"), list__publication=made.publication_id).exclude(
        state=Subscription.State.UNSUBSCRIBED
    )
    left = ReaderEvent.objects.filter(kind=ReaderEvent.Kind.LEFT_ALL, publication=made.publication_id).filter(~Exists(on_some))
    readers = left.order_by("subscriber").values_list("subscriber", flat=True).distinct()
    waiting = readers.iterator()
    while group := list(islice(waiting, GROUP)):
        rows = [Subscription(subscriber_id=one, list=made, state=Subscription.State.UNSUBSCRIBED, changed_at=now) for one in group]
        noted = {
            "state": Subscription.State.UNSUBSCRIBED,
            "how": "preferences",
            "detail": "left all lists before this one was made",
            "at": now,
        }
        ConsentRecord.objects.bulk_create([ConsentRecord(subscription=row, **noted) for row in Subscription.objects.bulk_create(rows)])


def list_named(slug: str, publication: Publication | None = None) -> SubscriberList:
    """The list of that slug, in a publication or in the only one that has it. Raises NotFound with near names, Refused when several have it."""
    lists = SubscriberList.objects.select_related("publication").order_by("pk")
    if publication is not None:
        lists = lists.filter(publication=publication)
    found = list(lists.filter(slug=slug)[:3])
    if not found:
        near = difflib.get_close_matches(slug, lists.values_list("slug", flat=True)[:1000])
        advice = f"Did you mean {', '.join(near)}?" if near else f"`syndication list create {slug}` makes it."
        raise NotFound(f"There is no list {slug!r}. {advice}")
    if len(found) > 1:
        raise Refused(
            f"Several publications have a list {slug!r}: {', '.join(one.publication.slug for one in found)}. Say which: --publication."
        )
    return found[0]
