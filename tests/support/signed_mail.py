"""A message in the parts in which rendering hands it out, and the whole that goes to the wire."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

NOW = int(time.time())  # verifiers look at their own clock


@dataclass(frozen=True)
class Mail:
    """Shared headers, own headers, body."""

    shared: bytes
    own: bytes
    body: bytes

    def signed(self, keys: Sequence, *, signed_at: int = NOW) -> bytes:
        """The whole message, signed with DomainKeys."""
        from syndication.delivery.signing.dkim import Signer

        fields = Signer(keys, shared_headers=self.shared).sign(self.own, self.body, signed_at=signed_at)
        return b"".join((fields, self.shared, self.own, b"\r\n", self.body))
