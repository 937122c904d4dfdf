"""Finds a subscriber by the address that somebody typed."""

from syndication.audience import addresses
from syndication.audience.keys import address_hash
from syndication.audience.models import Subscriber
from syndication.errors import NotFound


def subscriber_named(address: str) -> Subscriber:
    """The subscriber of an address in any spelling. Raises NotAnAddress, NotFound."""
    known_as = addresses.normalise(address)
    found = Subscriber.objects.filter(address_hash=address_hash(known_as)).first()
    if found is None:
        raise NotFound(f"No subscriber has the address {known_as!r}.")
    return found
