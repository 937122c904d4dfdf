"""A count that grows while the send loop turns, so that a watchdog can tell work from a standstill."""

_turns = 0


def beat() -> None:
    """One more turn."""
    global _turns  # noqa: PLW0603  # one number for the process; whoever loses a race only counts one less
    _turns += 1


def turns() -> int:
    """How many turns so far."""
    return _turns
