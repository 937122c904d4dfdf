"""What may happen to an installation while it sends; F numbers are those of the reliability rules. Each returns when the campaign is over."""

import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from support.faults import Faults
from support.homes import LiveHome
from support.postgresql import PostgreSQL

from chaos import nemesis
from chaos.crew import BULK
from chaos.judge import GRACE_SECONDS
from chaos.scene import CONNECTIONS, SLOW_DOMAIN, Scene
from syndication.delivery.crash_points import NAMES


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing that may happen. `is_small`: part of `make chaos`."""

    play: Callable[[Scene, "Storm"], None]
    faults: Faults = field(default_factory=Faults)
    smtp_url: str = "smtp://127.0.0.1:{port}"
    is_small: bool = True
    needs: str = ""  # "postgresql": only there
    disk_mb: int = 0  # the home on a disk of this size; 0: on the usual one


@dataclass(frozen=True, slots=True)
class Storm:
    """The dice, how long an unhurried campaign takes, a second installation, and the database server where there is one."""

    chance: random.Random
    seconds: float
    empty_home: Callable[[], LiveHome]
    server: PostgreSQL | None = None


def calm(scene: Scene, _: Storm) -> None:
    """F1: nothing happens."""
    scene.begin()
    scene.finish()


def kill_workers(scene: Scene, storm: Storm) -> None:
    """F5, F6: kill -9 of one sender after the other."""
    scene.begin()
    for number in range(6):
        scene.go_on(scene.readers // 10)
        scene.kill(BULK[number % 2])
        scene.rest(storm.chance.uniform(0, 0.5))
    scene.finish()


def kill_both(scene: Scene, _: Storm) -> None:
    """F6: kill -9 of all senders at the same moment; the next mail must come within the lease."""
    scene.begin()
    scene.reach(0.3)
    scene.kill(*BULK)
    scene.go_on()
    scene.finish()


def kill_everything(scene: Scene, _: Storm) -> None:
    """F6: kill -9 of the whole tree, queue and beat included, twice."""
    scene.begin()
    for share in (0.2, 0.5):
        scene.reach(share)
        scene.kill(*scene.crew.posts)
        scene.home.socket.unlink(missing_ok=True)
        scene.go_on()
    scene.finish()


def kill_the_planner(scene: Scene, storm: Storm) -> None:
    """F5 while the rows are still made."""
    scene.open()
    scene.cli("campaign", "start", "1")
    for _ in range(2):
        scene.rest(storm.chance.uniform(0, 0.2))
        scene.kill("mail")
    scene.finish()


def freeze(scene: Scene, _: Storm) -> None:
    """F7: a sender is frozen for eight seconds, its lease runs out meanwhile, and it wakes."""
    scene.begin()
    scene.reach(0.2)
    scene.crew.freeze("bulk")
    scene.lapse(seconds=1)
    scene.rest(8)
    scene.crew.thaw("bulk")
    scene.finish()


def wake_the_dead(scene: Scene, _: Storm) -> None:
    """F7 at its worst: frozen for so long that all it had claimed was given up, and then it wakes. Nobody may get a second copy."""
    scene.begin()
    scene.reach(0.2)
    scene.crew.freeze("bulk")
    scene.lapse(seconds=24 * 3600)
    scene.expect.held_at_most = None  # whatever it had claimed is in doubt: the machine where its journal lies is away
    scene.rest(8)
    scene.crew.thaw("bulk")
    scene.finish()


def freeze_for_long(scene: Scene, _: Storm) -> None:
    """F7, F26 as they are: 90 seconds."""
    scene.begin()
    scene.reach(0.2)
    scene.crew.freeze("bulk")
    scene.rest(90)
    scene.crew.thaw("bulk")
    scene.finish()


def deploy(scene: Scene, _: Storm) -> None:
    """F8: SIGTERM to all workers, twice, as a deploy does; nothing may be held."""
    scene.begin()
    for share in (0.2, 0.5):
        scene.reach(share)
        if scene.crew.stop(*BULK, "mail"):
            scene.broken.append("a worker did not end with 0 after SIGTERM")
    scene.finish()


def flush_queue(scene: Scene, _: Storm) -> None:
    """F10: FLUSHALL every second."""
    scene.begin()
    for _ in range(8):
        nemesis.flush(scene.home)
        scene.rest(1)
    scene.finish()


def lose_queue(scene: Scene, _: Storm) -> None:
    """F10: the queue server dies, is away for ten seconds and comes back empty."""
    scene.begin()
    scene.reach(0.2)
    scene.crew.lose_queue()
    scene.rest(10)
    scene.crew.bring_queue_back()
    scene.blows.append(time.monotonic())
    scene.finish()


def copy_tasks(scene: Scene, _: Storm) -> None:
    """F11: the queue delivers every task many times, late, and in another order."""
    scene.begin()
    put = 0
    for _ in range(6):
        put += nemesis.copy_tasks(scene.home, copies=5)
        scene.go_on(scene.readers // 12)
    scene.notes.append(f"{put} copies of tasks")
    scene.finish()


def cut_database(scene: Scene, storm: Storm) -> None:
    """F12, F13: PostgreSQL cuts all connections; SQLite lets nobody in for two seconds; three times."""
    scene.begin()
    for _ in range(3):
        scene.go_on(scene.readers // 6)
        if storm.server:
            nemesis.cut_connections(scene.home)
        else:
            nemesis.lock_out(scene.home, 2)
    scene.finish()


def restart_database(scene: Scene, storm: Storm) -> None:
    """F12: PostgreSQL is stopped with a checkpoint, then crashes; two seconds each."""
    assert storm.server
    scene.begin()
    for share, how in ((0.2, signal.SIGINT), (0.5, signal.SIGQUIT)):
        scene.reach(share)
        nemesis.restart_postgresql(storm.server, how=how, away_seconds=2)
    scene.finish()


def crash_database(scene: Scene, storm: Storm) -> None:
    """F12: PostgreSQL crashes again and again; what it had committed without waiting for its log is gone each time."""
    assert storm.server
    scene.begin()
    for _ in range(6):
        scene.rest(storm.chance.uniform(0.5, 1.5))
        scene.go_on(scene.readers // 20)
        nemesis.restart_postgresql(storm.server, how=signal.SIGQUIT, away_seconds=0.5)
    scene.finish()


def start_twice(scene: Scene, _: Storm) -> None:
    """F15, F16: two beats, and four people press "start" at once."""
    scene.open()
    scene.crew.add_beat("beat-2")
    command = ("-m", "syndication", "campaign", "start", "1")
    pressed = [scene.home.start(sys.executable, *command) for _ in range(4)]
    for one in pressed:
        one.process.wait(60)
    scene.finish()


def leave(scene: Scene, storm: Storm) -> None:
    """F18: readers leave and complain while their mail is on the way."""
    scene.begin()
    scene.reach(0.05)
    scene.brake()
    leavers = storm.chance.sample(scene.addresses, scene.readers // 10)
    scene.expect.suppressed = nemesis.let_leave(scene, leavers)
    scene.rest(GRACE_SECONDS)
    scene.brake(1)
    scene.finish()


def pause(scene: Scene, _: Storm) -> None:
    """F17: paused, resumed, paused, resumed."""
    scene.begin()
    for share in (0.2, 0.5):
        scene.reach(share)
        scene.brake()
        scene.cli("campaign", "pause", "1")
        begin = time.monotonic()
        scene.rest(GRACE_SECONDS + 3)
        scene.expect.silences.append((begin, time.monotonic()))
        scene.brake(1)
        scene.cli("campaign", "resume", "1")
    scene.finish()


def cancel(scene: Scene, _: Storm) -> None:
    """F17: cancelled half-way."""
    scene.begin()
    scene.reach(0.3)
    scene.brake()
    scene.cli("campaign", "cancel", "1")
    begin = time.monotonic()
    scene.expect.is_cancelled = True
    scene.rest(GRACE_SECONDS + 3)
    scene.expect.silences.append((begin, time.monotonic()))
    scene.finish()


def full_disk(scene: Scene, _: Storm) -> None:
    """F14: the disk is full for eight seconds, for journal, database and queue alike. Nothing goes out unnoted, and it goes on by itself."""
    scene.begin()
    scene.reach(0.2)
    ballast = nemesis.fill_disk(scene.home.path)
    scene.rest(8)
    ballast.unlink()
    scene.blows.append(time.monotonic())
    scene.finish()


def no_growth(scene: Scene, _: Storm) -> None:
    """F14 without a disk of our own: the senders' files may not grow beyond what they are."""
    scene.begin()
    scene.reach(0.2)
    nemesis.forbid_growth(scene.crew, largest_bytes=max(path.stat().st_size for path in scene.home.path.rglob("*.journal")))
    scene.rest(8)
    nemesis.allow_growth(scene.crew)
    scene.blows.append(time.monotonic())
    scene.finish()


def let_be(scene: Scene, _: Storm) -> None:
    """The server's faults alone."""
    scene.begin()
    scene.finish(seconds=400)


def retry_doubt(scene: Scene, _: Storm) -> None:
    """F3 with the policy "retry once": lost 0, and a second copy exactly for those whose first was taken without an answer."""
    policy = (
        "INSERT INTO syndication_doubtpolicy (publication_id, kind, on_doubt) SELECT id, 'campaign', 'retry' FROM syndication_publication"
    )
    scene.home.sql(policy)
    twice = scene.meeting("amb_taken", "garbage_dot")
    scene.expect.may_repeat, scene.expect.held_at_most = frozenset(twice), 0
    scene.begin()
    scene.finish(seconds=400)
    copies = scene.sink.taken() - scene.readers
    if copies != len(twice):
        scene.broken.append(f"{copies} second copies, and {len(twice)} are explained")


def refuse(scene: Scene, storm: Storm) -> None:
    """F19: the server is away again and again; every open connection is cut each time, which may leave one in doubt on each."""
    scene.begin()
    for _ in range(2):
        scene.go_on(scene.readers // 8)
        scene.explain(scene.sink.connections())
        scene.sink.shut()
        scene.rest(storm.chance.uniform(0.5, 2))
        scene.sink.open()
        scene.blows.append(time.monotonic())
    scene.finish()


def tarpit(scene: Scene, storm: Storm) -> None:
    """F21: one domain answers after a second each time; the others may not wait for it."""
    scene.begin()
    scene.finish()
    ends = sorted(event.at for event in scene.sink.events() if event.kind == "taken" and not event.recipient.endswith(SLOW_DOMAIN))
    took = ends[-1] - ends[0]
    scene.notes.append(f"all other domains were done after {took:.1f} s; without the slow one it is {storm.seconds:.1f} s")


def slow_server(scene: Scene, _: Storm) -> None:
    """A server that takes its time with everybody, whatever the domain: the lines stay busy, nobody is put off."""
    scene.begin()
    scene.finish(seconds=scene.readers)
    ends = sorted(event.at for event in scene.sink.events() if event.kind == "taken")
    at_best = scene.readers / scene.sink.peak() * 4 * scene.faults.reply_seconds  # MAIL, RCPT, DATA and dot
    scene.notes.append(f"{ends[-1] - ends[0]:.0f} s; {scene.sink.peak()} busy lines would take {at_best:.0f} s")


def restore(scene: Scene, storm: Storm) -> None:
    """F24: a backup of the middle of the send is restored after its end; nothing goes out by itself, and nothing twice afterwards."""
    scene.begin()
    scene.reach(0.2)
    scene.brake()
    file = str(scene.home.path / "backup.tar.gz")
    scene.cli("backup", file)
    scene.brake(1)
    scene.finish()
    scene.move_to(storm.empty_home())
    scene.cli("restore", file)
    before = scene.sink.taken()
    scene.open()
    scene.rest(5)
    if scene.sink.taken() != before:
        scene.broken.append(f"{scene.sink.taken() - before} messages went out before anybody said so")
    scene.expect.held_at_most = None  # all that was not final at the backup
    scene.cli("campaign", "resume", "1")
    scene.finish()


def refused_at_the_door(scene: Scene, _: Storm) -> None:
    """F22: no TLS where TLS is required, or a wrong password: nobody is failed, the reason is shown, nothing is sent in clear."""
    scene.open()
    scene.cli("campaign", "start", "1")
    scene.rest(10)
    shown = scene.cli("campaign", "status", "1")
    if "Waits:" not in shown:
        scene.broken.append(f"the status names no reason: {shown}")
    if scene.sink.taken():
        scene.broken.append("something was sent")
    scene.expect.is_cancelled = True
    scene.cli("campaign", "cancel", "1")
    scene.finish()


def weather(scene: Scene, storm: Storm) -> None:
    """All at once, in the order of the dice, until most mail is out."""
    scene.begin()
    blows: Mapping[str, Callable[[], None]] = {
        "kill": lambda: scene.kill(storm.chance.choice(BULK)),
        "kill both": lambda: scene.kill(*BULK),
        "kill mail": lambda: scene.kill("mail"),
        "kill beat": lambda: scene.kill("beat"),
        "flush": lambda: nemesis.flush(scene.home),
        "copy": lambda: nemesis.copy_tasks(scene.home, copies=2) and None,
        "deploy": lambda: scene.crew.stop(*BULK) and None,
        "database": lambda: nemesis.cut_connections(scene.home) if storm.server else nemesis.lock_out(scene.home, 1),
    }
    while scene.sink.taken() < 0.8 * scene.readers:
        name = storm.chance.choice(list(blows))
        scene.notes.append(name)
        blows[name]()
        scene.rest(storm.chance.uniform(0.5, 4))
    scene.finish(seconds=900)


def crash_points(scene: Scene, storm: Storm) -> None:
    """F5: each sender dies at a named point after a number of passings, both drawn anew at each of its starts."""
    scene.open()
    scene.crew.stop(*BULK)
    scene.cli("campaign", "start", "1")
    while scene.sink.taken() < 0.8 * scene.readers:
        for name in BULK:
            passings = storm.chance.choice((1, 2, 5, 20, 100, 300))
            scene.crew.posts[name].environ["SYNDICATION_CRASH_AT"] = f"{storm.chance.choice(NAMES)}:{passings}"
        scene.rest(1)
    for name in BULK:
        scene.crew.posts[name].environ.clear()
    scene.finish(seconds=900)
    scene.explain(CONNECTIONS * scene.crew.deaths.total())
    scene.notes.append(f"{scene.crew.deaths.total()} deaths at named points")


_RANDOM = {"mail4": 0.02, "rcpt4": 0.03, "data4": 0.02, "dot4": 0.03, "drop_rcpt": 0.02, "rcpt5": 0.02, "data5": 0.01, "dot5": 0.02}
_DOUBT = {"amb_taken": 0.01, "amb_drop": 0.01, "garbage_dot": 0.005}
SCENARIOS: Mapping[str, Scenario] = {
    "calm": Scenario(calm),
    "kill-workers": Scenario(kill_workers),
    "kill-both": Scenario(kill_both, is_small=False),
    "kill-everything": Scenario(kill_everything),
    "kill-the-planner": Scenario(kill_the_planner),
    "freeze": Scenario(freeze),
    "wake-the-dead": Scenario(wake_the_dead, is_small=False),
    "freeze-for-long": Scenario(freeze_for_long, is_small=False),
    "deploy": Scenario(deploy),
    "flush-queue": Scenario(flush_queue, is_small=False),
    "lose-queue": Scenario(lose_queue),
    "copy-tasks": Scenario(copy_tasks),
    "cut-database": Scenario(cut_database),
    "restart-database": Scenario(restart_database, needs="postgresql"),
    "crash-database": Scenario(crash_database, needs="postgresql"),
    "start-twice": Scenario(start_twice),
    "leave": Scenario(leave),
    "pause": Scenario(pause),
    "cancel": Scenario(cancel),
    "full-disk": Scenario(full_disk, disk_mb=96),
    "no-growth": Scenario(no_growth, is_small=False),
    "smtp-errors": Scenario(let_be, Faults(shares=_RANDOM, messages_per_connection=100)),
    "doubt": Scenario(let_be, Faults(shares=_DOUBT)),
    "retry-doubt": Scenario(retry_doubt, Faults(shares=_DOUBT), is_small=False),
    "silence": Scenario(let_be, Faults(shares={"silent_taken": 0.002, "silent_drop": 0.002}, silent_seconds=10), is_small=False),
    "greylist": Scenario(let_be, Faults(greylist_seconds=60), is_small=False),
    "refuse": Scenario(refuse),
    "few-connections": Scenario(let_be, Faults(greeting_421=0.2, messages_per_connection=50), is_small=False),
    "slow-server": Scenario(slow_server, Faults(reply_seconds=0.6), is_small=False),
    "tarpit": Scenario(tarpit, Faults(tarpit={SLOW_DOMAIN: 0.3})),
    "no-tls": Scenario(refused_at_the_door, smtp_url="smtp://127.0.0.1:{port}?tls=starttls"),
    "tls-454": Scenario(refused_at_the_door, Faults(starttls="454"), smtp_url="smtp://127.0.0.1:{port}?tls=starttls", is_small=False),
    "wrong-password": Scenario(refused_at_the_door, Faults(auth="535"), smtp_url="smtp://news:wrong@127.0.0.1:{port}", is_small=False),
    "crash-points": Scenario(crash_points, is_small=False),
    "restore": Scenario(restore),
    "weather": Scenario(weather, Faults(shares=_RANDOM | _DOUBT, messages_per_connection=100), is_small=False),
}


def paced(faults: Faults, *, seed: int, pace_per_second: float, chunking: bool) -> Faults:
    """The scenario's faults at the speed of this run."""
    return replace(faults, seed=seed, pace_per_second=pace_per_second, chunking=chunking)
