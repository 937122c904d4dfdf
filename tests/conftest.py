"""Gives every test run a home, a queue and a database of its own before Django reads the environment.

SYNDICATION_TEST_DATABASE=postgresql runs on a PostgreSQL server that lives as long as the run (see support/postgresql.py).
"""

import logging
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from support import postgresql
from support.browsers import find_chromium
from support.homes import LiveHome, Template
from support.smtp import SmtpServer

_IS_XDIST_WORKER = "PYTEST_XDIST_WORKER" in os.environ
_SERVER_URL = "TEST_SERVER_URL_OF_THIS_RUN"  # how the controller tells its xdist workers
_HOME = Path(tempfile.mkdtemp(prefix="syndication-tests-"))
_WANTED_DATABASE = os.environ.get("SYNDICATION_TEST_DATABASE", "sqlite")

for _name in [name for name in os.environ if name.startswith("SYNDICATION_") and name != "SYNDICATION_TEST_DATABASE"]:
    del os.environ[_name]
for _name in ("DATABASE_URL", "REDIS_URL"):
    os.environ.pop(_name, None)
os.environ["SYNDICATION_HOME"] = str(_HOME / "home")
os.environ["SYNDICATION_FEEDS"] = str(_HOME / "feeds")
os.environ["SYNDICATION_SECRET_KEY"] = "the key of the tests, which opens nothing else"
os.environ["SYNDICATION_BASE_URL"] = "https://news.example.org"
os.environ["DJANGO_SETTINGS_MODULE"] = "syndication.settings"  # not in pyproject: pytest-django would read the settings before this file

_server = None
if _WANTED_DATABASE == "postgresql":
    if not _IS_XDIST_WORKER:
        _server = postgresql.start()
        os.environ[_SERVER_URL] = _server.url()
    os.environ["DATABASE_URL"] = os.environ[_SERVER_URL].replace("/postgres?", "/syndication?")
elif _WANTED_DATABASE != "sqlite":
    raise pytest.UsageError(f"SYNDICATION_TEST_DATABASE={_WANTED_DATABASE!r}: use sqlite or postgresql")

import django  # noqa: E402  # the environment above must stand first

django.setup()

if _WANTED_DATABASE == "sqlite":  # pytest-django knows Django's own engine only
    from django.conf import settings as _settings

    _settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = ":memory:"


settings.register_profile("patient", deadline=None)  # a busy machine is no fault of ours
settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    if getattr(config.option, "tx", None):  # this process only leads xdist workers; each of them reads this file first too
        del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    if _server:
        _server.stop()
    shutil.rmtree(_HOME, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="no Chromium found; install the Debian package chromium"))


def pytest_terminal_summary(terminalreporter) -> None:
    """Say which tests this machine could not run, and what it lacks."""
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped"))
    for reason, count in reasons.items():
        if "install the Debian package" in reason or "could not fetch" in reason:
            terminalreporter.write_line(f"{count} tests left out: {reason}")


@pytest.fixture(scope="session")
def test_home() -> Path:
    """The folder of everything that this (xdist) process keeps."""
    return _HOME


@pytest.fixture(scope="session")
def _queue_server(test_home):
    from django.conf import settings

    home = LiveHome(Path(os.environ["SYNDICATION_HOME"]), dict(os.environ), "")
    assert home.socket == settings.VALKEY_SOCKET
    home.start_queue()
    yield home.socket
    home.stop()


@pytest.fixture
def valkey_socket(_queue_server):
    """The socket of the queue and cache that the settings name: a real, empty Valkey."""
    import redis

    client = redis.Redis(unix_socket_path=str(_queue_server))
    client.flushall()
    client.close()
    return _queue_server


@pytest.fixture(autouse=True)
def _log_level_as_before():
    """A command that a test calls makes the log of this process quieter; the next test reads it too."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(autouse=True)
def _cache_beside_the_database(request):
    """A test that touches the database may also touch the cache (sign-in limits) and the queue."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("valkey_socket")


@pytest.fixture
def smtp_server():
    """A real SMTP server; see support/smtp.py for what it can be told."""
    server = SmtpServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _template(test_home):
    server_url = os.environ[_SERVER_URL] if _WANTED_DATABASE == "postgresql" else ""
    return Template(test_home / "template", server_url)


@pytest.fixture
def live_home(_template, test_home, smtp_server):
    """A fresh installation for real processes; its mail goes to `smtp_server`. See support/homes.py."""
    home = _template.new_home(Path(tempfile.mkdtemp(prefix="live-", dir=test_home)) / "home", SYNDICATION_SMTP_URL=smtp_server.url)
    yield home
    home.stop()


@pytest.fixture
def worker(live_home):
    """A real Celery worker process on all queues of `live_home`, on a real Valkey; it has said that it is ready."""
    live_home.start_queue()
    return live_home.start_worker()
