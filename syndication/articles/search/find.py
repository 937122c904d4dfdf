"""Asks the database's full-text index which articles of a publication answer a question."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from syndication.articles.models import Article, Publication
from syndication.articles.search.question import Question

# a title counts for more than a body
_SQLITE = """
WITH found AS MATERIALIZED (
SELECT article.id AS id, bm25(syndication_search, 8.0, 1.0) AS rank, article.published_at AS published_at
FROM syndication_search JOIN syndication_article article ON article.id = syndication_search.rowid
WHERE syndication_search MATCH %s AND article.publication_id = %s AND article.state = %s AND article.visibility = %s AND article.published_at <= %s
) SELECT id, count(*) OVER () FROM found ORDER BY rank, published_at DESC, id LIMIT %s OFFSET %s
"""
_POSTGRESQL = """
SELECT article.id, count(*) OVER ()
FROM syndication_searchtext found JOIN syndication_article article ON article.id = found.article_id, to_tsquery('simple', %s) question
WHERE found.document @@ question AND article.publication_id = %s AND article.state = %s AND article.visibility = %s AND article.published_at <= %s
ORDER BY ts_rank(found.document, question, 1) DESC, article.published_at DESC, article.id LIMIT %s OFFSET %s
"""


@dataclass(frozen=True, slots=True)
class Hits:
    """The articles of one page of answers by id, best first, and how many answers there are in all."""

    ids: tuple[int, ...]
    total: int


NOTHING = Hits((), 0)


def find(publication: Publication, question: Question, *, now: datetime, first: int, count: int) -> Hits:
    """Published public articles of the publication that hold all terms; `first` of them are skipped. Nothing for an empty question."""
    if not question.terms:
        return NOTHING
    is_sqlite = connection.vendor == "sqlite"
    asked = question.for_fts5() if is_sqlite else question.for_tsquery()
    shown = (publication.pk, Article.State.PUBLISHED, Article.Visibility.PUBLIC, connection.ops.adapt_datetimefield_value(now))
    with connection.cursor() as cursor:
        cursor.execute(_SQLITE if is_sqlite else _POSTGRESQL, [asked, *shown, count, first])
        rows = cursor.fetchall()
    return Hits(tuple(row[0] for row in rows), rows[0][1] if rows else 0)
