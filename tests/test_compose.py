"""docker-compose.yml and Dockerfile, held against the code that they start (no Docker engine runs here)."""

import ast
import importlib
import importlib.util
import itertools
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from django.urls import Resolver404, resolve

from syndication import pulse
from syndication.cli import children
from syndication.queue import QUEUES

REPOSITORY = Path(__file__).parents[1]
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def names_that_settings_read() -> set[str]:
    """Every environment variable of settings.py, found in its calls of environment.read, read_flag and read_number."""
    tree = ast.parse((REPOSITORY / "syndication" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return {
        call.args[1].value
        for call in calls
        if call.func.attr.startswith("read") and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }


def worker_options(service: dict) -> dict[str, str]:
    """The options of a `celery … worker` command."""
    words = service["command"][service["command"].index("worker", service["command"].index("-A") + 2) + 1 :]
    return dict(itertools.pairwise(words))


WORKERS = {name: worker_options(service) for name, service in OURS.items() if name.startswith("worker-")}


def test_the_settings_are_found_in_their_source():
    assert {"DATABASE_URL", "REDIS_URL", "SYNDICATION_HOME", "SYNDICATION_CATCHER_PORT"} <= names_that_settings_read()


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_a_service_is_one_that_the_code_reads(name):
    known = names_that_settings_read()
    assert {setting.removesuffix("_FILE") for setting in OURS[name]["environment"]} <= known


def test_every_setting_of_the_image_is_one_that_the_code_reads():
    names = set(re.findall(r"\b(SYNDICATION_\w+|DATABASE_URL|REDIS_URL)=", DOCKERFILE))
    assert names
    assert names <= names_that_settings_read()


@pytest.mark.parametrize("name", OURS)
def test_what_a_person_may_set_in_env_is_one_that_the_code_reads(name):
    values = " ".join(map(str, OURS[name]["environment"].values()))
    assert set(re.findall(r"\$\{(\w+)", values)) <= names_that_settings_read()


@pytest.mark.parametrize("queue", QUEUES)
def test_each_queue_has_exactly_one_worker_service(queue):
    assert [name for name, options in WORKERS.items() if queue in options["-Q"].split(",")] == [f"worker-{queue}"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_consumes_only_queues_that_exist(name):
    assert set(WORKERS[name]["-Q"].split(",")) <= set(QUEUES)


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "celery"])
def test_a_celery_command_starts_our_app(name):
    command = OURS[name]["command"]
    module = importlib.import_module(command[command.index("-A") + 1])
    assert module.app.main == "syndication"


def test_exactly_one_service_is_beat():
    assert [name for name, service in OURS.items() if "beat" in service["command"]] == ["beat"]


def test_the_web_command_serves_a_wsgi_application():
    module, _, attribute = SERVICES["web"]["command"][-1].partition(":")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "python"])
def test_a_python_command_names_a_module_that_exists(name):
    command = OURS[name]["command"]
    assert importlib.util.find_spec(command[command.index("-m") + 1])


@pytest.mark.parametrize("name", [name for name, service in OURS.items() if service["command"][0] == "syndication"])
def test_a_syndication_command_exists(name):
    from syndication.cli.main import command_line

    assert OURS[name]["command"][1] in command_line.commands


def test_every_page_that_a_health_check_asks_for_exists():
    urls = re.findall(r"https?://[^'\"\s]+", " ".join(str(service.get("healthcheck", "")) for service in SERVICES.values()))
    assert urls
    for url in urls:
        try:
            resolve(urlsplit(url).path)
        except Resolver404:
            pytest.fail(f"a health check asks for {url}, which no view answers")


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "migrate"])
def test_a_service_that_stays_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", [*WORKERS, "beat"])
def test_a_frozen_worker_is_ended_by_its_health_check_and_started_again_by_docker(name):
    node = WORKERS[name]["-n"] if name in WORKERS else children.BEAT_NAME
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", pulse.__name__, node, "--kill"]
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_a_frozen_worker_is_noticed_within_a_minute():
    seconds = {re.fullmatch(r"(\d+)s", SERVICES[name]["healthcheck"]["interval"])[1] for name in [*WORKERS, "beat"]}
    assert pulse.STALL_SECONDS + max(map(int, seconds)) <= 60


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_exists_and_can_be_waited_for(name):
    for other, terms in SERVICES[name].get("depends_on", {}).items():
        if terms["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"] == "no"


@pytest.mark.parametrize("name", SERVICES)
def test_every_volume_secret_and_network_is_declared(name):
    service = SERVICES[name]
    assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(COMPOSE["volumes"])
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_file_that_a_service_reads_is_given_to_it(name):
    read = re.findall(r"/run/secrets/(\w+)", str(SERVICES[name]))
    assert read
    assert set(read) == set(SERVICES[name]["secrets"])


def test_home_and_feeds_of_the_image_are_volumes_of_every_service_of_ours():
    folders = dict(re.findall(r"SYNDICATION_(HOME|FEEDS)=(\S+)", DOCKERFILE))
    for service in OURS.values():
        assert {volume.partition(":")[2] for volume in service["volumes"]} == set(folders.values())


def test_only_the_web_is_published_and_only_on_loopback():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["web"]["ports"])


def test_the_published_port_is_the_one_that_the_web_listens_on():
    command = SERVICES["web"]["command"]
    assert SERVICES["web"]["ports"][0].rpartition(":")[2] == command[command.index("--port") + 1]


def test_the_default_mail_server_is_the_catcher_of_this_file():
    from django.conf import settings

    command, environment = SERVICES["mail"]["command"], SERVICES["web"]["environment"]
    assert environment["SYNDICATION_SMTP_URL"] == "${SYNDICATION_SMTP_URL:-}"
    assert environment["SYNDICATION_CATCHER_HOST"] in SERVICES
    assert int(command[command.index("--port") + 1]) == settings.MAIL_CATCHER_PORT


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_the_database_and_the_queue_are_reached_from_inside_only(name):
    assert SERVICES[name]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_the_image_does_not_run_as_root():
    assert re.findall(r"^USER (\w+)", DOCKERFILE, re.MULTILINE)[-1] == "syndication"
    assert all("user" not in service for service in OURS.values())


def test_the_image_holds_no_tools_of_developers():
    assert "requirements-dev" not in DOCKERFILE


def test_the_build_context_holds_all_that_is_copied():
    ignored = (REPOSITORY / ".dockerignore").read_text().split()
    for source in re.findall(r"^COPY (\S+)", DOCKERFILE, re.MULTILINE):
        assert (REPOSITORY / source).exists()
        assert f"!{source}" in ignored


def test_the_secrets_of_the_file_are_those_that_make_writes(tmp_path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    subprocess.run(["make", "-s", "secrets"], cwd=tmp_path, check=True, capture_output=True)
    assert {path.name for path in (tmp_path / "secrets").iterdir()} == set(COMPOSE["secrets"])
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700


def test_docker_itself_accepts_the_file(tmp_path):
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode:
        pytest.skip("the docker client with its compose plugin is not installed")
    for name in ("docker-compose.yml", "Dockerfile", "Makefile"):
        shutil.copy(REPOSITORY / name, tmp_path)
    checked = subprocess.run([docker, "compose", "config", "--quiet"], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
