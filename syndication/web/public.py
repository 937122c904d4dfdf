"""Names that other doors use of the public site; they live in syndication.web.archive now."""

from syndication.web.archive.piece import article_page
from syndication.web.archive.surroundings import FeedLink, surroundings

__all__ = ["FeedLink", "article_page", "surroundings"]
