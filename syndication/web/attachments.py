"""Measures the files that a person names and attaches them to an article; shared by the studio and the command line."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from syndication.articles.attach import Attachment, attach, set_picture
from syndication.articles.measure import measure
from syndication.articles.media_types import CHAPTERS, PICTURE, SOUND, TRANSCRIPT, seconds_of
from syndication.articles.models import Article, Enclosure
from syndication.errors import BadInput, SyndicationError
from syndication.feeds.writing.documents import RSS
from syndication.feeds.writing.podcast import guid_of


@dataclass(frozen=True, slots=True)
class Named:
    """What a person typed about a file; only the address must be there."""

    url: str
    title: str = ""
    transcript_url: str = ""
    chapters_url: str = ""
    duration: str = ""


def attach_named(article: Article, named: Named, *, now: datetime) -> Enclosure:
    """Ask the servers, then attach. Raises BadSource with what a server said, BadInput for a duration that is none."""
    try:
        seconds = seconds_of(named.duration)
    except ValueError:
        raise BadInput(f"{named.duration!r} is no duration. Write minutes and seconds, such as 12:34, or 1:02:03.") from None
    wish = Attachment(
        file=measure(named.url, SOUND, allowed_addresses=settings.FETCH_ALLOWED),
        title=named.title,
        duration_seconds=seconds,
        transcript=measure(named.transcript_url, TRANSCRIPT, allowed_addresses=settings.FETCH_ALLOWED) if named.transcript_url else None,
        chapters=measure(named.chapters_url, CHAPTERS, allowed_addresses=settings.FETCH_ALLOWED) if named.chapters_url else None,
    )
    feed_url = f"{settings.BASE_URL}/feeds/{article.publication.slug}/{RSS.file_name}"
    return attach(article.pk, wish, podcast_guid=guid_of(feed_url), now=now)


def attach_of_front_matter(article: Article, url: str, *, now: datetime) -> str:
    """Attach what the front matter names, if it names something; why it could not be, else empty: the article is in all the same."""
    if not url:
        return ""
    try:
        attach_named(article, Named(url), now=now)
    except SyndicationError as error:
        return f"The article is in, but its sound is not attached: {error}"
    return ""


def picture_named(article: Article, url: str, alt: str, *, now: datetime) -> None:
    """Ask the server, then make it the article's picture; an empty address takes it off. Raises BadSource."""
    if url:
        measure(url, PICTURE, allowed_addresses=settings.FETCH_ALLOWED)
    set_picture(article.pk, url, alt=alt, now=now)
