"""The small parts of `up`: lock, ports, lines, queue server, children."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.waiting import wait_until

from syndication.cli import children, home_lock, processes, valkey
from syndication.cli.home_lock import AlreadyUp
from syndication.cli.log_lines import LineCutter, prefixed, readable
from syndication.cli.ports import NoFreePort, next_free
from syndication.queue import QUEUES


def test_a_held_home_names_its_process_and_address(tmp_path):
    path = tmp_path / "up.lock"
    code = f"""
from pathlib import Path
from syndication.cli import home_lock
with home_lock.hold(Path({str(path)!r}), "http://127.0.0.1:8000"):
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}
    )
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyUp, match=rf"process {holder.pid}, http://127.0.0.1:8000"), home_lock.hold(path, ""):
            pass
        holder.communicate(b"\n")


def test_a_lock_leaves_nothing_behind(tmp_path):
    with home_lock.hold(tmp_path / "up.lock", "a"):
        assert (tmp_path / "up.lock").exists()
    assert list(tmp_path.iterdir()) == []


def test_the_lock_file_of_a_killed_process_holds_nothing(tmp_path):
    (tmp_path / "up.lock").write_text("999999 http://127.0.0.1:1\n")
    with home_lock.hold(tmp_path / "up.lock", "a"):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()} a\n"


def test_a_taken_port_gives_the_next_free_one():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert next_free(port) > port


def test_a_port_that_is_spoken_for_is_passed_over():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert next_free(port, apart_from=frozenset({port})) > port


def test_no_free_port_says_how_to_choose_another():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NoFreePort, match="--port"):
        next_free(port, apart_from=frozenset(range(port, port + 50)))


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_lines_are_the_same_however_the_output_is_cut(chunks):
    cutter = LineCutter()
    lines = [line for chunk in chunks for line in cutter.cut(chunk)] + list(cutter.rest())
    whole = b"".join(chunks).split(b"\n")
    assert lines == [readable(line) for line in (whole if whole[-1] else whole[:-1])]


@given(st.binary())
def test_no_child_can_steer_the_terminal(line):
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in readable(line))


def test_output_without_line_ends_is_cut():
    assert len(list(LineCutter().cut(b"x" * 100_000))) == 1


def test_a_line_is_prefixed_in_plain_letters_off_a_terminal():
    assert prefixed("web", "hello", coloured=False) == "web     | hello"


def test_a_line_is_prefixed_in_colour_on_a_terminal():
    assert prefixed("web", "hello", coloured=True) == "\x1b[36mweb     |\x1b[0m hello"


def test_every_queue_has_exactly_one_worker(tmp_path):
    consumed = [
        name
        for child in children.workers(tmp_path)
        if "-Q" in child.command
        for name in child.command[child.command.index("-Q") + 1].split(",")
    ]
    assert sorted(consumed) == sorted(QUEUES)


def test_confirmations_come_first_in_their_worker():
    assert children.MAIL_QUEUES[0] == "mail"


def test_children_see_absolute_folders_and_the_package(tmp_path):
    environ = children.environ_of_children({"PYTHONPATH": "a"}, home=tmp_path, feeds=tmp_path / "f", package_folder=tmp_path / "p")
    assert environ["SYNDICATION_HOME"] == str(tmp_path)
    assert environ["PYTHONPATH"] == f"{tmp_path / 'p'}:a"


@pytest.mark.processes
def test_a_queue_server_of_a_killed_run_is_cleared_away(tmp_path):
    path = tmp_path / "valkey.sock"
    server = processes.start(valkey.command(valkey.find_server(), socket=path, folder=tmp_path), output=subprocess.DEVNULL)
    valkey.wait_until_it_answers(path)
    valkey.clear_away(path)
    assert not path.exists()
    assert server.wait(5) == 0


def test_a_dead_socket_file_is_cleared_away(tmp_path):
    path = tmp_path / "valkey.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    valkey.clear_away(path)
    assert not path.exists()


@pytest.mark.processes
def test_the_queue_server_is_reached_by_its_owner_only_and_keeps_its_data(tmp_path):
    import redis

    path = tmp_path / "valkey.sock"
    command = valkey.command(valkey.find_server(), socket=path, folder=tmp_path)
    server = processes.start(command, output=subprocess.DEVNULL)
    valkey.wait_until_it_answers(path)
    assert path.stat().st_mode & 0o777 == 0o700
    client = redis.Redis(unix_socket_path=str(path))
    assert client.config_get("port") == {"port": "0"}
    client.set("kept", "yes")
    client.close()
    processes.stop(server, grace_seconds=5)
    server = processes.start(command, output=subprocess.DEVNULL)
    valkey.wait_until_it_answers(path)
    client = redis.Redis(unix_socket_path=str(path))
    assert client.get("kept") == b"yes"
    client.close()
    processes.stop(server, grace_seconds=5)


@pytest.mark.processes
def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    code = """
import subprocess, sys, time
from syndication.cli import processes
child = processes.start([sys.executable, "-c", "import time; time.sleep(60)"], output=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": "."}) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not Path(f"/proc/{child}").exists(), seconds=5, what="the child's end")
