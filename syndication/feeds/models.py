"""The tables of the feeds: what is published where, since when, and what is still to be done."""

from django.db import models

from syndication.articles.models import Publication, Topic


class Feed(models.Model):
    """One feed: a publication's, or a topic's. It holds the validators of what lies on disk, so that the folder can be rebuilt to the byte."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="feeds", db_index=False)
    topic = models.OneToOneField(Topic, on_delete=models.CASCADE, related_name="feed", null=True)
    stale_since = models.DateTimeField(null=True)
    """From when on the files show an older state; later than now when a refused feed waits for its next try."""
    marks = models.PositiveBigIntegerField(default=0)
    """How often it was marked stale: a publisher takes the mark away only when no new one has come meanwhile."""
    digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of the documents that are published; empty before the first time."""
    changed_at = models.DateTimeField(null=True)
    """When these bytes came to be, in whole seconds: Last-Modified."""
    published_at = models.DateTimeField(null=True)
    """When it was last rendered and found good, changed or not."""
    problem = models.TextField(blank=True)
    """Why its last state was not published, or which articles it lacks, in words for staff; empty when all is well."""
    entry_count = models.PositiveIntegerField(default=0)
    bytes_largest = models.PositiveIntegerField(default=0)
    """Of its largest document, before compression."""
    is_gone = models.BooleanField(default=False)
    """It ended for good: its folder answers 410."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["publication"], condition=models.Q(topic=None), name="feed_of_a_publication_once"),
        ]
        indexes = [
            models.Index(fields=["publication", "topic"], name="feed_by_publication"),
            models.Index(fields=["stale_since"], condition=models.Q(stale_since__isnull=False), name="feed_stale"),
        ]

    def __str__(self) -> str:
        return f"feed {self.publication_id}/{self.topic_id or ''}"


class FeedArchive(models.Model):
    """A stretch of a feed's past (RFC 5005 4): the articles from one key up to before another, by date and id.

    A stretch is closed once; what is published later lies after it, so its document stays as it is. The first begins with
    time itself (from_at is empty); each next one begins where the one before it ends.
    """

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="archives", db_index=False)
    number = models.PositiveIntegerField()
    """1 is the oldest."""
    from_at = models.DateTimeField(null=True)
    from_uid = models.UUIDField(null=True)
    before_at = models.DateTimeField()
    before_uid = models.UUIDField()
    stale_since = models.DateTimeField(null=True)
    marks = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)
    entry_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "number"], name="feed_archive_once")]
        indexes = [
            models.Index(fields=["feed", "before_at"], name="feed_archive_by_date"),
            models.Index(fields=["stale_since"], condition=models.Q(stale_since__isnull=False), name="feed_archive_stale"),
        ]

    def __str__(self) -> str:
        return f"archive {self.number} of {self.feed_id}"
