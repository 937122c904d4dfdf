"""All lines to one server, and how many more of them are worth opening now."""

from collections import deque
from dataclasses import dataclass, field

from syndication.delivery.wire.lines import Line
from syndication.delivery.wire.mailroom import Job
from syndication.environment import SmtpAddress


@dataclass(slots=True)
class Crew:
    """The lines of one server.

    wanted      so many at most
    is_needed   whether there may be more jobs than lines
    is_blocked  an attempt failed: nothing is opened until the engine asks again
    is_misled   the server offers CHUNKING and does not know BDAT
    waiting     jobs to be offered first on a fresh line
    redials     lines whose address did not answer, and why; they try their server's next one
    """

    server: SmtpAddress
    wanted: int = 0
    lines: list[Line] = field(default_factory=list)
    is_needed: bool = False
    is_blocked: bool = False
    is_misled: bool = False
    waiting: deque[Job] = field(default_factory=deque)
    redials: list[tuple[Line, str]] = field(default_factory=list)

    @property
    def jobs(self) -> int:
        """How many have no end yet."""
        return len(self.waiting) + sum([line.jobs for line in self.lines])

    @property
    def ready(self) -> int:
        """How many lines stand."""
        return sum([line.talk is not None for line in self.lines])

    @property
    def opening(self) -> int:
        """How many lines are on their way."""
        return len(self.lines) - self.ready

    @property
    def missing(self) -> int:
        """How many to open now: one at first, then as many again as stand, up to `wanted`, while there may be jobs for them."""
        if self.is_blocked:
            return 0
        grows = self.is_needed and not any(line.is_idle for line in self.lines)
        useful = max(len(self.waiting), max(1, self.ready) if grows else 0)
        return max(0, min(useful - self.opening, self.wanted - len(self.lines)))
