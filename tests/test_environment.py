import os
import subprocess
import sys
from pathlib import Path

import pytest

from syndication import environment
from syndication.environment import SettingError, SmtpAddress

HOME = Path("/somewhere")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.org", SmtpAddress("mail.example.org", 25)),
        ("smtp://u:p%40ss@mail.example.org:587?tls=starttls", SmtpAddress("mail.example.org", 587, "u", "p@ss", "starttls")),
        ("smtps://mail.example.org", SmtpAddress("mail.example.org", 465, tls="implicit")),
        ("lmtp://mail.example.org", SmtpAddress("mail.example.org", 24, is_lmtp=True)),
        ("smtps://u:token@h?auth=xoauth2", SmtpAddress("h", 465, "u", "token", "implicit", auth="xoauth2")),
        ("smtp://h?connections=3&window=1&verify=no", SmtpAddress("h", 25, connections=3, window=1, is_verified=False)),
        ("smtp://u:p@h?clear_password=yes", SmtpAddress("h", 25, "u", "p", allows_clear_password=True)),
    ],
)
def test_an_smtp_url_is_understood(url, expected):
    assert environment.smtp(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://h:99999",
        "smtp://h?tls=maybe",
        "smtp://h:x",
        "smtp://h?tsl=starttls",
        "smtp://h?auth=cram-md5",
        "smtp://h?connections=0",
        "smtp://h?connections=many",
        "smtp://h?window=1000",
        "smtp://h?verify=perhaps",
        "smtps://h?ca=/nowhere.pem",
        "smtp://h?clear_password=1",
    ],
)
def test_a_wrong_smtp_url_names_its_variable_and_says_what_to_write(url):
    with pytest.raises(SettingError, match=r"^SYNDICATION_SMTP_URL=.*: .+"):
        environment.smtp(url)


def test_the_authority_of_a_server_is_a_file_that_exists(tmp_path):
    (tmp_path / "ca.pem").write_text("x")
    assert environment.smtp(f"smtps://h?ca={tmp_path}/ca.pem").ca_file == f"{tmp_path}/ca.pem"


def test_a_password_is_never_shown_in_an_error_nor_in_a_repr():
    assert "geheim" not in repr(environment.smtp("smtp://user:geheim@h"))
    with pytest.raises(SettingError) as caught:
        environment.smtp("smtp://user:geheim@h?tls=maybe")
    assert "geheim" not in str(caught.value)
    assert "user:***@h" in str(caught.value)


def test_a_postgresql_url_becomes_djangos_settings():
    found = environment.database("postgresql://u:p%2F@db.example.org:5433/news?sslmode=require", HOME)
    assert {key: found[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")} == {
        "HOST": "db.example.org",
        "PORT": "5433",
        "NAME": "news",
        "USER": "u",
        "PASSWORD": "p/",
    }
    assert found["OPTIONS"] == {"sslmode": "require"}


def test_no_database_url_means_sqlite_in_the_home():
    assert environment.database("", HOME)["NAME"] == "/somewhere/syndication.sqlite3"
    assert environment.database("sqlite:////data/x.sqlite3", HOME)["NAME"] == "/data/x.sqlite3"


@pytest.mark.parametrize("url", ["mysql://h/x", "postgresql://h", "postgresql:///x", "sqlite://", "nonsense"])
def test_a_wrong_database_url_names_its_variable(url):
    with pytest.raises(SettingError, match=r"^DATABASE_URL="):
        environment.database(url, HOME)


@pytest.mark.parametrize("url", ["localhost:6379", "http://h", "redis://", "redis://h:6379/notadb"])
def test_a_wrong_redis_url_names_its_variable(url):
    with pytest.raises(SettingError, match=r"^REDIS_URL="):
        environment.redis(url)


@pytest.mark.parametrize("url", ["news.example.org", "ftp://news.example.org", "https://news.example.org/path", "https://h?x=1"])
def test_a_wrong_base_url_names_its_variable(url):
    with pytest.raises(SettingError, match=r"^SYNDICATION_BASE_URL="):
        environment.base_url(url)


def test_the_address_of_a_copy_that_ran_is_remembered_and_rubbish_is_not(tmp_path):
    path = tmp_path / "address.json"
    assert environment.remembered(path) == {}
    path.write_text('{"base_url": "http://127.0.0.1:8477", "catcher_port": 8027}')
    assert environment.remembered(path) == {"base_url": "http://127.0.0.1:8477", "catcher_port": "8027"}
    for rubbish in ("", "[1]", "{"):
        path.write_text(rubbish)
        assert environment.remembered(path) == {}


def test_commands_make_the_links_of_the_copy_that_ran_on_another_port(live_home):
    (live_home.path / "address.json").write_text('{"base_url": "http://127.0.0.1:8477", "catcher_port": 8027}')
    done = live_home.run_cli("user", "create", "me@example.org")
    assert "http://127.0.0.1:8477/login/once/" in done.stdout


def test_a_secret_can_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("from the file\n")
    assert environment.read({"X_FILE": str(tmp_path / "key")}, "X") == "from the file"
    with pytest.raises(SettingError, match="keep one of the two"):
        environment.read({"X_FILE": str(tmp_path / "key"), "X": "y"}, "X")
    with pytest.raises(SettingError, match="cannot be read"):
        environment.read({"X_FILE": str(tmp_path / "none")}, "X")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SYNDICATION_SMTP_URL", "nonsense"),
        ("DATABASE_URL", "mysql://h/x"),
        ("REDIS_URL", "nonsense"),
        ("SYNDICATION_BASE_URL", "nonsense"),
        ("SYNDICATION_SECRET_KEY", "short"),
        ("SYNDICATION_CATCHER_PORT", "high"),
        ("SYNDICATION_STALL_SECONDS", "soon"),
        ("SYNDICATION_DEBUG", "perhaps"),
        ("SYNDICATION_HOME", "/proc/nowhere"),
    ],
)
def test_a_wrong_value_stops_the_start_with_exit_code_2_and_its_name(tmp_path, name, value):
    environ = {key: kept for key, kept in os.environ.items() if not key.startswith(("SYNDICATION_", "DATABASE_URL", "REDIS_URL"))}
    environ |= {"SYNDICATION_HOME": str(tmp_path / "home"), "SYNDICATION_FEEDS": str(tmp_path / "feeds"), name: value}
    command = [sys.executable, "-m", "syndication", "article", "list"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {name}=")
    assert "Traceback" not in done.stderr
