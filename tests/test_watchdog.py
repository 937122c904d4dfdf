"""Workers and beats that live but do not move end themselves; real processes on a real Valkey."""

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
import redis
from celery import Celery
from support.homes import LiveHome, Running
from support.waiting import wait_until

from syndication import pulse
from syndication.watchdog import EXIT_CODE

pytestmark = pytest.mark.processes
STALL_SECONDS = 3
TESTS = str(Path(__file__).parent)


class Scene:
    """A home with a queue, and a way to ring for odd tasks (support/odd_tasks.py) and to read what they note."""

    def __init__(self, home: LiveHome) -> None:
        self.home, self.queue = home, home.start_queue()
        self.environ = {"PYTHONPATH": TESTS, "SYNDICATION_STALL_SECONDS": str(STALL_SECONDS)}
        self.redis = redis.Redis(unix_socket_path=str(home.socket))
        self.app = Celery("odd", broker=f"redis+socket://{home.socket}")
        self.app.conf.update(broker_transport_options={"global_keyprefix": "syn:"}, result_backend=None, task_ignore_result=True)

    def start_worker(self, *options: str) -> Running:
        plain = ("--pool=solo", "--without-gossip", "--without-mingle", "--without-heartbeat")
        worker = self.celery("worker", "-Q", "bulk", "-n", "w@odd", *plain, *options)
        worker.wait_for(" ready.")
        return worker

    def celery(self, *words: str) -> Running:
        return self.home.start(sys.executable, "-m", "celery", "-A", "support.odd_tasks", *words, **self.environ)

    def ring(self, task: str, *args: object) -> None:
        self.app.send_task(task, args=args, queue="bulk", routing_key="bulk", ignore_result=True)

    def wait_for_note(self, key: str) -> None:
        wait_until(lambda: self.redis.get(key), what=f"the note {key!r}")

    def wait_for_beats(self, seconds: float) -> None:
        """Let so much time pass in the worker."""
        path = pulse.path_of(self.home.path, "w@odd")
        wait_until(lambda: pulse.last_beat(path), what="the first beat")
        until = pulse.last_beat(path).at + seconds
        wait_until(lambda: pulse.last_beat(path).at > until, seconds=30 + seconds, what="more beats")

    def close(self) -> None:
        self.redis.close()
        self.app.close()


@pytest.fixture
def scene(live_home):
    made = Scene(live_home)
    yield made
    made.close()


def exit_code(running: Running) -> int:
    return running.process.wait(40)


def test_a_task_that_hangs_for_ever_ends_the_worker_which_says_where_it_hung(scene):
    worker = scene.start_worker()
    scene.ring("odd.hang")
    assert exit_code(worker) == EXIT_CODE
    assert "standstill: the task odd.hang " in worker.output
    assert "odd_tasks.py" in worker.output.partition("standstill")[2]


def test_a_hanging_task_is_noticed_though_its_neighbours_move(scene):
    worker = scene.start_worker("--pool=threads", "--concurrency=3")
    scene.ring("odd.hang")
    scene.ring("odd.work_long", 30)
    assert exit_code(worker) == EXIT_CODE


def test_the_children_of_a_forking_pool_end_with_it(scene):
    worker = scene.start_worker("--pool=prefork", "--concurrency=1")
    children = psutil.Process(worker.process.pid).children()
    assert children
    scene.ring("odd.hang")
    assert exit_code(worker) == EXIT_CODE
    wait_until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children), what="their end")


def test_a_worker_that_stopped_consuming_ends_once_messages_wait(scene):
    worker = scene.start_worker("--pool=threads")
    scene.ring("odd.stop_consuming")
    scene.wait_for_note("deaf")
    for number in range(5):
        scene.ring("odd.answer", f"answer {number}")
    assert exit_code(worker) == EXIT_CODE
    assert "messages wait and nothing has moved" in worker.output


def test_a_task_that_holds_the_whole_interpreter_ends_the_worker_too(scene):
    worker = scene.start_worker("--pool=threads")
    scene.ring("odd.hold_the_interpreter")
    scene.wait_for_note("holds")
    assert exit_code(worker) == 1
    assert "hold_the_interpreter" in worker.output


def test_a_long_task_that_moves_is_left_alone(scene):
    worker = scene.start_worker()
    scene.ring("odd.work_long", 4 * STALL_SECONDS)
    scene.wait_for_note("worked")
    assert worker.process.poll() is None


def test_a_queue_server_that_is_frozen_is_no_standstill_and_work_goes_on_after_it(scene):
    worker = scene.start_worker()
    scene.wait_for_beats(0)
    os.kill(scene.queue.process.pid, signal.SIGSTOP)
    try:
        scene.wait_for_beats(3 * STALL_SECONDS)
    finally:
        os.kill(scene.queue.process.pid, signal.SIGCONT)
    scene.ring("odd.answer", "after")
    scene.wait_for_note("after")
    assert worker.process.poll() is None


def test_a_worker_that_is_asked_to_end_may_finish_its_task(scene):
    worker = scene.start_worker()
    scene.ring("odd.work_long", 2 * STALL_SECONDS)
    wait_until(lambda: not scene.redis.llen("syn:bulk") and "odd" in str(scene.redis.hvals("syn:unacked")), what="the task's start")
    worker.process.terminate()
    for number in range(5):
        scene.ring("odd.answer", f"answer {number}")
    assert exit_code(worker) == 0
    assert scene.redis.get("worked")


def test_a_beat_that_puts_nothing_on_the_queue_ends(scene):
    beat = scene.celery("beat", "--pidfile=")
    assert exit_code(beat) == EXIT_CODE
    assert "standstill" in beat.output


def test_a_beat_that_ticks_is_left_alone(scene):
    beat = scene.home.start(sys.executable, "-m", "celery", "-A", "worker", "beat", "--pidfile=", **scene.environ)
    wait_until(lambda: scene.redis.llen("syn:default") >= 2 * STALL_SECONDS, seconds=60, what="ticks")
    assert beat.process.poll() is None
