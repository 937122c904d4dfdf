"""Makes lists and finds them."""

import difflib
import re

from django.db import IntegrityError, transaction

from syndication.articles.models import Publication
from syndication.audience.models import SubscriberList
from syndication.errors import BadInput, NotFound, Refused

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch
LONGEST_SLUG = 80  # characters


def create_list(slug: str, *, publication: Publication, name: str = "", description: str = "", is_public: bool = True) -> SubscriberList:
    """A new list. Raises BadInput for a slug that cannot stand in a URL and Refused when the publication has it already."""
    if not _SLUG(slug) or len(slug) > LONGEST_SLUG:
        raise BadInput(f"{slug[:LONGEST_SLUG]!r} cannot name a list: use small letters, digits and single hyphens, at most {LONGEST_SLUG}.")
    try:
        with transaction.atomic():
            return SubscriberList.objects.create(
                slug=slug,
                publication=publication,
                name=name or slug.replace("-", " ").capitalize(),
                description=description,
                is_public=is_public,
            )
    except IntegrityError as error:
        raise Refused(f"The list {slug!r} exists already in {publication.slug!r}; nothing was changed.") from error


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
