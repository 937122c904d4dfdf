"""Which publication a command means."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

from syndication.articles.clean_article import CleanArticle
from syndication.articles.find import publication_named
from syndication.articles.models import Publication
from syndication.rendering.adapt import brand_of
from syndication.rendering.article import check_article

UNSET_DOMAIN = "example.org"


def chosen_publication(slug: str | None, *, make: bool = False) -> Publication:
    """The publication of that slug, or the only one; with `make`, a first one is made when there is none. Raises NotFound."""
    return publication_named(slug, host=_mail_domain(), make=make)


def _mail_domain() -> str:
    """The public host when mail could come from it, else a reserved name (RFC 2606 3), which `doctor` asks to change."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return host if is_name else UNSET_DOMAIN


def checker(publication: Publication) -> Callable[[CleanArticle], None]:
    """What `bring_in` calls before it writes: refuses merge fields that no reader could fill. It raises BadTemplate."""
    brand = brand_of(publication, settings.BASE_URL)
    return lambda clean: check_article(clean.title, clean.html, brand)
