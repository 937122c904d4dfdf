"""Which publication a command means."""

from urllib.parse import urlsplit

from django.conf import settings

from syndication.articles.find import publication_named
from syndication.articles.models import Publication

UNSET_DOMAIN = "example.org"


def chosen_publication(slug: str | None, *, make: bool = False) -> Publication:
    """The publication of that slug, or the only one; with `make`, a first one is made when there is none. Raises NotFound."""
    return publication_named(slug, host=mail_domain(), make=make)


def mail_domain() -> str:
    """The public host when mail could come from it, else a reserved name (RFC 2606 3), which `doctor` asks to change."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return host if is_name else UNSET_DOMAIN
