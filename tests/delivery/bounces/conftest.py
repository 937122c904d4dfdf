"""One reader of one mailing, and mail that comes back from them."""

from datetime import UTC, datetime

import pytest
from support.returned_mail import bounce_address, copy_tokens

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


@pytest.fixture
def reader(readers):
    from syndication.audience.models import Subscriber

    readers(3)
    return Subscriber.objects.get(address="r0@example.org")


@pytest.fixture
def made(mailing, reader, news):
    """The four tokens of the reader's copy."""
    mailing.envelope = {"mail_domain": "weekly.example.org"}
    mailing.save()
    return copy_tokens(mailing, reader, news)


@pytest.fixture
def comes(made):
    """Lets a mail come in and be read; gives its row."""
    from syndication.delivery.bounces.intake import Came, keep
    from syndication.delivery.bounces.models import InboundMail
    from syndication.delivery.bounces.read_inbound import read_inbound

    def come(raw, *, recipient=None, sender="", source="listener", now=NOW):
        keep(Came(source, sender, bounce_address(made) if recipient is None else recipient, raw), now)
        row = InboundMail.objects.order_by("-pk").first()
        read_inbound(lambda: now)
        row.refresh_from_db()
        return row

    return come


@pytest.fixture
def suppressed(reader):
    """The reasons for which the reader is not mailed: (reason, publication or None)."""
    from syndication.audience.models import Suppression

    def found():
        return sorted(Suppression.objects.filter(address_hash=reader.address_hash).values_list("reason", "publication"))

    return found
