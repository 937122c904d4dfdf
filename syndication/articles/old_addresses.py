"""Knows where a publication, an article or a topic lives whose address has changed; an old address leads there for ever.

An old address points to the row itself, never to another address: there is one step from each to the present one, and no circle.
What has an address now is looked for first, so an address that is taken again belongs to its new owner.
"""

from datetime import datetime

from django.db.models import QuerySet

from syndication.articles.models import Article, OldAddress, Publication, Topic

Kind = OldAddress.Kind
TOPIC_KINDS = {Topic.Kind.TAG: Kind.TAG, Topic.Kind.AUTHOR: Kind.AUTHOR}


def publication_once_at(slug: str) -> Publication | None:
    """The publication that had this slug last, if it has another one now."""
    row = OldAddress.objects.select_related("publication").filter(kind=Kind.PUBLICATION, within="", slug=slug).first()
    return row.publication if row else None


def article_once_at(within: str, slug: str) -> Article | None:
    """The article that was found under `slug` in the publication that is, or was, called `within`."""
    row = _row(OldAddress.objects.select_related("article__publication").filter(kind=Kind.ARTICLE, slug=slug), within)
    if row:
        return row.article
    former = publication_once_at(within)
    return former.articles.select_related("publication").filter(slug=slug).first() if former else None


def topic_once_at(kind: Topic.Kind, within: str, slug: str) -> Topic | None:
    """The same for a tag or an author."""
    row = _row(OldAddress.objects.select_related("topic__publication").filter(kind=TOPIC_KINDS[kind], slug=slug), within)
    if row:
        return row.topic
    former = publication_once_at(within)
    return former.topics.select_related("publication").filter(kind=kind, slug=slug).first() if former else None


def remember_publication(publication: Publication, slug: str, *, now: datetime) -> None:
    """Note that the publication was called `slug` until now."""
    former = publication_once_at(slug)
    if former and former.pk != publication.pk:
        _remember_rows_of(former, slug, now)  # it had the name before: what it had there is still found
    _remember(Kind.PUBLICATION, "", slug, {"publication": publication}, now)


def remember_article(article: Article, within: str, slug: str, *, now: datetime) -> None:
    """Note that the article was found there until now."""
    _remember(Kind.ARTICLE, within, slug, {"article": article}, now)


def remember_topic(topic: Topic, within: str, slug: str, *, now: datetime) -> None:
    """Note that the topic was found there until now."""
    _remember(TOPIC_KINDS[Topic.Kind(topic.kind)], within, slug, {"topic": topic}, now)


def forget(kind: OldAddress.Kind, within: str, slug: str) -> None:
    """An address that is taken belongs to who has it now."""
    OldAddress.objects.filter(kind=kind, within=within, slug=slug).delete()


def _remember(kind: OldAddress.Kind, within: str, slug: str, owner: dict[str, Publication | Article | Topic], now: datetime) -> None:
    whose = {"publication": None, "article": None, "topic": None} | owner
    OldAddress.objects.update_or_create(kind=kind, within=within, slug=slug, defaults={**whose, "at": now})


def _remember_rows_of(former: Publication, within: str, now: datetime) -> None:
    articles = [OldAddress(kind=Kind.ARTICLE, within=within, slug=one.slug, article=one, at=now) for one in former.articles.only("slug")]
    topics = [
        OldAddress(kind=TOPIC_KINDS[Topic.Kind(one.kind)], within=within, slug=one.slug, topic=one, at=now) for one in former.topics.all()
    ]
    OldAddress.objects.bulk_create([*articles, *topics], ignore_conflicts=True)


def _row(rows: QuerySet[OldAddress], within: str) -> OldAddress | None:
    """The note about exactly this address, else the newest about the same publication under another of its names."""
    return rows.filter(within=within).first() or rows.filter(within__in=_other_names(within)).order_by("-at", "-pk").first()


def _other_names(within: str) -> set[str]:
    """The other slugs, of now and of then, of the publications that are, or were, called so."""
    owners = [one for one in (Publication.objects.filter(slug=within).first(), publication_once_at(within)) if one]
    names = OldAddress.objects.filter(kind=Kind.PUBLICATION, publication__in=owners).values_list("slug", flat=True)
    return {one.slug for one in owners} | set(names) - {within}
