"""The ledger's tables: what is sent (mailing), who works on which stretch of it (batch, lease), to whom with what outcome (delivery)."""

import uuid

from django.db import models

from syndication.articles.models import Article, Publication
from syndication.audience.models import Subscriber, SubscriberList
from syndication.delivery.fields import SecondsField
from syndication.delivery.states import Doubt, State


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
    planner_until = SecondsField(null=True)
    """Until then the planner of the last page counts as at work, and nobody rings for another one."""
    audience = models.IntegerField(null=True)
    """How many rows were planned; null while planning."""
    on_doubt = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Doubt], default=Doubt.HOLD)
    """Frozen from the publication's policy when the mailing is made."""
    waits_until = models.DateTimeField(null=True)
    bell = models.IntegerField(default=0)
    """Grows when the tick rings anew; chains of tasks with an older number end, so that they never pile up."""
    waits = models.SmallIntegerField(default=0)
    """How often in a row the server was away; the pause doubles with it."""
    waits_because = models.CharField(max_length=300, blank=True)
    """Why nothing is sent now, in words for staff: the SMTP server is away, and so on."""

    def __str__(self) -> str:
        return f"{self.key} ({self.state})"


class Lease(models.Model):
    """One sender run: who works, where its journal lies, until when it has said that it lives."""

    key = models.CharField(max_length=32, unique=True)
    """Also the name of its journal file."""
    owner = models.CharField(max_length=80)
    """host:process, for people."""
    site = models.CharField(max_length=32)
    """The journal folder's own name: only who reaches that folder can tell what this run has begun."""
    boot = models.CharField(max_length=16)
    """Changes when the machine starts anew: what the journal's page cache held is gone then."""
    until = SecondsField()

    def __str__(self) -> str:
        return f"{self.owner} until {self.until}"


class Batch(models.Model):
    """A stretch of a mailing's readers that one sender takes at a time, with the sums of its rows.

    The claim, its fence and its lease stand here, once for up to a thousand deliveries, and not in each of them.
    """

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="batches", db_index=False)
    low = models.BigIntegerField()
    """The first subscriber id."""
    high = models.BigIntegerField()
    """The last subscriber id, inclusive; batches of one mailing do not overlap."""
    rows = models.IntegerField()
    due_at = SecondsField(null=True)
    """When the next of its rows may be sent; null: nothing waits."""
    lease = models.ForeignKey(Lease, on_delete=models.PROTECT, null=True, related_name="batches")
    fence = models.IntegerField(default=0)
    """Grows with each claim; a write that carries an old fence changes nothing."""
    deaths = models.SmallIntegerField(default=0)
    """How many senders in a row died on it while they made the message of its suspect."""
    suspect = models.BigIntegerField(null=True)
    """The subscriber whose message was being made when the last sender died."""
    deferred = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    held = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "low"], name="batch_once")]
        indexes = [models.Index(fields=["mailing", "due_at"], name="batch_due")]

    def __str__(self) -> str:
        return f"batch {self.pk} of mailing {self.mailing_id}: {self.low} to {self.high}"


class Delivery(models.Model):
    """One mailing to one subscriber. Narrow: it must hold tens of millions.

    51 bytes a row in SQLite and 229 in PostgreSQL, indexes included, before the reply (measured, docs/decisions/0006).
    """

    State = State

    # Rows come from the subscribers' own rows, which are never deleted. A constraint would look each of them up again, twice, and in
    # PostgreSQL lock and rewrite it: a third of what the ledger costs there.
    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="deliveries", db_index=False, db_constraint=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="deliveries", db_index=False, db_constraint=False)
    sent_at = SecondsField(null=True)
    """When the first attempt was about to transmit: the Date header of every attempt."""
    due_at = SecondsField(null=True)
    """When it may be tried again; null for a planned one: at once."""
    state = models.SmallIntegerField(choices=[(one.value, one.word) for one in State], default=State.PLANNED)
    attempts = models.SmallIntegerField(default=0)
    reply_code = models.SmallIntegerField(null=True)
    """Of the last reply; null for a delivered one with the usual 250."""
    reply = models.CharField(max_length=300, null=True)  # noqa: DJ001  # null takes no byte in a row that must be narrow
    """The last reply; of a delivered one only the server's own number for the message."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailing", "subscriber"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.subscriber_id}: {self.get_state_display()}"

    @property
    def code(self) -> int | None:
        """The code of the last reply, or None when there was none."""
        return 250 if self.reply_code is None and self.state == State.DELIVERED else self.reply_code


class Attempt(models.Model):
    """One try that did not simply succeed, or a person's word about one; rows are only ever added."""

    mailing = models.ForeignKey(Mailing, on_delete=models.CASCADE, related_name="tries", db_index=False)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.PROTECT, related_name="tries", db_index=False)
    at = SecondsField()
    number = models.SmallIntegerField()
    """1 for the first try; 0 where nothing was tried: skipped, or decided by a person."""
    state = models.SmallIntegerField(choices=[(one.value, one.word) for one in State])
    """What it led to."""
    code = models.SmallIntegerField(null=True)
    reply = models.CharField(max_length=300)
    kind = models.CharField(max_length=12, blank=True)
    """What sort of refusal it was: hard, soft, policy … (refusals.py)."""
    where = models.CharField(max_length=120, blank=True)
    """The server that answered, or who decided."""

    class Meta:
        indexes = [models.Index(fields=["mailing", "subscriber"], name="attempt_of")]

    def __str__(self) -> str:
        return f"{self.mailing_id}/{self.subscriber_id} at {self.at}: {self.get_state_display()}"


class DoubtPolicy(models.Model):
    """What one publication wants when nobody can know whether a message was taken; without a row campaigns hold, confirmations retry."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="doubt_policies")
    kind = models.CharField(max_length=16, choices=Mailing.Kind)
    on_doubt = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Doubt])

    class Meta:
        constraints = [models.UniqueConstraint(fields=["publication", "kind"], name="doubt_policy_once")]

    def __str__(self) -> str:
        return f"{self.publication_id} {self.kind}: {self.on_doubt}"
