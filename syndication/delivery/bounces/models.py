"""The tables of mail that came back, and of what providers hold against the sender."""

from django.db import models

from syndication.audience.models import Subscriber
from syndication.delivery.bounces.letters.verdicts import Verdict
from syndication.delivery.limits.models import LONGEST_DOMAIN


class InboundMail(models.Model):
    """One message that came to the bounce address, or one notice of a provider; nothing is thrown away that was not understood."""

    digest = models.CharField(max_length=64, unique=True)
    """SHA-256 of the whole message, hexadecimal: the same mail, fetched twice, acts once."""
    source = models.CharField(max_length=80)
    """"listener", "mailbox", "webhook postmark"."""
    sender = models.CharField(max_length=320, blank=True)
    """The envelope sender; empty for the null sender."""
    recipient = models.CharField(max_length=320, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    raw = models.BinaryField(default=b"")
    """As it came, cut off at a limit; emptied when it is old."""
    verdict = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Verdict], default=Verdict.NEW.value)
    status = models.CharField(max_length=12, blank=True)
    """The enhanced status code (RFC 3463)."""
    detail = models.CharField(max_length=300, blank=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.SET_NULL, null=True, related_name="inbound_mail")
    mailing_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    """When it was understood and acted on."""

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], name="inbound_by_time"),
            models.Index(fields=["id"], condition=models.Q(read_at=None), name="inbound_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} from {self.sender or '<>'}"


class SendersFault(models.Model):
    """Refusals of one provider that speak of us and not of the readers; staff see them until somebody says that it is mended."""

    sender_domain = models.CharField(max_length=LONGEST_DOMAIN)
    provider = models.CharField(max_length=LONGEST_DOMAIN)
    domain = models.CharField(max_length=LONGEST_DOMAIN)
    """The recipient domain that refused last; a provider may have several."""
    word = models.CharField(max_length=24)
    """What is wrong: blocklist, authentication … (delivery/refusals.py)."""
    reply = models.CharField(max_length=300, blank=True)
    count = models.PositiveIntegerField(default=0)
    """Refusals since the first, or since staff said that it is mended."""
    recent = models.PositiveIntegerField(default=0)
    recent_from = models.DateTimeField()
    """How many of them came since this moment, at most an hour."""
    sent_from = models.DateTimeField()
    """When the first of those recent ones was sent: what was taken since then speaks for the sender."""
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    looked_at = models.DateTimeField(null=True)
    """When it was last asked whether the domain must pause."""
    paused_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    """When staff last got a mail about it."""
    mended_at = models.DateTimeField(null=True)
    """When staff said that it is mended; a later refusal shows it again."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sender_domain", "provider"], name="senders_fault_once")]

    def __str__(self) -> str:
        return f"{self.provider} refuses {self.sender_domain}: {self.word}"


class RefusalsRead(models.Model):
    """How far the attempts at the wire were read for bounces. One row."""

    upto = models.BigIntegerField(default=0)
    """Every attempt up to this id has been looked at, also those whose transactions were slow."""
    seen = models.BigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True)
    """The last id at that moment: it becomes `upto` when no transaction of then can still be open."""

    def __str__(self) -> str:
        return f"up to {self.upto}"
