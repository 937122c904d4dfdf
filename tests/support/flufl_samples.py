"""The sample bounces of flufl.bounce's source distribution: fetched once by pip, kept outside the tree."""

import ast
import os
import subprocess
import sys
import tarfile
import tempfile
from functools import cache
from pathlib import Path

VERSION = "6.0.0"
NAME = f"flufl_bounce-{VERSION}.tar.gz"
PACKAGE = "flufl-bounce"
SECONDS = 120  # pip builds its description, for which it fetches a build back end
TRIES = 2


def archive() -> Path | None:
    """The archive; None where pip cannot fetch it. It is kept between runs, and stands there only when it is whole."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syndication-tests"
    path = folder / NAME
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            if any(_fetch(fresh) for _ in range(TRIES)):
                (Path(fresh) / NAME).replace(path)  # in one move: other workers of this run look for it too
    return path if path.exists() else None


def _fetch(folder: str) -> bool:
    """Whether pip has put the archive there. Only the package itself comes as source: its build back end comes ready made."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", PACKAGE, "--dest", folder]
    try:
        subprocess.run([*command, f"{PACKAGE}=={VERSION}"], check=True, capture_output=True, timeout=SECONDS)
    except (subprocess.SubprocessError, OSError):
        return False
    return (Path(folder) / NAME).exists()


@cache
def samples() -> dict[str, bytes]:
    """Name -> message, without the ending; empty where the archive cannot be had."""
    path = archive()
    if path is None:
        return {}
    with tarfile.open(path) as tar:
        members = [one for one in tar.getmembers() if one.isfile() and "/tests/data/" in one.name and one.name.endswith(".txt")]
        return {Path(one.name).stem: tar.extractfile(one).read() for one in members}


@cache
def expectations() -> dict[str, tuple[frozenset[str], bool]]:
    """Name -> the addresses that its own tests expect, and whether they are only warned of."""
    with tarfile.open(archive()) as tar:
        source = tar.extractfile(f"flufl_bounce-{VERSION}/tests/test_detectors.py").read().decode()
    table = next(
        ast.literal_eval(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DETECTORS"
    )
    return {
        name.removesuffix(".txt"): (frozenset(one.decode() for one in addresses), is_warning)
        for _, name, addresses, is_warning in table
        if addresses
    }
