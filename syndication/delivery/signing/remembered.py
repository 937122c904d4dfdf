"""Remembers answers for a while, so that a question asked for every batch costs a statement only now and then."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST = 500  # answers; more than that are forgotten together


class Remembered(Generic[T]):
    """Answers by their question; may be used from any thread: at worst two of them ask at once."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._seconds, self._clock = seconds, clock
        self._answers: dict[Hashable, tuple[float, T]] = {}

    def answer(self, question: Hashable, find: Callable[[], T]) -> T:
        """What `find` gave less than `seconds` ago, or gives now; an error of `find` is not remembered."""
        now = self._clock()
        kept = self._answers.get(question)
        if kept and now - kept[0] < self._seconds:
            return kept[1]
        found = find()
        if len(self._answers) >= _MOST:
            self._answers.clear()
        self._answers[question] = (now, found)
        return found

    def forget(self) -> None:
        """Ask again from now on."""
        self._answers.clear()
