"""Composes some letters at once, ahead of the lines that will carry them.

Composing and sending use different code and memory; in turns for each message they push each other out of the processor's caches, which
cost a sixth of a sender's time. A letter that waits too long is composed again, since its Date is that of its attempt.
"""

import json
import time
from collections import deque
from datetime import UTC, datetime

from syndication.delivery.ledger.statements import WaitingRow
from syndication.delivery.mailing.compose import Composer
from syndication.delivery.sending.letters import Letter, OpenBatch
from syndication.delivery.servers.routing import Address
from syndication.rendering.reader import ReaderRow

MOST_AHEAD = 16
FRESH_SECONDS = 2.0


class Ahead:
    """The composed letters of one run that no line has taken yet, first come first."""

    __slots__ = ("_composer", "_date", "_second", "letters")

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._second, self._date = 0, datetime.now(UTC)
        self.letters: deque[Letter] = deque()

    @property
    def has_room(self) -> bool:
        """Whether one more may be composed now."""
        return len(self.letters) < MOST_AHEAD

    def compose(self, batch: OpenBatch, row: WaitingRow, server: Address) -> None:
        """Add the letter of a row, for a server that may change. Raises what the composer does."""
        second = int(time.time())
        if second != self._second:
            self._second, self._date = second, datetime.fromtimestamp(second, UTC)
        sent_at = row.sent_at or second
        date = self._date if sent_at == second else datetime.fromtimestamp(sent_at, UTC)
        attributes = {} if row.attributes == "{}" else json.loads(row.attributes)
        parcel = self._composer.parcel_of(ReaderRow(row.subscriber, row.address, row.name, attributes, row.locale), date)
        self.letters.append(Letter(parcel, batch, row, sent_at, server, time.monotonic()))

    def take(self, server: Address) -> Letter | None:
        """The next letter, which this server's line takes now; None when it has waited too long: compose its row again."""
        letter, now = self.letters[0], time.monotonic()
        if now - letter.handed_at > FRESH_SECONDS:
            return None
        letter.server, letter.handed_at = server, now
        return self.letters.popleft()
