"""The blows that need more than a signal: tasks delivered twice, a database that goes away, a disk that is full, readers who leave."""

import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from support import postgresql
from support.homes import LiveHome

from chaos.crew import BULK, Crew
from chaos.scene import Scene
from syndication.cli import processes

QUEUE_KEYS = ("syn:bulk", "syn:default", "syn:mail")
UNACKED_KEY = "syn:unacked"
MOST_COPIED = 20  # copies of copies grow without end otherwise
SUPPRESS_ALL = """
import json, sys, time
import django
django.setup()
from django.utils import timezone
from syndication.audience.self_service.leave import unsubscribe, unsubscribe_token
from syndication.audience.models import Subscription
from syndication.audience.suppression.suppress import suppress
for number, line in enumerate(sys.stdin):
    address = line.strip()
    if number % 2:
        suppress(address, reason="complained")
    else:
        one = Subscription.objects.get(subscriber__address=address)
        unsubscribe(unsubscribe_token(one.subscriber_id, one.list_id), how="chaos", now=timezone.now())
    print(json.dumps([address, time.monotonic()]), flush=True)
"""


def flush(home: LiveHome) -> None:
    """Everything in the queue server is gone."""
    with redis.Redis(unix_socket_path=str(home.socket)) as client:
        client.flushall()


def copy_tasks(home: LiveHome, *, copies: int) -> int:
    """Put copies of waiting and begun tasks on their queues; how many were put."""
    put = 0
    with redis.Redis(unix_socket_path=str(home.socket)) as client:
        begun: Mapping[bytes, bytes] = client.hgetall(UNACKED_KEY)
        found = [(f"syn:{routing_key}", message) for message, _, routing_key in map(json.loads, begun.values())]
        found += [(key, json.loads(body)) for key in QUEUE_KEYS for body in client.lrange(key, 0, -1)]
        for key, message in found[:MOST_COPIED]:
            for _ in range(copies):
                message["properties"]["delivery_tag"] = str(uuid.uuid4())
                put += client.lpush(key, json.dumps(message)) > 0
    return put


def lock_out(home: LiveHome, seconds: float) -> None:
    """SQLite: nobody else can write for a while."""
    connection = sqlite3.connect(home.database, isolation_level=None, timeout=20)
    connection.execute("BEGIN EXCLUSIVE")
    time.sleep(seconds)
    connection.execute("ROLLBACK")
    connection.close()


def cut_connections(home: LiveHome) -> None:
    """PostgreSQL: every connection to this database ends."""
    home.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


def restart_postgresql(server: postgresql.PostgreSQL, *, how: signal.Signals, away_seconds: float) -> None:
    """End the server (SIGINT: with a checkpoint; SIGQUIT: a crash that recovers from its log), and start it again."""
    command: Sequence[str] = server.process.args
    owner = server.folder.stat()
    identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    server.process.send_signal(how)
    server.process.wait(30)
    time.sleep(away_seconds)
    with (server.folder / "log").open("ab") as log:
        server.process = subprocess.Popen(
            command,
            cwd=server.folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=processes.ends_with(os.getpid()),  # noqa: PLW1509  # the only thread
            **identity,
        )
    until = time.monotonic() + 60
    while not server.is_ready():
        if time.monotonic() > until:
            raise TimeoutError((server.folder / "log").read_text())
        time.sleep(0.05)


@contextmanager
def small_disk(folder: Path, *, size_mb: int) -> Iterator[None]:
    """A disk of its own at `folder`. Raises PermissionError where we may mount none (that takes root, in a container CAP_SYS_ADMIN)."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "chaos", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        raise PermissionError(f"nothing can be mounted at {folder}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_disk(folder: Path) -> Path:
    """Take the last byte of the small disk at `folder`'s parent; the file that took it. Raises RuntimeError where that is no disk of ours."""
    if not os.path.ismount(folder.parent):
        raise RuntimeError(f"{folder.parent} is no disk of its own, so it is not filled")
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (2**20, 2**16, 2**12, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast


def forbid_growth(crew: Crew, *, largest_bytes: int, names: Iterable[str] = BULK) -> None:
    """A disk that is full for these programs: no file of theirs may become longer than this (EFBIG instead of ENOSPC, without root)."""
    for name in names:
        _, hard = resource.prlimit(crew.pid(name), resource.RLIMIT_FSIZE)
        resource.prlimit(crew.pid(name), resource.RLIMIT_FSIZE, (largest_bytes, hard))


def allow_growth(crew: Crew, *, names: Iterable[str] = BULK) -> None:
    """There is room again."""
    for name in names:
        _, hard = resource.prlimit(crew.pid(name), resource.RLIMIT_FSIZE)
        resource.prlimit(crew.pid(name), resource.RLIMIT_FSIZE, (hard, hard))


def let_leave(scene: Scene, leavers: Sequence[str]) -> dict[str, float]:
    """These readers unsubscribe or complain, one after the other; when each was answered (time.monotonic())."""
    command = [sys.executable, "-c", SUPPRESS_ALL]
    done = scene.home.run(*command[:1], *command[1:], input="\n".join(leavers))
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(map(json.loads, done.stdout.splitlines()))
