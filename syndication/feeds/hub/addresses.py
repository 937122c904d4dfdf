"""Tells which hubs our feeds name: the built-in one, unless it is off, then those outside."""

from django.conf import settings

PATH = "/hub"
HUB_BELL = "hub"


def hub_urls() -> tuple[str, ...]:
    """For documents and Link headers (WebSub 4); the built-in hub first."""
    own = (own_hub_url(),) if settings.HUB_ON else ()
    return tuple(dict.fromkeys((*own, *settings.OUTSIDE_HUBS)))


def own_hub_url() -> str:
    """Where the built-in hub answers."""
    return f"{settings.BASE_URL}{PATH}"
