"""Knows how many of a server's connections one sender may open beside the others."""

from collections.abc import Sequence
from typing import NamedTuple


class Holder(NamedTuple):
    """A sender at a server: connections that it would like (>= 1), and those that it holds."""

    wanted: int
    held: int


def lines_for(most: int, holders: Sequence[Holder], me: int) -> int:
    """How many connections `holders[me]` may hold now; with what the others hold never more than `most`.

    Everyone may have an equal share, and what some do not want goes to the others; the earlier of them get what cannot be divided. Who
    holds more than that gives the rest up at its next question, so a newcomer waits no longer than that.
    """
    fair, left = [0] * len(holders), most
    in_order = sorted(range(len(holders)), key=lambda place: (holders[place].wanted, place))
    for done, place in enumerate(in_order):
        fair[place] = min(holders[place].wanted, -(-left // (len(in_order) - done)))
        left -= fair[place]
    others = sum(one.held for place, one in enumerate(holders) if place != me)
    return max(0, min(fair[me], most - others))
