"""A short write that must not wait long: on SQLite it asks for the lock often, instead of sleeping up to a tenth of a second in between."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import OperationalError, connection, transaction

ASK_AGAIN_MS = 2
PATIENCE_SECONDS = 20.0
_USUAL = "PRAGMA busy_timeout = 20000"


@contextmanager
def short_write() -> Iterator[None]:
    """A transaction of a few statements, as transaction.atomic(). Raises OperationalError when the lock does not come in time.

    Measured with 300 sign-ups and one-clicks a second beside the mail worker: 40 a second go through with SQLite's own waiting.
    """
    with ExitStack() as stack:
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            _say(f"PRAGMA busy_timeout = {ASK_AGAIN_MS}")
            stack.callback(_say, _USUAL)
            _begin(stack)
        else:
            stack.enter_context(transaction.atomic())
        yield


def _begin(stack: ExitStack) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            stack.enter_context(transaction.atomic())
        except OperationalError:
            if time.monotonic() > give_up_at:
                raise
        else:
            return


def _say(pragma: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(pragma)
