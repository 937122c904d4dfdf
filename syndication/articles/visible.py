"""Which articles readers may see: in lists, and by their address."""

from datetime import datetime

from django.db.models import QuerySet

from syndication.articles.models import Article, Publication


def opened(publication: Publication, now: datetime) -> QuerySet[Article]:
    """Articles that have a page: published, and not for mail alone."""
    seen = publication.articles.filter(state=Article.State.PUBLISHED, published_at__lte=now)
    return seen.exclude(visibility=Article.Visibility.EMAIL).select_related("publication")


def listed(publication: Publication, now: datetime) -> QuerySet[Article]:
    """Articles that stand in lists, newest first: of the opened ones those that are for everybody."""
    return opened(publication, now).filter(visibility=Article.Visibility.PUBLIC).order_by("-published_at", "uid")
