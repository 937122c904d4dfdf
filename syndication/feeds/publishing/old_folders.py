"""Leaves word in the folders where feeds lay once: where they are now, or that they are gone."""

from django.conf import settings

from syndication.articles.models import OldAddress, Publication, Topic
from syndication.feeds import store
from syndication.feeds.places import folder_of, topic_folder

_KINDS = {OldAddress.Kind.TAG: Topic.Kind.TAG, OldAddress.Kind.AUTHOR: Topic.Kind.AUTHOR}


def point(publication: Publication) -> None:
    """Make the old folders of a publication and of its topics tell the new ones, for ever; those that somebody has again stay."""
    for row in OldAddress.objects.filter(kind=OldAddress.Kind.PUBLICATION, publication=publication):
        if not Publication.objects.filter(slug=row.slug).exists():
            store.move(settings.FEEDS, row.slug, publication.slug)
    for row in OldAddress.objects.filter(kind__in=_KINDS, topic__publication=publication).select_related("topic"):
        kind = _KINDS[OldAddress.Kind(row.kind)]
        is_taken = Topic.objects.filter(publication=publication, kind=kind, slug=row.slug).exists()
        if row.topic is not None and not is_taken:
            # a folder of an older name of the publication leads here as a whole
            store.move(settings.FEEDS, topic_folder(publication.slug, kind, row.slug), folder_of(publication, row.topic))


def close_deleted() -> list[str]:
    """Say in the folders of publications that were deleted that they are gone; their names."""
    found = [path.name for path in settings.FEEDS.iterdir() if not path.name.startswith(".") and (path / store.CURRENT).is_symlink()]
    known = set(Publication.objects.values_list("slug", flat=True))
    known |= set(OldAddress.objects.filter(kind=OldAddress.Kind.PUBLICATION).values_list("slug", flat=True))
    gone = sorted(set(found) - known)
    for name in gone:
        store.close(settings.FEEDS, name)
    return gone
