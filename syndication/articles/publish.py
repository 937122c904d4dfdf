"""Puts an article on the web and into the feeds, and takes it off again."""

from datetime import datetime

from django.db import transaction

from syndication.articles import feed_changes
from syndication.articles.models import Article
from syndication.errors import NotFound


def publish(article_id: int, *, now: datetime, at: datetime | None = None) -> Article:
    """The article, published; a second call changes nothing.

    at  its date (aware). One that is still to come keeps the article hidden until then. None: the date that was set, when that is
        past, or else `now`; so an article that waits for its date comes out at once.
    What readers have seen keeps its date. What feeds must show is noted in the same transaction. Raises NotFound for an unknown id.
    """
    with transaction.atomic():
        article = _locked(article_id)
        before = feed_changes.shown(article)
        if article.state == Article.State.PUBLISHED and (article.published_at is None or article.published_at <= now):
            return article
        if at is not None or article.published_at is None or article.published_at > now:
            article.published_at = at or now
        article.state, article.unpublished_at = Article.State.PUBLISHED, None
        article.save(update_fields=["state", "published_at", "unpublished_at"])
        feed_changes.note_article(article, before, now=now)
    return article


def unpublish(article_id: int, *, now: datetime) -> Article:
    """The article, a draft again; it keeps `published_at`, so that publishing it once more keeps its date. A second call changes nothing.

    When readers may have seen it, `unpublished_at` tells its page and the feeds since when it is gone. Raises NotFound for an unknown id.
    """
    with transaction.atomic():
        article = _locked(article_id)
        before = feed_changes.shown(article)
        if article.state == Article.State.DRAFT:
            return article
        if article.published_at is not None and article.published_at <= now:
            article.unpublished_at = now
        article.state = Article.State.DRAFT
        article.save(update_fields=["state", "unpublished_at"])
        feed_changes.note_article(article, before, now=now)
    return article


def change_visibility(article_id: int, visibility: Article.Visibility, *, now: datetime) -> Article:
    """The article, for everybody, for those who have its address, or for mail alone. Raises NotFound for an unknown id."""
    with transaction.atomic():
        article = _locked(article_id)
        before = feed_changes.shown(article)
        if article.visibility == visibility:
            return article
        article.visibility = visibility
        article.save(update_fields=["visibility"])
        feed_changes.note_article(article, before, now=now)
    return article


def _locked(article_id: int) -> Article:
    article = Article.objects.select_for_update().filter(pk=article_id).first()
    if article is None:
        raise NotFound(f"There is no article with the id {article_id}. See them all with `syndication article list`.")
    return article
