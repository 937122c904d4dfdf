"""Attaches sound, film, documents and a picture to an article, and takes them off; feeds are told in the same transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from syndication.articles import feed_changes
from syndication.articles.measure import Measured
from syndication.articles.models import Article, Enclosure, Podcast
from syndication.errors import NotFound

LONGEST_TITLE = 200  # characters
LONGEST_ALT = 500


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file and what belongs to it, each as its server told of it."""

    file: Measured
    title: str = ""
    duration_seconds: int | None = None
    transcript: Measured | None = None
    chapters: Measured | None = None

    @property
    def is_played(self) -> bool:
        """Whether it is sound or film, so that the publication is a podcast."""
        return self.file.media_type.startswith(("audio/", "video/"))


def attach(article_id: int, wish: Attachment, *, podcast_guid: UUID, now: datetime) -> Enclosure:
    """Attach a file; the same address again brings its facts up to date.

    podcast_guid  what the publication's podcast is known by when this is its first sound; kept for ever then
    Raises NotFound for an unknown article.
    """
    with _changing(article_id, now) as article:
        last = article.enclosures.aggregate(last=Max("position"))["last"]
        facts = {
            "media_type": wish.file.media_type,
            "length_bytes": wish.file.length_bytes,
            "title": wish.title[:LONGEST_TITLE],
            "duration_seconds": wish.duration_seconds,
            "transcript_url": wish.transcript.url if wish.transcript else "",
            "transcript_type": wish.transcript.media_type if wish.transcript else "",
            "chapters_url": wish.chapters.url if wish.chapters else "",
        }
        place = {"position": 0 if last is None else last + 1}
        made, _ = Enclosure.objects.update_or_create(article=article, url=wish.file.url, defaults=facts, create_defaults=facts | place)
        if wish.is_played:
            Podcast.objects.get_or_create(publication=article.publication, defaults={"guid": podcast_guid})
    return made


def detach(article_id: int, enclosure_id: int, *, now: datetime) -> None:
    """Take a file off; a second call changes nothing. The publication stays a podcast. Raises NotFound for an unknown article."""
    with _changing(article_id, now) as article:
        article.enclosures.filter(pk=enclosure_id).delete()


def set_picture(article_id: int, url: str, *, alt: str, now: datetime) -> None:
    """The picture that stands for the article; an empty address takes it off. Raises NotFound for an unknown article."""
    with _changing(article_id, now) as article:
        article.image_url, article.image_alt = url, alt[:LONGEST_ALT] if url else ""
        article.save(update_fields=["image_url", "image_alt"])


@contextmanager
def _changing(article_id: int, now: datetime) -> Iterator[Article]:
    """The article, locked; what is done to it is a change that feeds show."""
    with transaction.atomic():
        article = Article.objects.select_for_update().filter(pk=article_id).first()
        if article is None:
            raise NotFound(f"There is no article with the id {article_id}. See them all with `syndication article list`.")
        before = feed_changes.shown(article)
        yield article
        article.updated_at = now
        article.save(update_fields=["updated_at"])
        feed_changes.note_article(article, before, now=now)
