"""Makes a publication: the brand must be named, and able to send, before anything is published."""

import re
import zoneinfo
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from syndication.articles.models import Publication
from syndication.errors import BadInput, Refused

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch
LONGEST_SLUG = 80  # characters


@dataclass(frozen=True, slots=True)
class Brand:
    """What a new publication is called and sends as; `sender_address` in its one spelling."""

    slug: str
    sender_address: str
    name: str = ""
    time_zone: str = "UTC"
    language: str = "en"


def establish(brand: Brand) -> Publication:
    """A new publication. Raises BadInput for a slug or zone that cannot be used, Refused when the slug is taken."""
    if not _SLUG(brand.slug) or len(brand.slug) > LONGEST_SLUG:
        raise BadInput(
            f"{brand.slug[:LONGEST_SLUG]!r} cannot name a publication: small letters, digits, single hyphens, at most {LONGEST_SLUG}."
        )
    if brand.time_zone not in zoneinfo.available_timezones():
        raise BadInput(f"{brand.time_zone!r} is no time zone; use an IANA name such as Europe/Berlin.")
    name = brand.name or brand.slug.replace("-", " ").capitalize()
    try:
        with transaction.atomic():
            return Publication.objects.create(
                slug=brand.slug,
                name=name,
                sender_name=name,
                sender_address=brand.sender_address,
                mail_domain=brand.sender_address.rpartition("@")[2],
                time_zone=brand.time_zone,
                language=brand.language,
            )
    except IntegrityError as error:
        raise Refused(f"The publication {brand.slug!r} exists already; nothing was changed.") from error
