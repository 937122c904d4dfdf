"""The tables of private feeds: who has an address, and the documents that readers of the same lists share."""

import uuid

from django.db import models

from syndication.articles.models import Publication
from syndication.audience.models import Subscriber


class PrivateFeed(models.Model):
    """That a reader has a private address in a publication. Its token is `key` signed with the installation's secret: no row holds it.

    Renewing writes another key, closing deletes the row; the address of before then opens nothing.
    """

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="private_feeds", db_index=False)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="private_feeds")
    key = models.UUIDField(default=uuid.uuid4, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "publication"], name="private_feed_once")]

    def __str__(self) -> str:
        return f"private feed of {self.subscriber_id} in {self.publication_id}"


class PrivateEdition(models.Model):
    """The documents for everybody who is on the same lists of a publication; made by a worker, below settings.PRIVATE_FEEDS."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    """The name of its folder: random, so that a folder left from before a restore is never taken for another one's."""
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="private_editions", db_index=False)
    lists = models.JSONField()
    """The ids of the lists, sorted."""
    digest_of_lists = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64, blank=True)
    """Of everything that the bytes were made from, or would have been; empty: never looked at."""
    digest = models.CharField(max_length=64, blank=True)
    """Of the bytes."""
    entry_count = models.PositiveSmallIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)
    """When its bytes changed last (Last-Modified)."""
    looked_at = models.DateTimeField(null=True)
    """When a worker last compared it with the articles."""
    asked_on = models.DateField()
    """The last day on which a reader asked for it; after a while without, it goes."""
    problem = models.TextField(blank=True)
    """Why its last state was not published, in words for staff."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "digest_of_lists"], name="private_edition_once")]

    def __str__(self) -> str:
        return f"private edition of {self.publication_id} for the lists {self.lists}"

    @property
    def folder(self) -> str:
        """Below settings.PRIVATE_FEEDS."""
        return str(self.uid.hex)
