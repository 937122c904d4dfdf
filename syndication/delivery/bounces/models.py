"""The table of mail that came back."""

from django.db import models

from syndication.audience.models import Subscriber


class InboundMail(models.Model):
    """One message that came to the bounce address, or one notice of a provider; nothing is thrown away that was not understood."""

    class Verdict(models.TextChoices):
        """What it was taken for; only the first four change anything."""

        BOUNCE = "bounce"
        SENDERS_FAULT = "sender's fault"
        COMPLAINT = "complaint"
        LEAVE = "leave"
        DELAY = "delay"
        VACATION = "vacation"
        RECEIPT = "receipt"
        FORGED = "forged"
        UNKNOWN = "unknown"
        NEW = "new"

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
    verdict = models.CharField(max_length=16, choices=Verdict, default=Verdict.NEW)
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
