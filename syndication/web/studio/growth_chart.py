"""Draws who came and who left as bars above and below a line: numbers for an SVG, made on the server."""

from collections.abc import Sequence
from dataclasses import dataclass

from syndication.audience.staff.growth import Step

HEIGHT = 120  # units above and below the line together
GAP = 0.2  # of a bar's place


@dataclass(frozen=True, slots=True)
class Bar:
    """One day or week: where its two bars stand, in the chart's own units, 100 of them wide."""

    step: Step
    x: float
    width: float
    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars and where their line lies."""

    bars: list[Bar]
    line: float
    highest: int
    lowest: int


def chart_of(steps: Sequence[Step]) -> Chart:
    """All steps side by side; the tallest two bars fill the height."""
    highest, lowest = max((one.came for one in steps), default=0), max((one.left for one in steps), default=0)
    unit = HEIGHT / max(highest + lowest, 1)
    place = 100 / max(len(steps), 1)
    bars = [
        Bar(
            one,
            round(number * place + place * GAP / 2, 3),
            round(place * (1 - GAP), 3),
            round(one.came * unit, 2),
            round(one.left * unit, 2),
        )
        for number, one in enumerate(steps)
    ]
    return Chart(bars, round(highest * unit if highest + lowest else HEIGHT / 2, 2), highest, lowest)
