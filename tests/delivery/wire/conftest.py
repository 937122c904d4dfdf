"""Exchanges that are closed, servers that end, and certificates that live as long as the tests."""

import time

import pytest
from scripted_server import ScriptedServer
from support.certificates import Authority

from syndication.delivery.wire.exchange import Exchange
from syndication.delivery.wire.time_outs import TimeOuts

PATIENCE_SECONDS = 15


@pytest.fixture
def serve():
    """Starts a scripted server."""
    servers = []

    def start(script, tls=None):
        servers.append(ScriptedServer(script, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def exchange_for():
    """Makes an exchange for a mailroom; `limits` are TimeOuts."""
    made = []

    def make(room, **limits):
        made.append(Exchange(room, host_name="news.example.org", time_outs=TimeOuts(**limits)))
        return made[-1]

    yield make
    for exchange in made:
        exchange.close()


@pytest.fixture
def turn_until():
    """Turns an exchange until something holds."""

    def turn(exchange, holds):
        until = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < until, f"not within {PATIENCE_SECONDS} s; in flight: {exchange.in_flight}"
            exchange.turn(0.02)

    return turn


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="session")
def stranger(tmp_path_factory):
    """An authority that nobody trusts."""
    return Authority(tmp_path_factory.mktemp("stranger"), "stranger")
