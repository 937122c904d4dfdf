"""The ledger's tables: what is sent (mailing) and to whom, with what outcome (delivery)."""

import uuid
from typing import Any

from django.db import models

from syndication.articles.models import Article, Publication
from syndication.audience.models import Subscriber, SubscriberList
from syndication.delivery.states import LEASED, WAITING, State


@models.SmallIntegerField.register_lookup
class OneOf(models.Lookup):
    """`state__one_of=WAITING`: like `in`, with the numbers written into the statement.

    A partial index serves only a statement that says its condition word for word; SQLite does not look into parameters.
    """

    lookup_name = "one_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """The condition."""
        left, parameters = self.process_lhs(compiler, connection)
        return f"{left} IN ({', '.join(str(int(number)) for number in self.rhs)})", parameters


class Mailing(models.Model):
    """Content frozen when it starts: the same templates for every reader, the same bytes at every attempt."""

    class Kind(models.TextChoices):
        """Decides queue and policy: campaigns are never sent twice, confirmations never lost."""

        CAMPAIGN = "campaign"
        CONFIRMATION = "confirmation"

    class State(models.TextChoices):
        """Planning adds rows; only an open mailing is sent; closed means every row is final."""

        PLANNING = "planning"
        OPEN = "open"
        PAUSED = "paused"
        CANCELLED = "cancelled"
        CLOSED = "closed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.CharField(max_length=120, unique=True)
    """What makes it one and only one: "campaign:17", "confirmation:3:9f2c…:1"."""
    kind = models.CharField(max_length=16, choices=Kind, default=Kind.CAMPAIGN)
    state = models.CharField(max_length=12, choices=State, default=State.PLANNING)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, null=True)
    list = models.ForeignKey(SubscriberList, on_delete=models.PROTECT)
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField()
    envelope = models.JSONField(default=dict)
    """The frozen From, Reply-To, domain and list id; see rendering.message.Envelope."""
    content_hash = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()
    planned_upto = models.BigIntegerField(default=0)
    """The last subscriber id that planning has reached."""
    audience = models.IntegerField(null=True)
    """How many rows were planned; null while planning."""
    waits_until = models.DateTimeField(null=True)
    bell = models.IntegerField(default=0)
    """Grows when the tick rings anew; chains of tasks with an older number end, so that they never pile up."""
    waits = models.SmallIntegerField(default=0)
    """How often in a row the server was away; the pause doubles with it."""
    waits_because = models.CharField(max_length=300, blank=True)
    """Why nothing is sent now, in words for staff: the SMTP server is away, and so on."""

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class Delivery(models.Model):
    """One mailing to one subscriber. Narrow: it must hold tens of millions."""

    State = State

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="deliveries")
    address = models.CharField(max_length=320)
    """As it was at planning."""
    state = models.SmallIntegerField(choices=[(one.value, one.word) for one in State], default=State.PLANNED)
    attempts = models.SmallIntegerField(default=0)
    fence = models.IntegerField(default=0)
    """Grows with each claim; a write that carries an old fence changes nothing."""
    owner = models.CharField(max_length=80, blank=True, default="")
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    """When the first attempt was about to transmit: the Date header of every attempt."""
    settled_at = models.DateTimeField(null=True)
    reply_code = models.SmallIntegerField(null=True)
    reply = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "subscriber"], name="delivery_once")]
        indexes = [
            models.Index(
                fields=["mailing", "due_at", "id"],
                condition=models.Q(state__in=[one.value for one in WAITING]),
                name="delivery_due",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state__in=[one.value for one in LEASED]),
                name="delivery_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.get_state_display()}"
