"""Keeps the words of each article for the search: called where an article is written, and for whatever was missed."""

from django.db.models import F

from syndication.articles.models import Article
from syndication.articles.search.models import SearchText
from syndication.articles.search.plain import plain_text, without_fields
from syndication.articles.search.words import comparable

LONGEST_TITLE_WORDS = 5_000  # characters
LONGEST_WORDS = 300_000  # characters; PostgreSQL's index of one row ends at a megabyte of bytes


def index(article: Article) -> None:
    """Make the article's words findable as they are now; a second call changes nothing."""
    text, language = plain_text(article.html), article.language
    top = " ".join([without_fields(article.title), *map(str, article.tags), article.author])
    SearchText.objects.update_or_create(
        article=article,
        defaults={
            "text": text,
            "title_words": comparable(top, language, longest=LONGEST_TITLE_WORDS),
            "words": comparable(f"{without_fields(article.summary)} {text}", language, longest=LONGEST_WORDS),
            "state_of": article.updated_at,
        },
    )


def index_missing(*, most: int = 500) -> int:
    """Index articles that were written past index(), at most so many; how many there were."""
    missing = Article.objects.exclude(search_text__state_of=F("updated_at")).order_by("pk")[:most]
    found = list(missing)
    for article in found:
        index(article)
    return len(found)
