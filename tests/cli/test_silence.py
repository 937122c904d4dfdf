"""Children that are frozen: noticed by their pulse, killed, and started again."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.homes import REPOSITORY
from support.waiting import wait_until

from syndication import pulse
from syndication.cli import children
from syndication.cli.children import Child, Stop
from syndication.cli.silence import Silence
from syndication.cli.supervisor import Supervisor


def write(path: Path, process: int, at: float) -> None:
    path.write_text(f"{process} 1 {at}\n")


def test_silence_is_counted_from_the_last_new_beat(tmp_path):
    silence = Silence(tmp_path / "p")
    write(tmp_path / "p", 7, 100)
    assert silence.seconds(7, 1000) == 0
    assert silence.seconds(7, 1030) == 30
    write(tmp_path / "p", 7, 102)
    assert silence.seconds(7, 1031) == 0


def test_a_child_that_starts_is_not_silent_for_what_the_one_before_it_left(tmp_path):
    silence = Silence(tmp_path / "p")
    assert silence.seconds(8, 1000) == 0
    write(tmp_path / "p", 7, 100)
    assert silence.seconds(8, 1000) == 0
    assert silence.seconds(8, 2000) == 0


def test_a_listener_that_was_away_itself_begins_again(tmp_path):
    silence = Silence(tmp_path / "p")
    write(tmp_path / "p", 7, 100)
    silence.seconds(7, 1000)
    silence.forgive(5000)
    assert silence.seconds(7, 5001) == 1


BEATER = """
import pathlib, sys, time
from syndication import pulse
while True:
    pulse.beat(pathlib.Path(sys.argv[1]))
    time.sleep(0.05)
"""


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said):
    with Supervisor(os.environ | {"PYTHONPATH": str(REPOSITORY)}, lambda name, line: said.append((name, line))) as running:
        yield running


@pytest.fixture
def beater(tmp_path):
    command = (sys.executable, "-u", "-c", BEATER, str(tmp_path / "p"))
    return Child("a", command, Stop.WORK, pulse_file=tmp_path / "p", silent_seconds=1)


def turn_until(supervisor, condition, seconds=20):
    def turned() -> bool:
        supervisor.turn(0.05)
        return condition()

    wait_until(turned, seconds=seconds)


def process_of(path: Path) -> int | None:
    seen = pulse.last_beat(path)
    return seen.process if seen else None


@pytest.mark.processes
def test_a_frozen_child_is_killed_and_started_again(supervisor, said, beater):
    supervisor.start(beater)
    turn_until(supervisor, lambda: process_of(beater.pulse_file))
    old = process_of(beater.pulse_file)
    os.kill(old, signal.SIGSTOP)
    turn_until(supervisor, lambda: process_of(beater.pulse_file) != old)
    assert said == [("a", "has shown no sign of life for 1 s; killed"), ("a", "ended with SIGKILL; starting again in 1 s")]


@pytest.mark.processes
def test_a_supervisor_that_stood_still_itself_kills_nobody_for_it(supervisor, said, beater):
    supervisor.start(beater)
    turn_until(supervisor, lambda: process_of(beater.pulse_file))
    child = process_of(beater.pulse_file)
    os.kill(child, signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "T", what="the stop")
    supervisor.turn(0.05)
    (watched,) = supervisor._watched
    watched.silence.forgive(watched.silence._heard_at - 1000)  # as if the last beat were long ago …
    supervisor._turned_at -= 1000  # … and the supervisor had slept since
    supervisor.turn(0.05)
    assert said == []


@pytest.mark.processes
def test_a_frozen_worker_is_killed_and_works_again(live_home, said):
    live_home.start_queue()
    environ = children.environ_of_children(live_home.environ, home=live_home.path, feeds=live_home.feeds, package_folder=REPOSITORY)
    bulk = next(child for child in children.workers(live_home.path) if child.name == "bulk")
    with Supervisor(environ, lambda name, line: said.append((name, line))) as supervisor:
        supervisor.start(replace(bulk, silent_seconds=5))
        turn_until(supervisor, lambda: supervisor.all_ready() and process_of(bulk.pulse_file), seconds=60)
        old = process_of(bulk.pulse_file)
        os.kill(old, signal.SIGSTOP)
        turn_until(supervisor, lambda: process_of(bulk.pulse_file) != old and supervisor.all_ready(), seconds=60)
    assert ("bulk", "has shown no sign of life for 5 s; killed") in said
