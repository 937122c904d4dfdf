"""Gives every test run a home of its own before Django reads the environment."""

import os
import tempfile
from pathlib import Path

_HOME = Path(tempfile.mkdtemp(prefix="syndication-tests-"))
for _name in [name for name in os.environ if name.startswith("SYNDICATION_")]:
    del os.environ[_name]
os.environ["SYNDICATION_HOME"] = str(_HOME / "home")
os.environ["SYNDICATION_FEEDS"] = str(_HOME / "feeds")
os.environ["SYNDICATION_SECRET_KEY"] = "the key of the tests, which opens nothing else"
os.environ["SYNDICATION_BASE_URL"] = "https://news.example.org"
if _url := os.environ.get("SYNDICATION_TEST_DATABASE_URL_KEPT"):
    os.environ["DATABASE_URL"] = _url
