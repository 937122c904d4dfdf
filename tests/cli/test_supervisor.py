"""The loop that keeps children alive, with small real children."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from support.waiting import wait_until

from syndication.cli.children import Child, Stop
from syndication.cli.supervisor import Supervisor

pytestmark = pytest.mark.processes


def python(name: str, code: str, *, stops: Stop = Stop.WORK, **more) -> Child:
    return Child(name, (sys.executable, "-u", "-c", code), stops, **more)


@pytest.fixture
def said():
    return []


@pytest.fixture
def supervisor(said):
    with Supervisor(dict(os.environ), lambda name, line: said.append((name, line))) as running:
        yield running


def turn_until(supervisor, condition, seconds=10):
    def turned() -> bool:
        supervisor.turn(0.05)
        return condition()

    wait_until(turned, seconds=seconds)


SLEEPER = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True); time.sleep(60)"


def test_each_line_of_a_child_is_shown_with_its_name(supervisor, said):
    supervisor.start(
        python("a", "import sys; print('out'); print('err', file=sys.stderr); print('end', end=''); import time; time.sleep(60)")
    )
    turn_until(supervisor, lambda: len(said) == 2)
    supervisor.stop()
    assert said == [("a", "out"), ("a", "err"), ("a", "end")]


def test_a_child_that_dies_is_started_again_and_this_is_said(supervisor, said):
    supervisor.start(python("a", "print('here'); import os; os._exit(3)"))
    turn_until(supervisor, lambda: said.count(("a", "here")) == 2)
    assert ("a", "ended with code 3; starting again in 1 s") in said


def test_the_delay_grows_with_each_death(supervisor, said):
    supervisor.start(python("a", "import os; os._exit(3)"))
    turn_until(supervisor, lambda: supervisor.deaths() == 2)
    assert said[-1] == ("a", "ended with code 3; starting again in 2 s")


def test_a_child_that_was_killed_is_named_with_its_signal(supervisor, said):
    supervisor.start(python("a", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    turn_until(supervisor, lambda: said)
    assert said[0][1].startswith("ended with SIGKILL")


def test_readiness_is_heard_and_not_repeated(supervisor, said):
    supervisor.start(python("a", "print('I am ready.'); import time; time.sleep(60)", ready="ready."))
    assert not supervisor.all_ready()
    turn_until(supervisor, supervisor.all_ready)
    assert said == []


def test_the_stages_stop_one_after_the_other(supervisor, said):
    code = "import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit())); print('here'); time.sleep(60)"
    for name, stage in (("queue", Stop.QUEUE), ("web", Stop.WEB), ("mail", Stop.MAIL), ("work", Stop.WORK)):
        supervisor.start(python(name, code, stops=stage))
    turn_until(supervisor, lambda: len(said) == 4)
    supervisor.stop()
    assert [name for name, line in said if line == "bye"] == ["web", "work", "mail", "queue"]


def test_a_child_that_ignores_the_request_is_killed_after_its_grace_time(supervisor, said):
    supervisor.start(python("a", STUBBORN, grace_seconds=0.2))
    turn_until(supervisor, lambda: said)
    before = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - before < 2
    assert said[-1] == ("a", "did not stop in time; killed")


def test_a_second_request_stops_at_once(supervisor, said):
    supervisor.start(python("a", STUBBORN, grace_seconds=60, stops=Stop.WEB))
    supervisor.start(python("b", STUBBORN, grace_seconds=60))
    turn_until(supervisor, lambda: len(said) == 2)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    before = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - before < 5


def test_what_a_child_started_dies_with_it(supervisor, said):
    code = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); print(p.pid, flush=True); p.wait()"
    supervisor.start(python("a", code))
    turn_until(supervisor, lambda: len(said) >= 2)
    grandchild = next(int(line) for _, line in said if line.isdigit())
    supervisor.stop()
    wait_until(lambda: not _runs(grandchild), what="the grandchild's end")


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
