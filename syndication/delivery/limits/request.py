"""What one batch asks of the buckets, in the form that both stores read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from syndication.delivery.limits.buckets import Bucket, Wish

PREFIX = "syn:limit:"
KEPT_SECONDS = 3600
"""How long a full bucket is kept in Redis; one that is missing starts empty, which costs a burst and breaks no limit."""


@dataclass(frozen=True, slots=True)
class Request:
    """The buckets of one batch and the wishes for them, the smallest wish first.

    generation    of the buckets; see place.py
    owed_seconds  what a new bucket owes, in seconds of its rate: senders may have used another store until now
    now           only for tests: seconds since 1970 instead of the store's clock
    """

    buckets: Sequence[Bucket]
    wishes: Sequence[Wish]
    generation: int = 0
    owed_seconds: float = 0.0
    now: float | None = None

    def keys(self) -> list[str]:
        """Where each bucket is kept."""
        return [f"{PREFIX}{self.generation}:{one.key}" for one in self.buckets]

    def as_json(self, **more: object) -> str:
        """For the scripts: buckets as [rate, burst]; no "now" when the server's clock counts."""
        specs = [(one.rate, one.burst) for one in self.buckets]
        asked = {"buckets": specs, "owed": self.owed_seconds, "kept": KEPT_SECONDS, **more}
        return json.dumps(asked if self.now is None else asked | {"now": self.now})
