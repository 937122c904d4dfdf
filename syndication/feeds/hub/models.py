"""The tables of the hub: who subscribed to what, what is still to be told, and which hosts do not answer.

A row that has something to send says so itself: `due_at` is when, `tries` how often it failed, `round` who took it last. Whoever takes
a row moves `due_at` a while ahead, so that it comes back by itself when the taker dies.
"""

from django.db import models

from syndication.feeds.models import Feed


class HubSubscription(models.Model):
    """A callback that gets a document whenever it changes, until its lease ends. It exists only once its owner has consented."""

    key = models.CharField(max_length=64, unique=True)
    """SHA-256 of topic and callback (wishes.py)."""
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="hub_subscriptions", db_index=False)
    file_name = models.CharField(max_length=20)
    topic_url = models.CharField(max_length=1000)
    """As it was asked for: the feed may have moved since."""
    callback = models.CharField(max_length=2000)
    host = models.CharField(max_length=253)
    secret = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField()
    expires_at = models.DateTimeField()
    owed = models.CharField(max_length=80, blank=True)
    """The entity tag of the newest document that it shall have; empty: what there was when it subscribed."""
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveBigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    """What the last delivery met; empty when it arrived."""

    class Meta:
        indexes = [
            models.Index(fields=["feed", "file_name", "id"], name="hub_subscription_by_topic"),
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="hub_subscription_due"),
            models.Index(fields=["expires_at"], name="hub_subscription_expires"),
            models.Index(fields=["host"], name="hub_subscription_by_host"),
        ]

    def __str__(self) -> str:
        return f"{self.callback} of {self.topic_url}"


class HubWish(models.Model):
    """What somebody wants for a callback, until its owner has consented; or that a subscription has ended, until the callback is told."""

    class Mode(models.TextChoices):
        """As hub.mode says it (WebSub 5.3, 5.2)."""

        SUBSCRIBE = "subscribe"
        UNSUBSCRIBE = "unsubscribe"
        DENIED = "denied"

    key = models.CharField(max_length=64, unique=True)
    """As in HubSubscription. A newer wish takes the place of one that waits."""
    mode = models.CharField(max_length=12, choices=Mode)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="hub_wishes")
    file_name = models.CharField(max_length=20)
    topic_url = models.CharField(max_length=1000)
    callback = models.CharField(max_length=2000)
    host = models.CharField(max_length=253)
    secret = models.CharField(max_length=200, blank=True)
    lease_seconds = models.PositiveIntegerField(default=0)
    at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="hub_wish_due"),
            models.Index(fields=["host"], name="hub_wish_by_host"),
        ]

    def __str__(self) -> str:
        return f"{self.mode} {self.callback} of {self.topic_url}"


class HubPing(models.Model):
    """That an outside hub is to hear of a document's change (WebSub leaves the form open; hub.mode=publish is what all take)."""

    hub_url = models.CharField(max_length=500)
    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="hub_pings", db_index=False)
    file_name = models.CharField(max_length=20)
    topic_url = models.CharField(max_length=1000)
    host = models.CharField(max_length=253)
    due_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    round = models.PositiveBigIntegerField(default=0)
    told_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feed", "file_name", "hub_url"], name="hub_ping_once")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="hub_ping_due")]

    def __str__(self) -> str:
        return f"{self.topic_url} at {self.hub_url}"


class HubFeed(models.Model):
    """Which state of a feed the hub has told: work waits where Feed.digest is another."""

    feed = models.OneToOneField(Feed, on_delete=models.CASCADE, related_name="hub", primary_key=True)
    digest = models.CharField(max_length=64, blank=True)
    is_gone = models.BooleanField(default=False)
    etags = models.JSONField(default=dict)
    """{file name: entity tag of the document that was told}"""
    told_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"hub of feed {self.feed_id}"


class HubHost(models.Model):
    """A host that did not answer of late. One that answers again has no row."""

    host = models.CharField(max_length=253, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    """In a row."""
    since = models.DateTimeField()
    rest_until = models.DateTimeField(null=True)
    """Until then nothing goes there."""
    problem = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.host


class HubShift(models.Model):
    """Who does the rounds now: one at a time in the whole installation, so that the limits for each host hold."""

    holder = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)
    number = models.PositiveBigIntegerField(default=0)
    """Counts the rounds: what a row says in `round`."""

    def __str__(self) -> str:
        return f"round {self.number}"
