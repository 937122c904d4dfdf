"""The product's own worker with journal and ledger off, for whole_product.py: what it sends nobody writes down, and a crash would lose it.

    celery -A unsafe worker …     with benchmarks/ on PYTHONPATH

All else is as always: queue, claims of batches, reading of rows with the question who may be mailed, limits, looks at who has left.
"""

from collections import defaultdict
from typing import Any

from receivers import REPOSITORY  # noqa: F401  # puts the repository on the path

from worker import app  # sets Django up, so it comes first

# isort: split
from django.db import connection

from syndication.delivery.journal import records
from syndication.delivery.journal.files import JournalFile
from syndication.delivery.ledger import statements

__all__ = ["app"]


def _nothing(*_: Any, **__: Any) -> None:
    """What the journal does here."""


def _no_line(*_: Any, **__: Any) -> bytes:
    return b""


_settle = statements.settle
_sent: defaultdict[int, list[statements.Taken]] = defaultdict(list)


def _only_give_back(mailing_id: int, batch: statements.BatchClaim, came: statements.Came, *, release: bool) -> bool:
    """Instead of settling: a batch that was sent whole is never due again. One that a run's end cut in two is settled as always."""
    _sent[batch.id] += came.taken
    if not release:
        return True
    sent = _sent.pop(batch.id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE syndication_batch SET lease_id = NULL, due_at = NULL WHERE id = %s AND rows = %s", [batch.id, len(sent)])
        if cursor.rowcount:
            return True
    return _settle(mailing_id, batch, statements.Came((), sent), release=True)


JournalFile.append = JournalFile.sync = JournalFile.reserve = _nothing  # type: ignore[method-assign]
records.intent = records.delivered = records.outcome = _no_line  # type: ignore[assignment]
statements.settle = _only_give_back
