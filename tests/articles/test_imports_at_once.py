"""Several people import the same source at the same moment, on a real database file or server."""

import sys

import pytest

IMPORTERS = 4
ROUNDS = 5
PROGRAM = f"""
import threading
import django
django.setup()
from django.db import connection
from django.utils import timezone
from syndication.articles.bring_in import Options, bring_in
from syndication.articles.find import publication_named
from syndication.articles.read_source import Source

gate = threading.Barrier({IMPORTERS})

def import_all():
    gate.wait()
    publication = publication_named(None, make=True)
    for number in range({ROUNDS}):
        gate.wait()
        source = Source("walk.txt", b"A Walk\\n\\nThe tide was out %d." % number, path=f"/texts/{{number}}.txt")
        bring_in(source, publication=publication, options=Options(slug=f"walk-{{number}}"), check=lambda _: None, now=timezone.now())
    connection.close()

threads = [threading.Thread(target=import_all) for _ in range({IMPORTERS})]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all brought in")
"""


@pytest.mark.processes
@pytest.mark.database
def test_imports_at_the_same_moment_make_one_article_and_count_its_revisions(live_home):
    live_home.start(sys.executable, "-c", PROGRAM, DJANGO_SETTINGS_MODULE="syndication.settings").wait_for("all brought in")
    assert live_home.sql("SELECT count(*) FROM syndication_publication") == [(1,)]
    articles = live_home.sql("SELECT slug, revision FROM syndication_article ORDER BY slug")
    assert articles == [(f"walk-{number}", IMPORTERS) for number in range(ROUNDS)]
    assert live_home.sql("SELECT count(*) FROM syndication_revision") == [(IMPORTERS * ROUNDS,)]
