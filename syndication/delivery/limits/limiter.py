"""Says how fast mail may go, once for a batch, and learns from what became of it (an edge: Redis and SQL)."""

from collections.abc import Mapping
from datetime import datetime

from syndication.delivery.limits.budgets import Grants, Reported


class Limiter:
    """One for a sender process, kept as long as it lives."""

    def grant(self, sender_domain: str, wanted: Mapping[str, int], now: datetime | None = None) -> Grants:
        """How many messages for each recipient domain may go now; what is granted counts as sent.

        sender_domain  of the envelope or From, as publication.mail_domain
        wanted         recipient domain (lower case, as addresses are kept) -> messages >= 1 of one batch
        now            only for tests; else the clock that all processes share counts
        Never raises: while Redis is away the buckets stand in SQL.
        """
        return Grants(dict(wanted))

    def give_back(self, sender_domain: str, unused: Mapping[str, int], now: datetime | None = None) -> None:
        """Return what was granted and not sent: recipient domain -> messages."""

    def report(self, sender_domain: str, counts: Mapping[str, Reported], now: datetime | None = None) -> None:
        """Tell what recipient domains answered, once for a settlement group; a provider that complains of speed is slowed down."""
