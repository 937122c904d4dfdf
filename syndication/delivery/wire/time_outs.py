"""How long each step of a connection may take (RFC 5321 4.5.3.2)."""

from dataclasses import dataclass
from enum import StrEnum


class Await(StrEnum):
    """What a line waits for, as people read it; the names are those of TimeOuts' fields in capitals."""

    NOTHING = "nothing"
    CONNECT = "a connection"
    GREETING = "the greeting"
    HELLO = "an answer to EHLO, STARTTLS or AUTH"
    MAIL = "an answer to MAIL"
    RCPT = "an answer to RCPT"
    DATA = "an answer to DATA"
    BLOCK = "room for the message"
    DOT = "an answer to the end of the message"


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """Seconds. The clock of each begins when the line last made progress: a complete reply heard or bytes written."""

    connect: float = 30
    greeting: float = 300  # RFC 5321 4.5.3.2.1
    hello: float = 300
    mail: float = 300  # RFC 5321 4.5.3.2.2
    rcpt: float = 300  # RFC 5321 4.5.3.2.3
    data: float = 120  # RFC 5321 4.5.3.2.4
    block: float = 180  # RFC 5321 4.5.3.2.5
    dot: float = 600  # RFC 5321 4.5.3.2.6: a shorter wait makes duplicates
    idle: float = 300  # then a kept connection is closed rather than trusted: routers forget it, servers hang up

    def seconds(self, awaited: Await) -> float:
        """The limit for what is awaited; an idle line's for NOTHING."""
        return float(getattr(self, "idle" if awaited is Await.NOTHING else awaited.name.lower()))

    @property
    def shortest(self) -> float:
        """The smallest of all, seconds."""
        return min(self.connect, self.greeting, self.hello, self.mail, self.rcpt, self.data, self.block, self.dot, self.idle)
