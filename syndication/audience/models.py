"""The tables of who reads: subscribers, lists, subscriptions, consent and suppression."""

import uuid

from django.db import models

from syndication.articles.models import Publication


class Subscriber(models.Model):
    """A person who reads. An erased one keeps its row and loses everything that names the person."""

    class State(models.TextChoices):
        """Only an active subscriber is mailed."""

        ACTIVE = "active"
        ERASED = "erased"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.CharField(max_length=320, unique=True)
    """In one spelling: lower case, IDN as Unicode (see addresses.py)."""
    address_hash = models.CharField(max_length=64, unique=True)
    """Keyed hash of the address, to meet suppressions in SQL."""
    name = models.CharField(max_length=200, blank=True)
    attributes = models.JSONField(default=dict)
    locale = models.CharField(max_length=35, blank=True)
    time_zone = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.address


class SubscriberList(models.Model):
    """What one subscribes to inside a publication ("list" on screen)."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="lists")
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    is_public = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "slug"], name="list_slug_once_per_publication")]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """One subscriber on one list, in one state."""

    class State(models.TextChoices):
        """Only confirmed ones are mailed; only the reader leads back from unsubscribed."""

        PENDING = "pending"
        CONFIRMED = "confirmed"
        UNSUBSCRIBED = "unsubscribed"

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="subscriptions")
    list = models.ForeignKey(SubscriberList, on_delete=models.CASCADE, related_name="subscriptions")
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    changed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscriber", "list"], name="subscription_once")]
        indexes = [models.Index(fields=["list", "state", "subscriber"], name="subscription_by_list")]

    def __str__(self) -> str:
        return f"{self.subscriber_id} on {self.list_id}: {self.state}"


class ConsentRecord(models.Model):
    """One event of a subscription's consent; rows are only ever added."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="consent")
    state = models.CharField(max_length=12, choices=Subscription.State)
    how = models.CharField(max_length=40)
    """form, link, one-click, import, staff, command line."""
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.state} by {self.how} at {self.at:%Y-%m-%d %H:%M}"


class Suppression(models.Model):
    """An address, as a keyed hash, that must not be mailed: by one publication, or by none at all."""

    class Reason(models.TextChoices):
        """Why; kept apart so that reports and reversals are honest."""

        UNSUBSCRIBED = "unsubscribed"
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        ERASED = "erased"
        STAFF = "staff"

    address_hash = models.CharField(max_length=64)
    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, null=True, related_name="suppressions")
    """Null: every publication."""
    reason = models.CharField(max_length=16, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["address_hash", "publication"], name="suppression_once_per_publication"),
            models.UniqueConstraint(fields=["address_hash"], condition=models.Q(publication=None), name="suppression_once_everywhere"),
        ]

    def __str__(self) -> str:
        return f"{self.reason} ({self.address_hash[:8]}…)"
