"""`syndication up`: everything on this machine, in one window; one Ctrl-C stops all."""

import json
import os
import re
import sys
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.markup import escape

from syndication import __version__
from syndication.cli import children, home_lock, valkey
from syndication.cli.ports import next_free
from syndication.cli.probe import Probe
from syndication.cli.screen import Screen
from syndication.cli.supervisor import Supervisor
from syndication.errors import Unreachable
from syndication.inbound_environment import Listen

HEALTH = "/healthz"
STOPPED, NOBODY_READS = 0, 1  # exit codes
QUEUE_WAIT_SECONDS = 15.0  # a large append-only file takes a while to read
IMPATIENT_SECONDS = 0.05
FIRST_ADDRESS = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Start:
    """What one start of `up` was asked for."""

    port: int
    opens_browser: bool
    prepare: Callable[[], list[str]]
    began_at: float  # time.monotonic()

    def seconds(self) -> str:
        """How long it runs already."""
        return f"{time.monotonic() - self.began_at:.1f} s"


def up(*, port: int, open_browser: bool, prepare: Callable[[], list[str]]) -> int:
    """Start all, stay until Ctrl-C, stop all. Returns the exit code.

    port     the wanted port of the web server; the next free one is taken when it is not free
    prepare  called once, on migrated tables and with a running queue; returns lines to show (what to open and to try)
    Raises AlreadyUp, NoFreePort, NoQueueServer, Unreachable.
    """
    began_at = time.monotonic()
    screen = Screen()
    with home_lock.hold(settings.HOME / "up.lock", f"http://127.0.0.1:{port}"):
        _settle_ports(screen, port)
        _remember_address()
        environ = children.environ_of_children(os.environ, home=settings.HOME, feeds=settings.FEEDS, package_folder=settings.BASE_DIR)
        try:
            with Supervisor(environ, screen.child_says) as supervisor:
                _bring_up(supervisor, screen, Start(port, open_browser, prepare, began_at))
                while _goes_on(supervisor, screen):
                    supervisor.turn()
                screen.say("Stopping: web, workers, mail, queue. Press Ctrl-C again to stop at once.")
        finally:
            if settings.EMBEDDED_QUEUE:
                settings.VALKEY_SOCKET.unlink(missing_ok=True)
    return NOBODY_READS if screen.is_closed else STOPPED


def _settle_ports(screen: Screen, port: int) -> None:
    """Return when the ports are free and the settings name them; else start this program again with an environment that does.

    The settings are read once, by everything, so an address that moved must stand in the environment before them.
    """
    chosen = next_free(port)
    environ = {}
    if "SYNDICATION_BASE_URL" not in os.environ and "SYNDICATION_BASE_URL_FILE" not in os.environ:
        environ["SYNDICATION_BASE_URL"] = f"http://127.0.0.1:{chosen}"
    catcher_port = settings.MAIL_CATCHER_PORT
    if settings.MAIL_CATCHER_ON:
        catcher_port = next_free(settings.MAIL_CATCHER_PORT, apart_from=frozenset({chosen}))
    listens = _settle_listener(frozenset({chosen, catcher_port}))
    if (
        chosen == port
        and listens == settings.BOUNCE_LISTEN
        and catcher_port == settings.MAIL_CATCHER_PORT
        and environ.get("SYNDICATION_BASE_URL", settings.BASE_URL) == settings.BASE_URL
    ):
        return
    if chosen != port:
        screen.say(f"Port {port} is taken; the web server uses {chosen}.")
    if catcher_port != settings.MAIL_CATCHER_PORT:
        screen.say(f"Port {settings.MAIL_CATCHER_PORT} is taken; the mail catcher uses {catcher_port}.")
        environ["SYNDICATION_CATCHER_PORT"] = str(catcher_port)
    if listens != settings.BOUNCE_LISTEN:
        screen.say(f"Port {settings.BOUNCE_LISTEN.port} is taken; the listener for returned mail uses {listens.port}.")
        environ["SYNDICATION_BOUNCE_LISTEN"] = str(listens)
    command = [sys.executable, "-m", "syndication", *sys.argv[1:], "--port", str(chosen)]  # the last --port counts
    path = children.environ_of_children(os.environ, home=settings.HOME, feeds=settings.FEEDS, package_folder=settings.BASE_DIR)
    os.execve(sys.executable, command, {**path, **environ})  # noqa: S606  # ourselves


def _settle_listener(taken: frozenset[int]) -> Listen:
    """Where the listener for returned mail will be; only a port on loopback may move, since others are known to mail servers."""
    wanted = settings.BOUNCE_LISTEN
    if not wanted.port or wanted.host != "127.0.0.1":
        return wanted
    return replace(wanted, port=next_free(wanted.port, apart_from=taken))


def _remember_address() -> None:
    """Tell the commands in other windows where this copy answers; it stays when we stop, so that they make the same links then."""
    address = {"base_url": settings.BASE_URL, "catcher_port": settings.MAIL_CATCHER_PORT}
    settings.ADDRESS_FILE.write_text(json.dumps(address), encoding="utf-8")


def _bring_up(supervisor: Supervisor, screen: Screen, start: Start) -> None:
    """Start everything in the order that shows a page soonest; returns early when asked to stop."""
    screen.say(f"[bold]syndication {__version__}[/]  embedded mode: {_what_runs()}")
    if settings.EMBEDDED_QUEUE:
        valkey.clear_away(settings.VALKEY_SOCKET)
        supervisor.start(children.queue(valkey.find_server(), settings.VALKEY_SOCKET, settings.HOME))
    changed = _migrate()
    screen.say(f"  [green]ok[/]  database {'migrated' if changed else 'up to date'}")
    _wait_for_queue(supervisor, screen)
    screen.say("  [green]ok[/]  queue ready")
    if settings.MAIL_CATCHER_ON:
        supervisor.start(children.catcher(settings.MAIL_CATCHER_PORT))
    supervisor.start(children.web(start.port))
    if settings.BOUNCE_LISTEN.port:
        supervisor.start(children.listener(settings.BOUNCE_LISTEN))
    lines = start.prepare()
    connection.close()
    if _wait_for_web(supervisor, screen, start):
        _show_addresses(screen, lines, opens_browser=start.opens_browser)
        for child in children.workers(settings.HOME):
            supervisor.start(child)
    while not supervisor.all_ready() and _goes_on(supervisor, screen):
        supervisor.turn(IMPATIENT_SECONDS)
    if _goes_on(supervisor, screen):
        screen.say(f"  [green]ok[/]  workers online, {start.seconds()} after the start")
        screen.say("Ctrl-C stops everything; the next start continues where it stopped.")


def _migrate() -> bool:
    """Bring the tables up to date; whether there was anything to do."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", verbosity=0, interactive=False)
    return True


def _wait_for_queue(supervisor: Supervisor, screen: Screen) -> None:
    if not settings.EMBEDDED_QUEUE:
        _ask_queue_elsewhere()
    give_up_at = time.monotonic() + QUEUE_WAIT_SECONDS
    while settings.EMBEDDED_QUEUE and _goes_on(supervisor, screen) and not valkey.answers(settings.VALKEY_SOCKET):
        if time.monotonic() > give_up_at or supervisor.deaths():
            raise Unreachable(f"The queue server did not start on {settings.VALKEY_SOCKET}; its own lines above say why.")
        supervisor.turn(IMPATIENT_SECONDS)


def _ask_queue_elsewhere() -> None:
    """Raises Unreachable: a queue that cannot be reached at the start is more likely a slip in REDIS_URL than a passing fault."""
    never = Retry(NoBackoff(), 0)
    try:
        with redis.Redis.from_url(settings.REDIS_URL, retry=never, socket_connect_timeout=3, socket_timeout=3) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        raise Unreachable(f"REDIS_URL names a server that does not answer: {error}. Start it or mend the URL, then try again.") from error


def _wait_for_web(supervisor: Supervisor, screen: Screen, start: Start) -> bool:
    """Whether the web server answers; False when asked to stop before."""
    probe = Probe(supervisor.selector, start.port, HEALTH)
    while not probe.has_answer and _goes_on(supervisor, screen):
        probe.ask()
        if probe in supervisor.turn(IMPATIENT_SECONDS):
            probe.read()
    probe.close()
    if probe.has_answer:
        screen.say(f"  [green]ok[/]  web online, {start.seconds()} after the start")
    return probe.has_answer


def _show_addresses(screen: Screen, lines: list[str], *, opens_browser: bool) -> None:
    for line in lines:
        screen.say(f"  {escape(line)}")
    address = FIRST_ADDRESS.search("\n".join(lines))
    if opens_browser and address:
        webbrowser.open(address.group())


def _goes_on(supervisor: Supervisor, screen: Screen) -> bool:
    return not supervisor.stop_requests and not screen.is_closed


def _what_runs() -> str:
    database = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    queue = "Valkey" if settings.EMBEDDED_QUEUE else "Redis elsewhere"
    mail = "no mail leaves this machine" if settings.MAIL_CATCHER_ON else f"mail goes to {settings.SMTP}"
    return f"{database} + {queue} in {escape(_short(settings.HOME))}  ({mail})"


def _short(path: Path) -> str:
    here = Path.cwd()
    return f"./{path.relative_to(here)}" if path.is_relative_to(here) else str(path)
