"""Knows which host may get one more request now: so many at once and a second, fewer from those that are not known to answer."""

from collections.abc import Mapping
from dataclasses import dataclass

SLOTS = 128  # requests on their way at once
SLOTS_FOR_SILENT = 32  # of these, for hosts whose last request had no answer
AT_ONCE = 8  # to one host that answers
A_SECOND = 50.0  # to one host, in the long run; as many at once when it had none for a second
MOST_IDLE = 10_000  # hosts remembered that have nothing on its way


@dataclass(slots=True)
class _Lane:
    failures: int = 0
    failed_at: float = 0.0
    has_answered: bool = False
    on_the_way: int = 0
    tokens: float = A_SECOND
    at: float = 0.0

    def refilled(self, now: float) -> float:
        return min(A_SECOND, self.tokens + max(0.0, now - self.at) * A_SECOND)


class Lanes:
    """Counts what is on its way. Times are seconds of any clock that only goes forward.

    failures  of each host that did not answer last time, in a row
    """

    def __init__(self, failures: Mapping[str, int]) -> None:
        self._lanes = {host: _Lane(failures=count) for host, count in failures.items()}
        self._in_use: set[str] = set()
        self._on_the_way = 0

    @property
    def on_the_way(self) -> int:
        """Requests that have begun and not ended."""
        return self._on_the_way

    @property
    def room(self) -> int:
        """How many more may begin."""
        return SLOTS - self._on_the_way

    def closed(self, now: float) -> set[str]:
        """Hosts that get nothing more at this moment."""
        idle = [host for host in self._in_use if not self._lanes[host].on_the_way and self._lanes[host].refilled(now) >= A_SECOND]
        self._in_use.difference_update(idle)
        closed = {host for host in self._in_use if not self._has_room(self._lanes[host], now)}
        if self._silent_on_the_way() >= SLOTS_FOR_SILENT:
            closed.update(host for host, lane in self._lanes.items() if lane.failures)
        return closed

    def begin(self, host: str, now: float) -> bool:
        """Whether one more may go to this host, and then it is counted."""
        lane = self._lanes.get(host) or self._new(host, now)
        is_one_too_many = lane.failures and self._silent_on_the_way() >= SLOTS_FOR_SILENT
        if self.room <= 0 or is_one_too_many or not self._has_room(lane, now):
            return False
        lane.tokens, lane.at = lane.refilled(now) - 1, now
        lane.on_the_way += 1
        self._on_the_way += 1
        self._in_use.add(host)
        return True

    def cancel(self, host: str) -> None:
        """What had begun was not sent."""
        self._lanes[host].on_the_way -= 1
        self._on_the_way -= 1

    def end(self, host: str, *, began: float, now: float, has_answered: bool) -> tuple[int, int]:
        """One ended: how many of this host failed in a row before, and how many now.

        Several that were on their way together fail for one reason and count as one.
        """
        self.cancel(host)
        lane = self._lanes[host]
        before = lane.failures
        lane.has_answered = has_answered
        if has_answered:
            lane.failures = 0
        elif not before or began >= lane.failed_at:
            lane.failures, lane.failed_at = before + 1, now
        return before, lane.failures

    def _has_room(self, lane: _Lane, now: float) -> bool:
        at_once = AT_ONCE if lane.has_answered else 1  # one that hangs from the start costs one slot, however many wait for it
        return lane.on_the_way < at_once and lane.refilled(now) >= 1

    def _silent_on_the_way(self) -> int:
        return sum(self._lanes[host].on_the_way for host in self._in_use if self._lanes[host].failures)

    def _new(self, host: str, now: float) -> _Lane:
        if len(self._lanes) >= MOST_IDLE:
            self._lanes = {name: lane for name, lane in self._lanes.items() if lane.failures or name in self._in_use}
        return self._lanes.setdefault(host, _Lane(at=now))
