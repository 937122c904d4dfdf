"""A backup carries its secret key, without which suppressions would be forgotten and links dead."""

import json

import pytest

pytestmark = pytest.mark.processes


def test_who_was_erased_stays_erased_in_a_restored_home_with_a_key_of_its_own(live_home, tmp_path):
    live_home.environ.pop("SYNDICATION_SECRET_KEY")
    table = tmp_path / "readers.csv"
    table.write_text("email\nada@example.org\nbo@example.org\n")
    for words in (
        ("list", "create", "news"),
        ("subscribers", "import", str(table), "--list", "news", "--confirmed"),
        ("subscribers", "erase", "ada@example.org"),
        ("backup", str(tmp_path / "all.backup")),
    ):
        assert live_home.run_cli(*words).returncode == 0

    other = live_home.environ | {"SYNDICATION_HOME": str(tmp_path / "other"), "SYNDICATION_FEEDS": str(tmp_path / "feeds")}
    other.pop("DATABASE_URL", None)
    live_home.environ.clear()
    live_home.environ.update(other)
    restored = live_home.run_cli("restore", str(tmp_path / "all.backup"))
    assert restored.returncode == 0, restored.stderr
    assert "secret key is now" in restored.stdout
    again = json.loads(live_home.run_cli("subscribers", "import", str(table), "--list", "news", "--confirmed", "--json").stdout)
    assert (again["new"], again["unchanged"]) == (0, 1)
    assert "suppressed (erased)" in again["refused"][0]["why"]
    assert "they belong together" in live_home.run_cli("doctor").stdout
