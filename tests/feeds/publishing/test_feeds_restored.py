"""A restored installation serves the bytes and validators of before, also on the other kind of database."""

import subprocess
import sys
from pathlib import Path

import pytest
from support import postgresql
from support.homes import Template

from syndication.feeds.store import Shelf

LATER = "2026-03-01T13:00:00+00:00"
FILL = f"""
import django
django.setup()
import sys
sys.path.insert(0, "tests")
from datetime import datetime, timedelta
from support.publications import NOON, make_article, make_publication
from syndication.articles.publish import unpublish
from syndication.feeds.publishing.publish import publish
publication = make_publication(feed_entries=20)
for number in range(45):
    make_article(publication, f"walk-{{number}}", title=f"Walk \\u00fcber {{number}}", published_at=NOON - timedelta(hours=number), tags=["Wälder", "C++"])
publish(publication.pk, now=datetime.fromisoformat("{LATER}"))
unpublish(publication.articles.get(slug="walk-3").pk, now=datetime.fromisoformat("{LATER}"))
publish(publication.pk, now=datetime.fromisoformat("{LATER}"))
"""


def run(home, *arguments):
    done = subprocess.run(
        [sys.executable, *arguments],
        env=home.environ | {"DJANGO_SETTINGS_MODULE": "syndication.settings", "SYNDICATION_BASE_URL": "https://news.example.org"},
        cwd=Path(__file__).parents[2],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def other_server():
    server = postgresql.start()
    yield server
    server.stop()


@pytest.mark.processes
def test_bytes_tags_and_dates_survive_a_backup_that_is_restored_into_postgresql(live_home, other_server, tmp_path):
    run(live_home, "-c", FILL)
    run(live_home, "-m", "syndication", "backup", str(tmp_path / "backup.tar.gz"))
    other = Template(tmp_path / "template", other_server.url()).new_home(tmp_path / "other" / "home")
    run(other, "-m", "syndication", "restore", str(tmp_path / "backup.tar.gz"))
    run(other, "-m", "syndication", "feeds", "publish")
    folders = sorted(str(path.parent.relative_to(live_home.feeds)) for path in live_home.feeds.rglob("current"))
    assert len(folders) == 12  # four feeds with two archives each
    for folder in folders:
        assert Shelf(other.feeds).version(folder) == Shelf(live_home.feeds).version(folder)
