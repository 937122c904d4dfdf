"""Tells for how long a child has shown no sign of life."""

import os
from pathlib import Path

from syndication import pulse
from syndication.pulse import Beat


class Silence:
    """Listens to one pulse file, by the listener's own clock: one that is set anew makes nobody silent."""

    def __init__(self, path: Path) -> None:
        """Have heard nothing yet."""
        self._path = path
        self._last: Beat | None = None
        self._heard_at = 0.0

    def seconds(self, process: int, now: float) -> float:
        """Since when that process has been silent; 0 while it starts, and while no pulse can be written anyway. `now` as in `forgive`."""
        seen = pulse.last_beat(self._path)
        if seen is None or seen.process != process or not os.access(self._path, os.W_OK):
            self._last = None
            return 0.0
        if seen != self._last:
            self._last, self._heard_at = seen, now
        return now - self._heard_at

    def forgive(self, now: float) -> None:
        """Count from now (seconds of one clock): the listener itself was away."""
        self._heard_at = now
