"""Starts granian as `up` starts it, for a home of its own."""

import socket
from contextlib import suppress

import requests
from support.homes import LiveHome, Running
from support.waiting import wait_until

from syndication.cli import children


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_web(home: LiveHome, port: int) -> Running:
    """A web server of this home that already answers."""
    server = home.start(*children.web(port).command)

    def answers() -> bool:
        with suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/feeds/", timeout=30).status_code == 404
        return False

    wait_until(answers, seconds=60, what=lambda: f"the web server:\n{server.output}")
    return server
