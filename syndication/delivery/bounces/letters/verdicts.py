"""What a mail that came back can be."""

from enum import StrEnum


class Verdict(StrEnum):
    """What a mail is taken for; only the first four change anything."""

    BOUNCE = "bounce"
    SENDERS_FAULT = "sender's fault"
    COMPLAINT = "complaint"
    LEAVE = "leave"
    DELAY = "delay"
    VACATION = "vacation"
    RECEIPT = "receipt"
    FORGED = "forged"
    """It came to an address like ours, whose token is none of ours."""
    UNKNOWN = "unknown"
    NEW = "new"
    """Not read yet."""
