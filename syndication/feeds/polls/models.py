"""The table of polls: one row for each day, document and program."""

from django.db import models

from syndication.articles.models import Publication
from syndication.feeds.polls.agents import LONGEST_NAME

LONGEST_FEED = 300


class FeedPoll(models.Model):
    """How one program polled one document of a publication on one day (UTC)."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="feed_polls", db_index=False)
    day = models.DateField()
    feed = models.CharField(max_length=LONGEST_FEED)
    """Its path below the publication's folder: "rss.xml", "tags/walks/atom.xml"; all archives of a feed are one: "archive/rss.xml"."""
    reader = models.CharField(max_length=LONGEST_NAME)
    """The program's name."""
    polls = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    """Of these, answered with 304."""
    deltas = models.PositiveBigIntegerField(default=0)
    """Of these, answered with 226."""
    bytes_sent = models.PositiveBigIntegerField(default=0)
    """Of bodies."""
    subscribers = models.PositiveBigIntegerField(null=True)
    """The largest number of people that it said to poll for on this day; null when it says nothing."""
    last_seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "day", "feed", "reader"], name="feed_poll_once")]

    def __str__(self) -> str:
        return f"{self.reader} on {self.day}"
