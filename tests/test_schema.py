"""A program that is older than its tables touches nothing."""

import os
import subprocess
import sys

import pytest
from support.homes import REPOSITORY

SENTENCE = "The database was changed by a newer Syndication than this one"

pytestmark = [pytest.mark.processes, pytest.mark.database]


@pytest.fixture
def newer_home(live_home):
    live_home.sql(
        "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)",
        "syndication",
        "9999_of_next_year",
        "2027-01-01 00:00:00+00",
    )
    return live_home


@pytest.mark.parametrize("words", [("migrate",), ("up", "--no-sample"), ("article", "list"), ("doctor",), ("campaign", "status", "1")])
def test_a_command_refuses_newer_tables(newer_home, words):
    done = newer_home.run_cli(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {SENTENCE}")
    assert "9999_of_next_year" in done.stderr
    assert not list(newer_home.path.glob("*.sock"))


@pytest.mark.parametrize("role", ["worker", "beat"])
def test_workers_and_beat_refuse_newer_tables(newer_home, role):
    done = newer_home.run(sys.executable, "-m", "celery", "-A", "worker", role)
    assert done.returncode
    assert f"Error: {SENTENCE}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_web_refuses_newer_tables(newer_home):
    done = newer_home.run(sys.executable, "-c", "import syndication.web.wsgi")
    assert done.returncode
    assert f"Error: {SENTENCE}" in done.stderr
    assert "Traceback" not in done.stderr


def test_tables_of_other_packages_are_their_own_business(live_home):
    live_home.sql("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", "other", "9999", "2027-01-01 00:00:00+00")
    assert live_home.run_cli("article", "list").returncode == 0


def test_tables_as_they_should_be_are_used(live_home):
    done = live_home.run_cli("article", "list")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_look_at_a_home_without_a_database_makes_none(tmp_path):
    environ = os.environ | {"SYNDICATION_HOME": str(tmp_path / "home"), "SYNDICATION_FEEDS": str(tmp_path / "feeds"), "DATABASE_URL": ""}
    code = "import django; django.setup(); from syndication.schema import refuse_newer_tables; refuse_newer_tables()"
    subprocess.run([sys.executable, "-c", code], env=environ, cwd=REPOSITORY, check=True)
    assert not list((tmp_path / "home").glob("*.sqlite3"))
