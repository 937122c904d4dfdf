"""Makes publications, articles and lists for tests, each with everything that a row needs."""

from datetime import UTC, datetime, timedelta

from django.db import transaction

from syndication.articles.models import Article, Publication
from syndication.articles.topics import keep_in_step
from syndication.audience.models import SubscriberList

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_publication(slug="field-notes", **fields):
    plain = {
        "name": "Field Notes",
        "description": "Walks, weather and what grows",
        "sender_name": "The Field Notes desk",
        "sender_address": "desk@news.example.org",
        "postal_address": "1 Lane End",
        "mail_domain": "news.example.org",
    }
    return Publication.objects.create(slug=slug, **(plain | fields))


def make_article(publication, slug="first-walk", **fields):
    """A published article of NOON unless told otherwise, with its topics; nothing is noted for the feeds."""
    plain = {
        "title": "The first walk",
        "summary": "We went out before the sun.",
        "html": "<p>We went out before the sun.</p>",
        "author": "Ines Halm",
        "tags": ["walks"],
        "language": publication.language,
        "state": Article.State.PUBLISHED,
        "published_at": NOON,
        "updated_at": NOON,
    }
    article = Article.objects.create(publication=publication, slug=slug, **(plain | fields))
    with transaction.atomic():
        keep_in_step(article)
    return article


def make_articles(publication, count):
    """Article 1 is the newest; each next one is a day older."""
    for number in range(1, count + 1):
        moment = NOON - timedelta(days=number)
        make_article(publication, f"walk-{number}", title=f"Walk {number}", published_at=moment, updated_at=moment)


def make_list(publication, slug="weekly", **fields):
    return SubscriberList.objects.create(publication=publication, slug=slug, **({"name": slug.capitalize()} | fields))
