"""Notes, in the transaction of a change, which feeds must show it and from when on; the publisher of feeds works the notes off."""

from dataclasses import dataclass
from datetime import datetime

from syndication.articles.models import Article, FeedChange
from syndication.articles.topics import topics_of


@dataclass(frozen=True, slots=True)
class Shown:
    """Where feeds show an article: nowhere unless it is public; from its date on, in the feeds of its topics."""

    is_public: bool = False
    published_at: datetime | None = None
    topics: frozenset[int] = frozenset()

    def is_visible(self, now: datetime) -> bool:
        """Whether feeds show it at this moment."""
        return self.is_public and self.published_at is not None and self.published_at <= now


NOWHERE = Shown()


def shown(article: Article) -> Shown:
    """How feeds may show the article as it is now."""
    is_public = article.state == Article.State.PUBLISHED and article.visibility == Article.Visibility.PUBLIC
    return Shown(is_public, article.published_at, topics_of(article))


def note_article(article: Article, before: Shown, *, now: datetime) -> None:
    """Note that the article differs from what it was: `before`, as shown() said it in the same transaction; NOWHERE for a new one.

    What nobody may see yet is noted for its own moment and names nothing until then.
    """
    after = shown(article)
    moments = []
    if before.is_visible(now) or after.is_visible(now) or article.unpublished_at:  # feeds tell of one that was taken back
        moments.append(now)
    if after.is_public and after.published_at is not None and after.published_at > now:
        moments.append(after.published_at)
    FeedChange.objects.bulk_create(
        [
            FeedChange(
                publication_id=article.publication_id,
                article=article,
                topics=sorted(before.topics | after.topics),
                published_at=before.published_at if before.published_at != after.published_at else None,
                at=moment,
            )
            for moment in moments
        ]
    )


def note_publication(publication_id: int, *, now: datetime) -> None:
    """Note that the publication itself differs (its name, address, number of entries): all its feeds and archives say so."""
    FeedChange.objects.create(publication_id=publication_id, at=now)
