"""The keys of this installation's tokens and hashes, derived from its secret (an edge: reads the settings)."""

from django.conf import settings

from syndication.audience import addresses, tokens


def token_key(purpose: str) -> bytes:
    """The key for one purpose's tokens."""
    return tokens.derive(settings.SECRET_KEY, purpose)


def address_hash(address: str) -> str:
    """The keyed hash of a normalised address, as the suppression table keeps it."""
    return addresses.keyed_hash(address, tokens.derive(settings.SECRET_KEY, "address"))


def copy_key() -> bytes:
    """The key for the tokens that one copy of a mailing carries."""
    return token_key("copy")
