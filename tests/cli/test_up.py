"""`syndication up`, whole: real servers on a fresh home."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from support.homes import REPOSITORY, LiveHome
from support.waiting import wait_until

pytestmark = pytest.mark.processes
START_SECONDS = 60  # two loaded cores


class Up:
    """One `syndication up` on a home of its own."""

    def __init__(self, home: LiveHome, port: int, catcher_port: int) -> None:
        self.home, self.port = home, port
        self.catcher_port = catcher_port
        self.running = home.start(*self.command)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "syndication", "up", "--no-sample", "--port", str(self.port)]

    def wait_until_all_is_online(self) -> "Up":
        self.running.wait_for("workers online", seconds=START_SECONDS)
        return self

    def get(self, path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def processes(self, words: str = "") -> list[psutil.Process]:
        """Every process that works on this home, but the `up` itself."""
        return [process for process in psutil.process_iter() if process.pid != self.running.process.pid and self._is_ours(process, words)]

    def _is_ours(self, process: psutil.Process, words: str) -> bool:
        try:
            ours = process.environ().get("SYNDICATION_HOME") == str(self.home.path)
            return ours and words in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def interrupt(self) -> int:
        self.running.process.send_signal(signal.SIGINT)
        return self.running.process.wait(60)


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


def fresh_up(folder: Path) -> Up:
    """Start on a folder without anything in it, with a mail catcher on a port of its own."""
    port, catcher_port = free_ports()
    left_out = ("SYNDICATION_", "DATABASE_URL", "REDIS_URL")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    environ |= {
        "SYNDICATION_HOME": str(folder),
        "SYNDICATION_FEEDS": str(folder / "feeds"),
        "SYNDICATION_CATCHER_PORT": str(catcher_port),
        "PYTHONUNBUFFERED": "1",
    }
    folder.mkdir(parents=True, exist_ok=True)
    return Up(LiveHome(folder, environ, folder / "syndication.sqlite3"), port, catcher_port)


@pytest.fixture(scope="module")
def running_up(tmp_path_factory):
    """One `up` that several tests look at; they leave it as they found it."""
    up = fresh_up(tmp_path_factory.mktemp("up"))
    yield up.wait_until_all_is_online()
    up.interrupt()


@pytest.fixture
def fresh(tmp_path):
    with ExitStack() as stack:

        def start(folder: Path = tmp_path / "home") -> Up:
            up = fresh_up(folder)
            stack.callback(up.home.stop)
            return up

        yield start


def test_a_fresh_home_serves_pages(running_up):
    assert running_up.get("/healthz") == 200
    assert running_up.get("/readyz") == 200


def test_it_says_where_to_sign_in_and_that_no_mail_leaves(running_up):
    output = running_up.running.output
    assert f"Open          http://127.0.0.1:{running_up.port}/login/once/" in output
    assert f"Inbox         http://127.0.0.1:{running_up.port}/inbox/" in output
    assert "no mail leaves this machine" in output


def test_the_sign_in_link_works(running_up):
    link = running_up.running.output.partition("Open          ")[2].split()[0]
    assert running_up.get(link.removeprefix(f"http://127.0.0.1:{running_up.port}")) == 200


def test_mail_is_caught(running_up):
    with smtplib.SMTP("127.0.0.1", running_up.catcher_port) as client:
        client.sendmail("a@example.org", ["b@example.org"], b"Subject: Hello\r\n\r\nHello\r\n")
    (path,) = (running_up.home.path / "mail" / "new").iterdir()
    assert b"Delivered-To: b@example.org\r\n" in path.read_bytes()


def test_a_second_up_on_the_same_home_names_the_first_and_ends(running_up):
    second = subprocess.run(
        running_up.command, check=False, env=running_up.home.environ, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 2
    assert f"process {running_up.running.process.pid}, http://127.0.0.1:{running_up.port}" in second.stdout + second.stderr


def test_a_killed_worker_is_started_again(running_up):
    (old,) = running_up.processes("-Q bulk")
    old.kill()
    wait_until(lambda: [process for process in running_up.processes("-Q bulk") if process.pid != old.pid], what="a new bulk worker")
    assert "bulk    | ended with SIGKILL; starting again in 1 s" in running_up.running.output


def test_the_lines_have_no_colours_off_a_terminal(running_up):
    assert "\x1b" not in running_up.running.output


def test_the_whole_tree_stays_below_700_megabytes(running_up):
    everyone = [psutil.Process(running_up.running.process.pid), *running_up.processes()]
    assert sum(process.memory_info().rss for process in everyone) < 700 * 1024 * 1024


def test_after_a_power_cut_it_starts_again_and_one_interrupt_leaves_nothing(fresh, tmp_path):
    first = fresh(tmp_path / "home").wait_until_all_is_online()
    assert len(first.processes()) >= 6
    first.running.process.kill()
    first.running.process.wait()
    wait_until(lambda: not first.processes(), seconds=30, what="the children's end after their supervisor was killed")
    second = fresh(tmp_path / "home").wait_until_all_is_online()
    assert "database up to date" in second.running.output
    assert second.interrupt() == 0
    assert second.processes() == []
    assert not (second.home.path / "valkey.sock").exists()
    assert not (second.home.path / "up.lock").exists()


def test_taken_ports_move_on_and_the_addresses_follow(fresh, tmp_path):
    port, catcher_port = free_ports()
    with socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", catcher_port)):
        up = fresh()
        up.running.stop()
        up.home.environ["SYNDICATION_CATCHER_PORT"] = str(catcher_port)
        up.port = port
        up.running = up.home.start(*up.command)
        up.running.wait_for("Open  ", seconds=START_SECONDS)
    moved = int(up.running.output.partition("the web server uses ")[2].split(".")[0])
    assert f"Port {port} is taken; the web server uses {moved}." in up.running.output
    assert f"Port {catcher_port} is taken; the mail catcher uses " in up.running.output
    assert f"Open          http://127.0.0.1:{moved}/" in up.running.output


def test_a_reader_that_goes_away_leaves_no_children(fresh, tmp_path):
    up = fresh()
    up.running.stop()
    with subprocess.Popen(up.command, env=up.home.environ, cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        up.running.process = process
        assert process.stdout.readline()
        process.stdout.close()
        process.wait(START_SECONDS)
    assert up.processes() == []
