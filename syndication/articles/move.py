"""Moves a publication, an article or a topic to another address; its id stays, and the old address leads to the new one for ever."""

import re
from datetime import datetime

from django.db import transaction

from syndication.articles import feed_changes, old_addresses
from syndication.articles.models import Article, FeedChange, OldAddress, Publication, Topic
from syndication.articles.topics import keep_in_step
from syndication.articles.wording import RESERVED_SLUGS
from syndication.errors import BadInput, NotFound, Refused

LONGEST_PUBLICATION, LONGEST_ARTICLE, LONGEST_TOPIC = 80, 120, 100  # characters, the widths of the columns
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*").fullmatch
_TOPIC_SLUG = re.compile(r"[^\W_A-Z]+(?:-[^\W_A-Z]+)*").fullmatch


def rename_publication(publication_id: int, slug: str, *, now: datetime) -> Publication:
    """The publication under another slug; pages and feeds of the old one lead on. The same slug again changes nothing.

    Raises NotFound for an unknown id, BadInput for a slug that cannot be used, Refused for one that another publication has.
    """
    _refuse_unusable(slug, LONGEST_PUBLICATION)
    with transaction.atomic():
        publication = Publication.objects.select_for_update().filter(pk=publication_id).first()
        if publication is None:
            raise NotFound(f"There is no publication with the id {publication_id}.")
        if publication.slug == slug:
            return publication
        if Publication.objects.filter(slug=slug).exists():
            raise Refused(f"There is a publication {slug!r} already. Choose another name.")
        old, publication.slug = publication.slug, slug
        publication.save(update_fields=["slug", "updated_at"])
        if old_addresses.publication_once_at(slug) == publication:
            old_addresses.forget(OldAddress.Kind.PUBLICATION, "", slug)  # it came back
        old_addresses.remember_publication(publication, old, now=now)
        feed_changes.note_publication(publication.pk, now=now)
    return publication


def move_article(article_id: int, *, slug: str = "", publication: Publication | None = None, now: datetime) -> Article:
    """The article under another slug, in another publication, or both; empty and None: as it is. The same again changes nothing.

    Raises NotFound for an unknown id, BadInput for a slug that cannot be used, Refused for one that another article has there.
    """
    if slug:
        _refuse_unusable(slug, LONGEST_ARTICLE)
        if slug in RESERVED_SLUGS:
            raise Refused(f"{slug!r} is the name of a page of every publication. Choose another one.")
    with transaction.atomic():
        article = Article.objects.select_for_update().select_related("publication").filter(pk=article_id).first()
        if article is None:
            raise NotFound(f"There is no article with the id {article_id}. See them all with `syndication article list`.")
        left, old_slug = article.publication, article.slug
        into, new_slug = publication or left, slug or old_slug
        if (into.pk, new_slug) == (left.pk, old_slug):
            return article
        if into.articles.filter(slug=new_slug).exclude(pk=article.pk).exists():
            raise Refused(f"{into.slug!r} has an article {new_slug!r} already. Give this one another name with --slug.")
        before = feed_changes.shown(article)
        article.slug, article.publication = new_slug, into
        article.save(update_fields=["slug", "publication"])
        keep_in_step(article)
        old_addresses.forget(OldAddress.Kind.ARTICLE, into.slug, new_slug)
        old_addresses.remember_article(article, left.slug, old_slug, now=now)
        _note_feeds(article, left, before, now)
    return article


def rename_topic(topic_id: int, slug: str, *, now: datetime) -> Topic:
    """The tag or author under another slug; letters of any script may stand in it. The same slug again changes nothing.

    Raises NotFound for an unknown id, BadInput for a slug that cannot be used, Refused for one that is taken.
    """
    _refuse_unusable(slug, LONGEST_TOPIC, letters_of_any_script=True)
    with transaction.atomic():
        topic = Topic.objects.select_for_update().select_related("publication").filter(pk=topic_id).first()
        if topic is None:
            raise NotFound(f"There is no topic with the id {topic_id}.")
        if topic.slug == slug:
            return topic
        kind, within = Topic.Kind(topic.kind), topic.publication.slug
        if Topic.objects.filter(publication=topic.publication_id, kind=kind, slug=slug).exists():
            raise Refused(f"There is another {kind.label.lower()} {slug!r} already. Choose another name.")
        old, topic.slug = topic.slug, slug
        topic.save(update_fields=["slug"])
        old_addresses.forget(old_addresses.TOPIC_KINDS[kind], within, slug)
        old_addresses.remember_topic(topic, within, old, now=now)
        feed_changes.note_publication(topic.publication_id, now=now)
    return topic


def _note_feeds(article: Article, left: Publication, before: feed_changes.Shown, now: datetime) -> None:
    """Both publications' feeds change when the article leaves one for the other."""
    if article.publication_id != left.pk and before.is_visible(now):
        FeedChange.objects.create(publication=left, article=article, topics=sorted(before.topics), published_at=before.published_at, at=now)
    feed_changes.note_article(article, before if article.publication_id == left.pk else feed_changes.NOWHERE, now=now)


def _refuse_unusable(slug: str, longest: int, *, letters_of_any_script: bool = False) -> None:
    is_usable = (_TOPIC_SLUG if letters_of_any_script else _SLUG)(slug)
    if not is_usable or len(slug) > longest:
        raise BadInput(
            f"{slug[:longest]!r} cannot stand in an address: small letters, digits, single hyphens, at most {longest} characters."
        )
