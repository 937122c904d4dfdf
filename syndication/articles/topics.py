"""Keeps an article's tags and author as topics of its publication; a topic that once was stays, since its address lives for ever."""

from collections.abc import Sequence

from syndication.articles.models import Article, ArticleTopic, Publication, Topic
from syndication.articles.topic_names import free_topic_slug, topic_key, topic_names


def keep_in_step(article: Article) -> frozenset[int]:
    """Give the article one topic for each of its tags and for its author, and no other; the ids of these topics.

    Call it in the transaction that saved the article; it locks the publication's row. A second call changes nothing.
    """
    wanted = topics_for(article.publication_id, Topic.Kind.TAG, topic_names(article.tags))
    wanted |= topics_for(article.publication_id, Topic.Kind.AUTHOR, topic_names([article.author]))
    has = topics_of(article)
    if has - wanted:
        ArticleTopic.objects.filter(article=article, topic__in=has - wanted).delete()
    ArticleTopic.objects.bulk_create(
        [ArticleTopic(article=article, topic_id=topic) for topic in sorted(wanted - has)], ignore_conflicts=True
    )
    return wanted


def topics_of(article: Article) -> frozenset[int]:
    """The ids of the article's topics as they are kept now."""
    return frozenset(ArticleTopic.objects.filter(article=article).values_list("topic", flat=True))


def topics_for(publication_id: int, kind: str, names: Sequence[str]) -> frozenset[int]:
    """The ids of the topics of these names, compared without regard to case; made where there is none. Needs a transaction."""
    topics = Topic.objects.filter(publication=publication_id, kind=kind)
    found = dict(topics.filter(name__in=names).values_list("name", "pk")) if names else {}
    if len(found) < len(names):
        found = _with_new(publication_id, kind, names)
    return frozenset(found[name] for name in names)


def _with_new(publication_id: int, kind: str, names: Sequence[str]) -> dict[str, int]:
    # one at a time in a publication: what is not there must not come into being between the look and the making
    Publication.objects.select_for_update().get(pk=publication_id)
    known = list(Topic.objects.filter(publication=publication_id, kind=kind).values_list("name", "slug", "pk"))
    by_key, slugs = {topic_key(name): pk for name, _, pk in known}, {slug for _, slug, _ in known}
    for name in names:
        if topic_key(name) not in by_key:
            slug = free_topic_slug(name, slugs)
            slugs.add(slug)
            by_key[topic_key(name)] = Topic.objects.create(publication_id=publication_id, kind=kind, slug=slug, name=name).pk
    return {name: by_key[topic_key(name)] for name in names}
