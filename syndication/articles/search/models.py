"""The table of what is searched: an article's words, made comparable; the index over it belongs to the database (migration 0008)."""

from django.db import models

from syndication.articles.models import Article


class SearchText(models.Model):
    """The words of one article; made by index.py, never by hand."""

    article = models.OneToOneField(Article, on_delete=models.CASCADE, primary_key=True, related_name="search_text")
    text = models.TextField()
    """The body as people read it, for excerpts."""
    title_words = models.TextField()
    """What is compared: words of title, tags and author, as words.py makes them, with spaces between."""
    words = models.TextField()
    """The same of summary and body."""
    state_of = models.DateTimeField()
    """Article.updated_at of the state that is indexed; another one there means that this is out of date."""

    def __str__(self) -> str:
        return f"words of article {self.article_id}"
