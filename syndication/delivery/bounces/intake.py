"""Keeps what came in, once, before anybody reads it: a crash between the two loses nothing."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from syndication.delivery.bounces.letters.condensing import condensed
from syndication.delivery.bounces.models import InboundMail
from syndication.delivery.ledger.database import durable

LONGEST_ADDRESS = 320
LISTENER, MAILBOX, WEBHOOK = "listener", "mailbox", "webhook"


class Came(NamedTuple):
    """One mail with its envelope; `recipient` is "" where it is not known, `sender` "" for the null sender."""

    source: str
    sender: str
    recipient: str
    raw: bytes


def keep(came: Came, now: datetime, *, digest: str = "") -> None:
    """Write one mail down, durably; the same one again changes nothing. Raises what the database raises.

    digest  what makes it the same one, when that is not its bytes
    """
    keep_rows([row_of(came, now, digest=digest)])


def row_of(came: Came, now: datetime, *, digest: str = "") -> InboundMail:
    """A mail as it is kept, made small where it is large; not written yet."""
    return InboundMail(
        digest=digest or digest_of(came),
        source=came.source[:80],
        sender=_plain(came.sender),
        recipient=_plain(came.recipient),
        size_bytes=len(came.raw),
        raw=condensed(came.raw),
        received_at=now,
    )


def keep_rows(rows: Sequence[InboundMail]) -> None:
    """Write mails down in one durable transaction: one wait for the disk for all that came at the same moment."""
    with durable():
        InboundMail.objects.bulk_create(rows, ignore_conflicts=True)


def digest_of(came: Came) -> str:
    """SHA-256 over the recipient and the whole message: two copies of one mail to two addresses are two."""
    found = hashlib.sha256(came.recipient.lower().encode("utf-8", "surrogateescape") + b"\0")
    found.update(came.raw)
    return found.hexdigest()


def _plain(address: str) -> str:
    """An address as a column takes it: no control characters, no halves of letters."""
    return "".join(letter for letter in address if letter.isprintable())[:LONGEST_ADDRESS]
