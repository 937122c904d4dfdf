"""A sender that dies at any of the named points leaves a campaign that the next one brings to its end."""

import subprocess
import sys

import pytest

from chaos.scene import CONNECTIONS
from syndication.delivery import crash_points
from syndication.delivery.crash_points import NAMES
from syndication.environment import SettingError

READERS = 700  # two pages of planning
PASSING = {"composed": 57, "after-reply": 57, "before-dot": 5, "after-dot": 5}
"""The first are passed once a message, the second ones once a turn; the others at their first passing."""
REACH_TWICE = "from syndication.delivery.crash_points import reach; reach('after-dot'); print('once'); reach('after-dot'); print('twice')"


def reach_twice(at):
    """What a process that passes one point twice says, and its exit code."""
    environ = {crash_points.VARIABLE: at} if at else {}
    done = subprocess.run([sys.executable, "-u", "-c", REACH_TWICE], env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(
    ("at", "ends"),
    [
        ("", (0, ["once", "twice"])),
        ("after-dot", (137, [])),
        ("after-dot:2", (137, ["once"])),
        ("after-dot:3", (0, ["once", "twice"])),
        ("before-dot", (0, ["once", "twice"])),
    ],
)
def test_a_process_dies_at_the_wanted_passing_of_the_wanted_point(at, ends):
    assert reach_twice(at) == ends


@pytest.mark.parametrize("at", ["nowhere", "after-dot:0", "after-dot:x", "after-dot:-1", ":3"])
def test_a_wrong_point_names_the_variable_and_what_is_possible(at):
    with pytest.raises(SettingError, match="SYNDICATION_CRASH_AT"):
        crash_points.wanted({crash_points.VARIABLE: at})


@pytest.mark.processes
@pytest.mark.parametrize("name", NAMES)
def test_a_death_at_this_point_loses_nothing_and_sends_nothing_twice(scene, name):
    scene = scene(READERS)
    scene.crew.start_queue()
    scene.crew.add_beat("beat")
    mortal = scene.home.start_worker(**{crash_points.VARIABLE: f"{name}:{PASSING.get(name, 1)}"})
    scene.cli("campaign", "start", "1")
    assert mortal.process.wait(60) == crash_points.EXIT_CODE, mortal.output
    scene.explain(CONNECTIONS)
    scene.home.start_worker()
    scene.finish(seconds=60)
    verdict = scene.judge()
    assert verdict.broken == []
    assert (verdict.lost, verdict.duplicates) == (0, 0)
    assert verdict.states["delivered"] + verdict.held == READERS
