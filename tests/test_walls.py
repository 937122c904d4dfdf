"""The walls of the house hold: each contract fails when it is broken on purpose, and every module has taken a side."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]
CONTRACTS = {contract["name"].replace(";", ":").partition(":")[0]: contract for contract in SETTINGS["importlinter"]["contracts"]}
IDEAS = set(CONTRACTS["Ideas are pure"]["source_modules"])
STEPS_AND_EDGES = set(SETTINGS["syndication"]["steps_and_edges"])
ROOMS = ("articles", "audience", "rendering", "feeds", "delivery", "engagement", "campaigns")
NEUTRAL = {"__init__", "models", "errors"}

BREAKS = {
    "a room imports a higher room": (
        "articles/cleaning.py",
        "import syndication.campaigns.schedule",
        "A room imports only rooms with a lower number",
    ),
    "a room imports a door": ("delivery/mailing/links.py", "import syndication.tasks", "A room imports only rooms with a lower number"),
    "a room imports Celery": ("feeds/publishing/publish.py", "import celery", "Only the doors know Celery"),
    "an idea imports Django": ("delivery/outcome.py", "import django.db", "Ideas are pure"),
    "an idea imports Django by a detour": ("delivery/outcome.py", "import syndication.delivery.models", "Ideas are pure"),
    "an idea reads the clock": ("campaigns/schedule.py", "import time", "Ideas are pure"),
    "an idea throws dice": ("audience/tokens.py", "from secrets import token_bytes", "Ideas are pure"),
    "two modules import each other": (
        "audience/addresses.py",
        "import syndication.audience.table.rows\n",
        "No module and no room imports itself by a detour",
    ),
}


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(REPOSITORY / "syndication", tmp_path / "syndication", ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> str:
    """What import-linter says about the package in `folder`; a broken contract's name is followed by BROKEN."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo", "--no-cache"]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder), "COLUMNS": "200"}, check=False, capture_output=True, text=True
    )
    broken = "BROKEN" in done.stdout
    assert broken == bool(done.returncode), done.stdout + done.stderr
    return done.stdout


def broken_contracts(output: str) -> list[str]:
    return [name for name in CONTRACTS if any(line.startswith(name) and line.endswith("BROKEN") for line in output.splitlines())]


def test_the_walls_hold(copy):
    assert broken_contracts(lint(copy)) == []


@pytest.mark.parametrize("what", BREAKS)
def test_a_breach_is_seen_and_named(copy, what):
    file, line, contract = BREAKS[what]
    path = copy / "syndication" / file
    path.write_text(path.read_text() + f"\n{line}\n")
    if what == "two modules import each other":
        other = copy / "syndication/audience/table/rows.py"
        other.write_text(other.read_text() + "\nimport syndication.audience.addresses\n")
    assert contract in broken_contracts(lint(copy))


def modules_of_rooms() -> list[str]:
    paths = [path for room in ROOMS for path in (REPOSITORY / "syndication" / room).rglob("*.py")]
    return sorted(".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__") for path in paths)


def is_in(module: str, listed: set[str]) -> bool:
    """Whether the module or a package around it is listed."""
    return any(module == name or module.startswith(f"{name}.") for name in listed)


def is_only_a_sentence(module: str) -> bool:
    """Whether it is a package with nothing in its `__init__` but the sentence: what it holds takes sides module by module."""
    init = REPOSITORY / module.replace(".", "/") / "__init__.py"
    return init.exists() and module not in IDEAS | STEPS_AND_EDGES and len(ast.parse(init.read_text()).body) == 1


@pytest.mark.parametrize("module", [module for module in modules_of_rooms() if module.count(".") > 1 and not is_only_a_sentence(module)])
def test_every_module_of_a_room_has_taken_a_side(module):
    sides = [is_in(module, IDEAS), is_in(module, STEPS_AND_EDGES), module.rpartition(".")[2] in NEUTRAL]
    assert sides.count(True) == 1, (
        f"{module} must be in exactly one list of pyproject.toml: the ideas (pure) or tool.syndication.steps_and_edges (they read and write)"
    )


def test_no_list_names_a_module_that_is_gone():
    known = set(modules_of_rooms())
    assert known >= IDEAS | STEPS_AND_EDGES


def test_the_contract_about_celery_covers_every_room():
    assert set(CONTRACTS["Only the doors know Celery"]["source_modules"]) == {f"syndication.{room}" for room in ROOMS}


IMPURE_CALLS = {
    "open",
    "input",
    "print",
    "now",
    "utcnow",
    "today",
    "uuid1",
    "uuid4",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "urlopen",
}
IMPURE_NAMES = {"urllib.request", "pathlib.Path", "uuid.uuid1", "uuid.uuid4"}


def impurities(source: str) -> list[str]:
    """What import-linter cannot see: impure parts of otherwise harmless modules, and built-in functions."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in IMPURE_NAMES]
        elif isinstance(node, ast.ImportFrom):
            found += [
                name for alias in node.names if (name := f"{node.module}.{alias.name}") in IMPURE_NAMES or node.module in IMPURE_NAMES
            ]
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            of_ours = isinstance(node.func, ast.Attribute) and called in {"open", "print", "input"}  # a method may be called so
            found += [called] if called in IMPURE_CALLS and not of_ours else []
    return found


@pytest.mark.parametrize("module", [module for module in modules_of_rooms() if is_in(module, IDEAS)])
def test_an_idea_reads_no_file_and_no_clock(module):
    path = REPOSITORY / (module.replace(".", "/") + ".py")
    path = path if path.exists() else REPOSITORY / module.replace(".", "/") / "__init__.py"
    assert impurities(path.read_text()) == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "from datetime import datetime\ndatetime.now()",
        "import urllib.request",
        "from urllib import request",
        "from pathlib import Path",
        "from uuid import uuid4",
    ],
)
def test_an_impurity_is_found(source):
    assert impurities(source)
