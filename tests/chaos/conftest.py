"""Scenes for chaos in small: a prepared home, a sink and two senders, judged at the end."""

import tempfile
from pathlib import Path

import pytest
from support.fault_sink import FaultSink
from support.faults import Faults

from chaos.scene import Scene, prepared


@pytest.fixture(scope="session")
def templates(_template, test_home):
    """Prepared databases by their number of readers, each made once."""
    made = {}

    def of(readers):
        if readers not in made:
            made[readers] = prepared(_template, test_home / f"chaos-{readers}", readers)
        return made[readers]

    return of


@pytest.fixture
def scene(templates, test_home):
    """Makes the scene of this test: so many readers, these faults of the SMTP server."""
    made = []

    def make(readers, faults=Faults()):  # noqa: B008  # it cannot change
        folder = Path(tempfile.mkdtemp(prefix="chaos-", dir=test_home))
        home = templates(readers).new_home(folder / "home")
        made.append(Scene(home, FaultSink(folder / "record", faults), readers, faults))
        return made[-1]

    yield make
    for one in made:
        one.home.stop()
        one.sink.stop()
