"""The pulse file and the command that Docker's health check runs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.waiting import wait_until

from syndication import pulse

BEATER = """
import pathlib, sys, time
from syndication import pulse
path = pathlib.Path(sys.argv[1])
path.parent.mkdir(exist_ok=True)
while True:
    pulse.beat(path)
    time.sleep(0.05)
"""
FRESH = 0.2  # seconds


@pytest.fixture
def beater(tmp_path):
    """A process that beats as `w@<this machine>` in a home of its own."""
    path = pulse.path_of(tmp_path, "w@%h")
    with subprocess.Popen([sys.executable, "-c", BEATER, str(path)], env=os.environ | {"PYTHONPATH": "."}) as process:
        wait_until(lambda: pulse.last_beat(path), what="the first beat")
        yield process
        process.kill()


def look(home: Path, *options: str, stall_seconds: str = "45") -> subprocess.CompletedProcess:
    environ = os.environ | {"SYNDICATION_HOME": str(home), "SYNDICATION_STALL_SECONDS": stall_seconds}
    command = [sys.executable, "-m", "syndication.pulse", "w@%h", *options]
    return subprocess.run(command, env=environ, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[1])


def test_a_process_that_beats_is_well(beater, tmp_path):
    assert look(tmp_path).returncode == 0


def test_a_process_that_has_not_begun_is_not_well(tmp_path):
    done = look(tmp_path, "--kill")
    assert done.returncode == 1
    assert "has not begun" in done.stderr


def test_a_frozen_process_is_not_well_and_can_be_ended(beater, tmp_path):
    beater.send_signal(signal.SIGSTOP)
    wait_until(lambda: look(tmp_path, stall_seconds="1").returncode == 1, what="its silence to be long enough")
    assert beater.poll() is None
    assert "has shown no sign of life for 1 s" in look(tmp_path, "--kill", stall_seconds="1").stderr.replace("for 2 s", "for 1 s")
    assert beater.wait(10) == -signal.SIGKILL


def test_a_process_that_ended_is_not_taken_for_another_one_with_its_number(tmp_path):
    path = pulse.path_of(tmp_path, "w@%h")
    path.parent.mkdir()
    path.write_text(f"{os.getpid()} 1 0.0\n")  # our number, but started at another tick
    done = look(tmp_path, "--kill", stall_seconds="1")
    assert done.returncode == 1
    assert "has not begun" in done.stderr


def test_a_beat_reads_as_it_was_written(tmp_path):
    pulse.beat(tmp_path / "p")
    first = pulse.last_beat(tmp_path / "p")
    pulse.beat(tmp_path / "p")
    second = pulse.last_beat(tmp_path / "p")
    assert first.process == os.getpid()
    assert pulse.is_running(first)
    assert second.at >= first.at


@pytest.mark.parametrize("content", [b"", b"1 2", b"a b c", b"\xff", b"1 2 3 4"])
def test_rubbish_is_no_beat(tmp_path, content):
    (tmp_path / "p").write_bytes(content)
    assert pulse.last_beat(tmp_path / "p") is None


def test_no_name_leads_out_of_the_folder(tmp_path):
    assert pulse.path_of(tmp_path, "../../x").parent == tmp_path / "pulse"
