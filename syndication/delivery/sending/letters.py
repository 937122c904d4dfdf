"""What a sender run holds in its hands: its batches, the letters at the wire, what the domains answered."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from syndication.delivery.journal.records import Settled
from syndication.delivery.ledger.statements import BatchClaim, Taken, WaitingRow
from syndication.delivery.limits.limiter import Limiter
from syndication.delivery.mailing.compose import Composer
from syndication.delivery.parcel import Parcel
from syndication.delivery.servers.routing import Address


class Carrier(Protocol):
    """What carries letters: wire.exchange.Exchange to SMTP servers, esp.lane.EspLane to a provider. `room` is the run that it serves."""

    room: Any

    @property
    def in_flight(self) -> int: ...  # noqa: D102
    def staff(self, server: Any, connections: int) -> None: ...  # noqa: D102
    def ready_lines(self, server: Any) -> int: ...  # noqa: D102
    def wake(self) -> None: ...  # noqa: D102
    def turn(self, longest_seconds: float) -> None: ...  # noqa: D102
    def close(self, grace_seconds: float = 0) -> None: ...  # noqa: D102


@dataclass(slots=True)
class OpenBatch:
    """A claimed batch on its way: rows not yet handed out, how many have no outcome yet, outcomes not yet in the ledger."""

    claim: BatchClaim
    left: deque[WaitingRow]
    unsettled: int
    outcomes: list[Settled] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    """Those of the outcomes that nearly always come: delivered at the first try."""
    parked: list[tuple[float, WaitingRow]] = field(default_factory=list)
    """Rows whose domain may take no more for a moment, and the moment (time.monotonic)."""


@dataclass(slots=True)
class Letter:
    """One message at the wire, since `handed_at` (time.monotonic)."""

    parcel: Parcel
    batch: OpenBatch
    row: WaitingRow
    sent_at: int
    server: Address
    handed_at: float


@dataclass(slots=True)
class Seen:
    """What a recipient domain answered since the last report."""

    accepted: int = 0
    rate_refusals: int = 0
    other_4xx: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run works with and does not own; `staffed`: the servers to which the exchange keeps lines from earlier runs."""

    composer: Composer
    exchange: Carrier
    limiter: Limiter
    staffed: set[Address] = field(default_factory=set)


def domain_of(row: WaitingRow) -> str:
    """The recipient's domain."""
    return row.address.rpartition("@")[2]
