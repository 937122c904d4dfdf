"""Names the programs of the embedded mode: what each runs, how long it may take to stop, and in which order all stop."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path

from django.conf import settings

from syndication import pulse
from syndication.cli import valkey
from syndication.inbound_environment import Listen

MAIL_QUEUES = ("mail", "default", "feeds")  # in this order: a confirmation goes before all else
BULK_QUEUES = ("bulk",)
MAIL_NAME, BULK_NAME, BEAT_NAME = "mail@syndication", "bulk@syndication", "beat@%h"
MAIL_THREADS = 4  # a slow feed or tick holds one of them; confirmations take the next
WEB_THREADS = 8  # most wait for the database when sign-ups and one-clicks come together
WORKER_GRACE_SECONDS = 20.0  # long enough to finish the messages at the wire


class Stop(IntEnum):
    """The order of stopping: nobody loses a server that it still needs."""

    WEB = 1
    WORK = 2
    MAIL = 3
    QUEUE = 4


@dataclass(frozen=True, slots=True)
class Child:
    """One program.

    name      the prefix of its lines
    ready     words in its output that tell it is ready; empty when nobody waits for it
    unwanted  lines that hold one of these words are not shown
    pulse_file  the file in which it says that it moves (pulse.py); None when it has none
    silent_seconds  how long it may say nothing there before it counts as frozen
    """

    name: str
    command: tuple[str, ...]
    stops: Stop
    grace_seconds: float = 5.0
    ready: str = ""
    unwanted: tuple[str, ...] = field(default=())
    pulse_file: Path | None = None
    silent_seconds: float = pulse.STALL_SECONDS


def queue(server: Path, socket: Path, home: Path) -> Child:
    """The embedded Valkey."""
    chatter = ("Memory overcommit must be enabled", "bye bye", "Received SIGTERM", "User requested shutdown")
    return Child("queue", tuple(valkey.command(server, socket=socket, folder=home)), Stop.QUEUE, unwanted=chatter)


def catcher(port: int) -> Child:
    """The SMTP server that keeps all mail on this machine."""
    return Child("catcher", (sys.executable, "-m", "syndication.cli.catcher", "--port", str(port)), Stop.MAIL, ready="ready on ")


def listener(wanted: Listen) -> Child:
    """The server for mail that comes back."""
    address = ("--host", wanted.host, "--port", str(wanted.port), *(("--lmtp",) if wanted.is_lmtp else ()))
    return Child("listener", (sys.executable, "-m", "syndication.cli.listener", *address), Stop.MAIL, ready="ready on ")


def web(port: int) -> Child:
    """The web server, on loopback."""
    options = {
        "interface": "wsgi",
        "host": "127.0.0.1",
        "port": port,
        "workers": 1,
        "blocking-threads": WEB_THREADS,
        "workers-kill-timeout": 3,  # seconds; its process waits for ever otherwise
        "log-level": "warning",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = (sys.executable, "-m", "granian", *words, "--respawn-failed-workers", "--no-ws", "syndication.web.wsgi:application")
    return Child("web", command, Stop.WEB)


def workers(home: Path) -> list[Child]:
    """The Celery workers and beat.

    One process each, without forks: half the memory of the default pool. `bulk` has a process to itself, so that neither its
    load nor its death is felt by confirmations; its tasks last some seconds each and end before they look at the next one.
    """
    celery = (sys.executable, "-m", "celery", "--quiet", "--skip-checks", "-A", "worker")
    plain = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
    chatter = ("I celery.worker.consumer.connection: Connected to ", "worker: Warm shutdown", "Requeuing undeliverable message")
    mail = ("worker", "-Q", ",".join(MAIL_QUEUES), "-n", MAIL_NAME, "--pool", "threads", "-c", str(MAIL_THREADS), *plain)
    bulk = ("worker", "-Q", ",".join(BULK_QUEUES), "-n", BULK_NAME, "--pool", "solo", *plain)
    beat = ("beat", "--pidfile=", "--loglevel", "WARNING")
    children = [
        Child("mail", (*celery, *mail), Stop.WORK, WORKER_GRACE_SECONDS, " ready.", chatter, pulse.path_of(home, MAIL_NAME)),
        Child("bulk", (*celery, *bulk), Stop.WORK, WORKER_GRACE_SECONDS, " ready.", chatter, pulse.path_of(home, BULK_NAME)),
        Child("beat", (*celery, *beat), Stop.WORK, pulse_file=pulse.path_of(home, BEAT_NAME)),
    ]
    return [replace(child, silent_seconds=settings.STALL_SECONDS) for child in children]


def environ_of_children(environ: Mapping[str, str], *, home: Path, feeds: Path, package_folder: Path) -> dict[str, str]:
    """Our environment with every folder absolute, and `worker.py` importable wherever `up` was called."""
    path = environ.get("PYTHONPATH", "")
    return {
        **environ,
        "DJANGO_SETTINGS_MODULE": "syndication.settings",
        "PYTHONPATH": f"{package_folder}:{path}" if path else str(package_folder),
        "PYTHONUNBUFFERED": "1",
        "SYNDICATION_HOME": str(home),
        "SYNDICATION_FEEDS": str(feeds),
    }
