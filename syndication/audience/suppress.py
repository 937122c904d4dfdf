"""Keeps addresses that must not be mailed; wins over everything."""

from django.db import IntegrityError, transaction
from django.db.models import Q

from syndication.articles.models import Publication
from syndication.audience import addresses
from syndication.audience.keys import address_hash
from syndication.audience.models import Suppression
from syndication.errors import BadInput


def suppress(address: str, *, reason: str, publication: Publication | None = None, detail: str = "") -> tuple[Suppression, bool]:
    """Never mail this address again: in one publication, or (None) in all. Returns the row and whether it is new.

    The address may be unknown here. Raises NotAnAddress, and BadInput for an unknown reason.
    """
    if reason not in Suppression.Reason.values:
        raise BadInput(f"{reason!r} is no reason for a suppression; use one of {', '.join(Suppression.Reason.values)}.")
    row = {"address_hash": address_hash(addresses.normalise(address)), "publication": publication}
    try:
        with transaction.atomic():
            return Suppression.objects.get_or_create(**row, defaults={"reason": reason, "detail": detail[:300]})
    except IntegrityError:  # the same suppression came from somewhere else at the same moment
        return Suppression.objects.get(**row), False


def is_suppressed(hashed: str, publication_id: int) -> bool:
    """Whether a keyed hash is suppressed for a publication or everywhere."""
    return Suppression.objects.filter(Q(publication=None) | Q(publication_id=publication_id), address_hash=hashed).exists()
