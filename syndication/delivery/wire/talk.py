"""Binds one connection's conversation to the engine that it works for: where jobs come from, and who hears what became of them."""

from collections.abc import Callable
from typing import Any

from syndication.delivery.outcome import Answer
from syndication.delivery.wire.mailroom import Mailroom
from syndication.environment import SmtpAddress


def no_job(_server: SmtpAddress) -> None:
    """What a line that takes no more asks instead of the mailroom."""


class Talk:
    """What both ways of speaking to a server share; the engine's calls are bound once, since each is made for every message."""

    __slots__ = ("_answered", "_begin", "_lost", "_next_job", "_returned", "_takes_more")

    def __init__(self, room: Mailroom) -> None:
        self._takes_more = True
        self.work_for(room)

    def work_for(self, room: Mailroom) -> None:
        """Take jobs from this mailroom and tell it what became of them."""
        self._next_job: Callable[[SmtpAddress], Any] = room.next_job if self._takes_more else no_job
        self._begin: Callable[[Any], bool] = room.begin
        self._answered: Callable[[Any, Answer], None] = room.answered
        self._lost = room.lost
        self._returned: Callable[[Any], None] = room.returned

    def take_no_more(self) -> None:
        """Finish what is begun, then stay idle."""
        self._takes_more, self._next_job = False, no_job
