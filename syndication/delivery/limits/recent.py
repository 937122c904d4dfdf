"""Remembers for a minute what this process saw of each provider; older answers fade, so that memory stays flat."""

from syndication.delivery.limits.adaptive import Seen

HALF_SECONDS = 30.0
LEAST_SECONDS = 1.0


class RecentAnswers:
    """Counts of the last 30 to 60 seconds, by any key."""

    def __init__(self, now: float) -> None:
        """Remember nothing yet; `now` in seconds of any clock, the same for every call."""
        self._began = self._turned = now
        self._older: dict[tuple[str, str], tuple[int, int]] = {}
        self._newer: dict[tuple[str, str], tuple[int, int]] = {}

    def note(self, key: tuple[str, str], accepted: int, complaints: int, now: float) -> Seen:
        """Add what a settlement group saw; all that is remembered of the key."""
        self._turn(now)
        known, before = self._newer.get(key, (0, 0)), self._older.get(key, (0, 0))
        self._newer[key] = (known[0] + accepted, known[1] + complaints)
        return Seen(known[0] + before[0] + accepted, known[1] + before[1] + complaints, max(LEAST_SECONDS, now - self._began))

    def forget(self, key: tuple[str, str]) -> None:
        """Start anew with a key: what was seen has been acted on."""
        self._newer.pop(key, None)
        self._older.pop(key, None)

    def _turn(self, now: float) -> None:
        since = now - self._turned
        if 0 <= since < HALF_SECONDS:
            return
        is_next = HALF_SECONDS <= since < 2 * HALF_SECONDS
        self._older = self._newer if is_next else {}
        self._began = self._turned if is_next else now
        self._newer, self._turned = {}, now
