"""The states of a delivery and which of them are final."""

from enum import IntEnum


class State(IntEnum):
    """One row's place in the ledger; small numbers keep the rows narrow."""

    PLANNED = 0
    CLAIMED = 1
    TRANSMITTING = 2
    DEFERRED = 3
    IN_DOUBT = 4
    DELIVERED = 10
    BOUNCED = 11
    FAILED = 12
    SKIPPED = 13
    HELD = 14

    @property
    def word(self) -> str:
        """As people and programs read it: "in_doubt"."""
        return self.name.lower()


WAITING = (State.PLANNED, State.DEFERRED)
LEASED = (State.CLAIMED, State.TRANSMITTING, State.IN_DOUBT)
FINAL = (State.DELIVERED, State.BOUNCED, State.FAILED, State.SKIPPED, State.HELD)
