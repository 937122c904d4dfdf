"""What an exchange asks of the engine and tells it: jobs out, outcomes in.

Each job that next_job() gave ends in exactly one of answered(), lost() and returned(), whatever the server does.
All calls come from the thread that turns the exchange.
"""

from typing import Any, Protocol

from syndication.delivery.outcome import Answer
from syndication.delivery.parcel import Parcel
from syndication.environment import SmtpAddress


class Job(Protocol):
    """Anything the engine hands out that carries a parcel."""

    parcel: Parcel


class Mailroom(Protocol):
    """The engine's side. A job goes back to whom it came from, so `Any` stands where an engine names its own class."""

    def next_job(self, server: SmtpAddress) -> Job | None:
        """The next message for this server; None: nothing now, ask again after wake()."""
        ...

    def begin(self, job: Any) -> bool:
        """Note the intent: the bytes that end the message are queued next. False: withdrawn, it must not be sent."""
        ...

    def answered(self, job: Any, answer: Answer) -> None:
        """The server gave a clear reply, good or bad."""
        ...

    def lost(self, job: Any, why: str, *, after_dot: bool) -> None:
        """The connection broke; `after_dot`: the server may have the whole message, so nobody can know (RFC 1047)."""
        ...

    def returned(self, job: Any) -> None:
        """Surely not transmitted and no attempt."""
        ...

    def away(self, server: SmtpAddress, why: str) -> None:
        """No connection, no greeting, no TLS, wrong password: nothing was offered."""
        ...

    def flush(self) -> None:
        """Make the round's notes durable; after it the round's bytes are written."""
        ...
