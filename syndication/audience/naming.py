"""Says several lists in one phrase."""

from collections.abc import Sequence

MOST_NAMED = 3


def joined(names: Sequence[str]) -> str:
    """List names in a sentence: "Weekly", "Weekly and Monthly", "A, B and C"; more than MOST_NAMED are only counted."""
    if len(names) > MOST_NAMED:
        return f"{len(names)} newsletters"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
