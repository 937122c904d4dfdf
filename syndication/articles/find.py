"""Finds publications and articles by name, and says what was near when a name is unknown."""

from collections.abc import Iterable
from difflib import get_close_matches

from syndication.articles.models import Article, Publication
from syndication.errors import NotFound

DEFAULT_SLUG, DEFAULT_NAME = "my-publication", "My publication"
MOST_NEAR_NAMES = 5


def publication_named(slug: str | None, *, host: str = "localhost", make: bool = False) -> Publication:
    """The publication of that slug; for None the only one there is.

    host  the public host name, for the sender address of a first publication
    make  make a first one ("my-publication") when there is none and no other slug is asked for
    Raises NotFound, listing the slugs there are.
    """
    # read once: a publication that another process makes meanwhile must not be seen by half of the questions
    everything = list(Publication.objects.order_by("slug"))
    found = [one for one in everything if slug in {None, one.slug}]
    if len(found) == 1:
        return found[0]
    slugs = [one.slug for one in everything]
    if not slugs and make and slug in {None, DEFAULT_SLUG}:
        return _first_publication(host)
    if not slugs:
        raise NotFound("There is no publication yet. Import an article to make the first one, or make one in the studio.")
    if slug is None:
        raise NotFound(f"There are several publications: {', '.join(slugs)}. Name one with --publication.")
    raise NotFound(f"There is no publication {slug!r}. There are: {', '.join(slugs)}.")


def article_named(slug: str, publication: Publication | None = None) -> Article:
    """The article of that slug, in one publication or in any. Raises NotFound with near slugs, or when several publications have it."""
    articles = Article.objects.select_related("publication")
    if publication:
        articles = articles.filter(publication=publication)
    found = list(articles.filter(slug=slug)[:MOST_NEAR_NAMES])
    if len(found) == 1:
        return found[0]
    if found:
        owners = ", ".join(one.publication.slug for one in found)
        raise NotFound(f"Several publications have an article {slug!r}: {owners}. Name one with --publication.")
    near = _near(slug, articles.values_list("slug", flat=True).iterator())
    where = f" in {publication.slug!r}" if publication else ""
    advice = f"Near it: {', '.join(near)}." if near else "See them all with `syndication article list`."
    raise NotFound(f"There is no article {slug!r}{where}. {advice}")


def _first_publication(host: str) -> Publication:
    made, _ = Publication.objects.get_or_create(
        slug=DEFAULT_SLUG,
        defaults={
            "name": DEFAULT_NAME,
            "sender_name": DEFAULT_NAME,
            "sender_address": f"newsletter@{host}",
            "mail_domain": host,
            "language": "en",
        },
    )
    return made


def _near(slug: str, slugs: Iterable[str]) -> list[str]:
    known = sorted(set(slugs))
    words = slug.lower().strip()
    holding = [one for one in known if words and words in one]
    return list(dict.fromkeys([*holding, *get_close_matches(words, known, n=MOST_NEAR_NAMES, cutoff=0.5)]))[:MOST_NEAR_NAMES]
