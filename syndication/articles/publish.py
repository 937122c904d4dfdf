"""Puts an article on the web and into the feeds, and takes it off again."""

from datetime import datetime

from django.db import transaction

from syndication.articles.models import Article, Publication
from syndication.errors import NotFound


def publish(article_id: int, *, now: datetime) -> Article:
    """The article, published; `published_at` becomes `now` unless a moment in the past was set. A second call changes nothing.

    The publication's feeds are marked stale in the same transaction. Raises NotFound for an unknown id.
    """
    with transaction.atomic():
        article = _locked(article_id)
        if article.state == Article.State.PUBLISHED:
            return article
        if article.published_at is None or article.published_at > now:
            article.published_at = now
        article.state = Article.State.PUBLISHED
        article.save(update_fields=["state", "published_at"])
        mark_feeds_stale(article.publication_id, now)
    return article


def unpublish(article_id: int, *, now: datetime) -> Article:
    """The article, a draft again; it keeps `published_at`, so that publishing it once more keeps its date. A second call changes nothing.

    Raises NotFound for an unknown id.
    """
    with transaction.atomic():
        article = _locked(article_id)
        if article.state == Article.State.DRAFT:
            return article
        article.state = Article.State.DRAFT
        article.save(update_fields=["state"])
        mark_feeds_stale(article.publication_id, now)
    return article


def mark_feeds_stale(publication_id: int, now: datetime) -> None:
    """Notes that the feed files show an older state from `now` on; call it in the transaction of the change."""
    Publication.objects.filter(pk=publication_id).update(feeds_stale_since=now)


def _locked(article_id: int) -> Article:
    article = Article.objects.select_for_update().filter(pk=article_id).first()
    if article is None:
        raise NotFound(f"There is no article with the id {article_id}. See them all with `syndication article list`.")
    return article
