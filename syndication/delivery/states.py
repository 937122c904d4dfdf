"""The states of a delivery and which of them are final."""

from enum import IntEnum, StrEnum


class State(IntEnum):
    """One row's place in the ledger; small numbers keep the rows narrow.

    planned and deferred wait in their rows. A row is claimed while its batch is leased, and transmitting from its intent in the
    sender's journal to its outcome there; both are read from the batch, and no row is written for them. Doubt is decided by the
    mailing's policy in the transaction that finds it, and stays visible among the row's attempts.
    """

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


class Doubt(StrEnum):
    """What becomes of a message whose fate nobody can know: never sent again by itself, or sent once more with the same Message-ID."""

    HOLD = "hold"
    RETRY = "retry"


WAITING = (State.PLANNED, State.DEFERRED)
FINAL = (State.DELIVERED, State.BOUNCED, State.FAILED, State.SKIPPED, State.HELD)
COUNTED = (State.DEFERRED, *FINAL)
"""What a batch keeps sums of; what is missing to its rows is planned."""
