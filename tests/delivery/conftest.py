"""A small audience and a mailing for the ledger's tests."""

from datetime import UTC, datetime

import pytest

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def publication(db):
    from syndication.articles.models import Publication

    return Publication.objects.create(
        slug="weekly", name="Weekly", sender_name="Weekly", sender_address="e@weekly.example.org", mail_domain="weekly.example.org"
    )


@pytest.fixture
def news(publication):
    from syndication.audience.lists import create_list

    return create_list("news", publication=publication)


@pytest.fixture
def readers(news):
    """Adds `count` confirmed readers r0@example.org… to the list; gives their addresses."""
    from syndication.audience.importing import Plan, import_rows
    from syndication.audience.table.rows import Row

    def add(count):
        addresses = [f"r{number}@example.org" for number in range(count)]
        rows = [Row(line, address) for line, address in enumerate(addresses, start=2)]
        import_rows(rows, Plan(news, confirmed=True, dry_run=False, now=NOW))
        return addresses

    return add


@pytest.fixture
def mailing(news):
    from syndication.delivery.models import Mailing

    return Mailing.objects.create(
        key="campaign:1",
        publication=news.publication,
        list=news,
        subject="s",
        html="<p>h</p>",
        text="t",
        content_hash="0" * 64,
        frozen_at=NOW,
    )


@pytest.fixture
def wire(smtp_server, settings, tmp_path):
    """A real SMTP server, which is the only one of the settings."""
    from syndication.delivery.sending import send
    from syndication.environment import SmtpAddress

    settings.JOURNAL = tmp_path / "journal"
    settings.SMTP = SmtpAddress(smtp_server.host, smtp_server.port)
    yield smtp_server
    send.close_connections()
