"""Keeps the programs of one home running, as a supervisor would, and is the hand that kills, freezes and stops them."""

import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.homes import LiveHome, Running

from syndication.cli import children, processes, valkey

RESTART_SECONDS = 0.5
GRACE_SECONDS = 30.0
BULK = ("bulk", "bulk-2")


@dataclass
class Post:
    """A program that ought to run; `is_wanted` is false while somebody keeps it away on purpose."""

    name: str
    command: Sequence[str]
    environ: dict[str, str]
    ready: str = ""  # what it says when it is ready
    running: Running | None = None
    is_wanted: bool = True
    start_again_at: float = 0.0


@dataclass
class Crew:
    """All programs of a home. Nothing happens between two calls of `tend`."""

    home: LiveHome
    posts: dict[str, Post] = field(default_factory=dict)
    deaths: Counter[str] = field(default_factory=Counter)
    """How often each died without our hand."""

    def start_queue(self) -> None:
        """The queue server, which answers when this returns."""
        self.add("queue", valkey.command(valkey.find_server(), socket=self.home.socket, folder=self.home.path))
        valkey.wait_until_it_answers(self.home.socket)

    def start_workers(self, bulk: Sequence[str] = BULK, **environ: str) -> None:
        """The workers and beat with the commands of `up`, and a second sender beside the first."""
        for child in children.workers(self.home.path):
            names = bulk if child.name == "bulk" else (child.name,)
            for name in names:
                self.add(name, [word.replace(f"{child.name}@", f"{name}@") for word in child.command], **environ)
                self.posts[name].ready = child.ready

    def add(self, name: str, command: Sequence[str], **environ: str) -> Post:
        """Start a program and keep it alive from now on."""
        post = self.posts[name] = Post(name, command, environ)
        self._launch(post)
        return post

    def add_beat(self, name: str) -> Post:
        """One more beat than there should be."""
        beat = (sys.executable, "-m", "celery", "-A", "worker", "beat", "--schedule", str(self.home.path / name), "--pidfile=")
        return self.add(name, beat)

    def wait_until_ready(self, *, seconds: float = 60) -> None:
        """Return when every worker has said that it is ready."""
        for post in self.posts.values():
            if post.ready and post.running:
                post.running.wait_for(post.ready, seconds=seconds)

    def tend(self) -> None:
        """Start again what died, a moment after its death."""
        now = time.monotonic()
        for post in self.posts.values():
            if post.running and post.running.process.poll() is not None:
                post.running.kill()  # what it left behind
                self.deaths[post.name] += 1
                post.running, post.start_again_at = None, now + RESTART_SECONDS
            if post.running is None and post.is_wanted and now >= post.start_again_at:
                self._launch(post)

    def kill(self, *names: str, comes_back: bool = True) -> float:
        """SIGKILL, all at the same moment; when that was (time.monotonic())."""
        posts = [self.posts[name] for name in names]
        alive = [post.running for post in posts if post.running]
        moment = time.monotonic()
        for running in alive:
            processes.signal_group(running.process, signal.SIGKILL)
        for running in alive:
            running.process.wait()
        for post in posts:
            post.running, post.is_wanted, post.start_again_at = None, comes_back, moment + RESTART_SECONDS
        return moment

    def stop(self, *names: str) -> int:
        """SIGTERM, as a deploy does it; the exit codes, added. They come back. Raises subprocess.TimeoutExpired."""
        alive = [running for name in names if (running := self.posts[name].running)]
        for running in alive:
            running.process.terminate()
        codes = [running.process.wait(GRACE_SECONDS) for running in alive]
        for name in names:
            self.posts[name].running = None
        return sum(map(abs, codes))

    def freeze(self, name: str) -> None:
        """SIGSTOP: a virtual machine that is paused."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        self._signal(name, signal.SIGCONT)

    def lose_queue(self) -> None:
        """The queue server dies and its memory with it; `bring_queue_back` starts an empty one."""
        self.kill("queue", comes_back=False)
        shutil.rmtree(self.home.path / "appendonlydir", ignore_errors=True)
        self.home.socket.unlink(missing_ok=True)

    def bring_queue_back(self) -> None:
        """Start the queue server again."""
        post = self.posts["queue"]
        post.is_wanted = True
        self._launch(post)
        valkey.wait_until_it_answers(self.home.socket)

    def pid(self, name: str) -> int:
        """The process id of a running member."""
        running = self.posts[name].running
        assert running
        return int(running.process.pid)

    def says(self) -> str:
        """The last lines of everybody who was ever started, for a person who wants to know why."""
        return "\n".join(f"--- {running.log.name}\n{running.output[-2000:]}" for running in self.home.running)

    def _signal(self, name: str, number: signal.Signals) -> None:
        running = self.posts[name].running
        assert running
        processes.signal_group(running.process, number)

    def _launch(self, post: Post) -> None:
        post.running = self.home.start(*post.command, **post.environ)
