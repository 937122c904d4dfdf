"""Breaks fresh installations while they send, one scenario after the other, and judges each.

    .venv/bin/python chaos/run.py [--readers N] [--seconds S] [--seed K] [--database sqlite|postgresql] [--large] [SCENARIO ...]

Prints what was lost, sent twice and held, and the seconds until the next mail after each kill. Exit code 0 only when no promise broke.
A campaign takes about `--seconds` when nothing happens: the sink answers no faster. `--chunking` lets it offer BDAT.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
os.environ.setdefault("SYNDICATION_SECRET_KEY", "the key of the chaos runs, which opens nothing else")

from support import postgresql
from support.fault_sink import FaultSink
from support.homes import Template

from chaos import nemesis
from chaos.judge import Verdict, table
from chaos.scenarios import SCENARIOS, Storm, paced
from chaos.scene import Scene, prepared

FIRM_WITHOUT_FSYNC = ("fsync=off", "full_page_writes=off")
"""The machine does not crash here, the server does: what it has committed, it must keep, so synchronous_commit stays on."""


@dataclass
class Stage:
    """Where scenarios are played: a prepared database that each copies, and what was asked for."""

    asked: argparse.Namespace
    folder: Path
    server: postgresql.PostgreSQL | None

    def __post_init__(self) -> None:
        """Make the readers once."""
        self.empty = Template(self.folder / "template", self.server.url() if self.server else "")
        self.template = prepared(self.empty, self.folder / "prepared", self.asked.readers)

    def play(self, name: str) -> tuple[Verdict, Scene, float]:
        """One scenario in a home of its own: the verdict, the scene and how long it took (s)."""
        scenario, began = SCENARIOS[name], time.monotonic()
        pace = self.asked.readers / self.asked.seconds
        faults = paced(scenario.faults, seed=self.asked.seed, pace_per_second=pace, chunking=self.asked.chunking)
        with ExitStack() as stack:
            sink = FaultSink(self.folder / f"{name}.record", faults)
            stack.callback(sink.stop)
            place = self.folder / name
            if scenario.disk_mb:
                stack.enter_context(nemesis.small_disk(place, size_mb=scenario.disk_mb))
            home = self.template.new_home(place / "home")
            scene = Scene(home, sink, self.asked.readers, faults)
            stack.callback(scene.close)
            home.environ["SYNDICATION_SMTP_URL"] = scenario.smtp_url.format(port=sink.port)
            storm = Storm(random.Random(self.asked.seed), self.asked.seconds, lambda: self.empty.new_home(place / "second"), self.server)
            try:
                scenario.play(scene, storm)
            except (TimeoutError, RuntimeError, AssertionError, OSError) as error:
                scene.broken.append(f"it did not come to its end: {error}")
            verdict = scene.judge()
            if verdict.broken and self.asked.verbose:
                print(scene.crew.says())
        return verdict, scene, time.monotonic() - began


def report(name: str, verdict: Verdict, scene: Scene, took: float) -> None:
    waits = ", ".join(f"{seconds:.1f}" for seconds in scene.seconds_to_next_mail())
    print(f"{'ok ' if not verdict.broken else 'BAD'} {name} ({took:.0f} s)", flush=True)
    lines = [*table(verdict), *scene.notes]
    lines += [f"seconds to the next mail after each blow: {waits}"] if waits else []
    print("\n".join(f"      {line}" for line in lines), flush=True)


def main() -> int:
    asked = parse()
    chosen = asked.scenarios or [name for name, one in SCENARIOS.items() if one.is_small or asked.large]
    chosen = [name for name in chosen if SCENARIOS[name].needs in {"", asked.database}]
    broken = []
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="syndication-chaos-"))
        # the crew's commands ask the settings; homes of their own stand in the environment of their programs
        os.environ |= {"DJANGO_SETTINGS_MODULE": "syndication.settings", "SYNDICATION_HOME": str(folder / "nobody")}
        server = postgresql.start(FIRM_WITHOUT_FSYNC) if asked.database == "postgresql" else None
        if server:
            stack.callback(server.stop)
        stage = Stage(asked, folder, server)
        for name in chosen:
            try:
                verdict, scene, took = stage.play(name)
            except PermissionError as error:
                print(f"--- {name} left out: {error}", flush=True)
                continue
            report(name, verdict, scene, took)
            broken += [name] if verdict.broken else []
    if broken:
        print(f"\n{len(broken)} of {len(chosen)} scenarios broke a promise: {', '.join(broken)}. Their homes and records stay in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{len(chosen)} scenarios on {asked.database}, {asked.readers} readers each: every promise held")
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", choices=[*SCENARIOS, []], help=", ".join(SCENARIOS))
    parser.add_argument("--readers", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--large", action="store_true", help="every scenario, also the long ones")
    parser.add_argument("--chunking", action="store_true")
    parser.add_argument("--verbose", action="store_true", help="show what the programs said when a promise broke")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
