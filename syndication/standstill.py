"""Tells from a row of looks at a process whether it stands still."""

from collections.abc import Mapping
from dataclasses import dataclass

FREEZE_SECONDS = 10.0  # between two looks: the process or its machine stood still, which is nobody's fault


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look found.

    moves     a number that changes whenever something began, ended or moved
    requests  the tasks under way ("name id") and for each a number that changes when it moves
    waiting   messages in the queues; None when the queue server does not answer
    """

    moves: int
    requests: Mapping[str, int]
    waiting: int | None


class Judge:
    """Remembers when what last moved. All times are seconds of one clock, which is passed in."""

    def __init__(self, stall_seconds: float, now: float) -> None:
        """Know nothing yet."""
        self.stall_seconds = stall_seconds
        self._looked_at = self._moved_at = now
        self._waiting_since: float | None = None
        self._last = Seen(0, {}, 0)
        self._request_moved_at: dict[str, float] = {}

    def judge(self, seen: Seen, now: float) -> str:
        """Why the process must end; empty while it moves, or nothing can be said."""
        is_blind = seen.waiting is None or now - self._looked_at > FREEZE_SECONDS
        self._note(seen, now, forgive=is_blind)
        if is_blind:
            return ""
        for request, moved_at in self._request_moved_at.items():
            if now - moved_at >= self.stall_seconds:
                return f"the task {request} has not moved for {now - moved_at:.0f} s"
        if self._waiting_since is not None and now - max(self._waiting_since, self._moved_at) >= self.stall_seconds:
            return f"{seen.waiting} messages wait and nothing has moved for {now - self._moved_at:.0f} s"
        return ""

    def _note(self, seen: Seen, now: float, *, forgive: bool) -> None:
        last, self._last, self._looked_at = self._last, seen, now
        if forgive or seen.moves != last.moves or seen.requests != last.requests:
            self._moved_at = now
        if forgive or not seen.waiting:
            self._waiting_since = None
        elif self._waiting_since is None:
            self._waiting_since = now
        self._request_moved_at = {
            request: now if forgive or marks != last.requests.get(request) else self._request_moved_at[request]
            for request, marks in seen.requests.items()
        }
