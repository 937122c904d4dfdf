"""A whole running installation with a studio in it, and a real Chromium to look at it."""

import socket
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from support.browsers import chromium_arguments, find_chromium
from support.homes import LiveHome
from support.waiting import wait_until

from syndication.cli import children

OWNER = "ada@example.org"


@dataclass
class Studio:
    """A running installation: queue, mail catcher, workers, beat and web server, each a real process."""

    home: LiveHome
    url: str

    def start(self, port: int, catcher_port: int) -> None:
        self.home.start_queue()
        for child in [children.catcher(catcher_port), *children.workers(self.home.path), children.web(port)]:
            running = self.home.start(*child.command)
            if child.ready:
                running.wait_for(child.ready)
        wait_until(self._answers, seconds=30, what=lambda: "the web server answers")

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=2) as answer:  # our own server on loopback
                return answer.status == 200
        except OSError:
            return False

    def sign_in_link(self) -> str:
        """What `syndication user create` prints."""
        printed = self.home.run_cli("user", "create", OWNER, "--role", "owner", check=True).stdout
        return next(word for word in printed.split() if "/login/once/" in word)

    def run(self, program: str) -> str:
        """Run some lines of Python in the home, with Django set up; what they printed."""
        lines = f"import django\ndjango.setup()\n{program}"
        running = self.home.start(sys.executable, "-c", lines)
        assert running.process.wait(timeout=60) == 0, running.output
        return running.output


def free_ports() -> tuple[int, int]:
    """Two ports that the system gives out at random, so that runs side by side do not meet."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


SEED = """
from datetime import timedelta
from django.utils import timezone
from syndication.articles.models import Article, Publication
from syndication.audience.lists import create_list
from syndication.audience.subscribe import Person, add
from syndication.campaigns.models import Campaign

now = timezone.now()
if not Publication.objects.exists():
    garden = Publication.objects.create(
        slug="garden-letters", name="Garden Letters", sender_name="Ada from Garden Letters", sender_address="ada@garden.example",
        postal_address="1 Canal Street", mail_domain="garden.example", time_zone="Europe/Berlin", is_sample=True,
    )
    letter = create_list("letter", publication=garden, name="The monthly letter")
    names = ["Rosa Rau", "Otto Ohm", "Eva Ek", "Milo Marsh", "Nora Night", "Hugo Holm"]
    for number in range(60):
        add(Person(f"reader{number}@example.org", name=names[number % 6]), to=letter, confirmed=True, how="import", now=now)
    titles = ["Ten plants that forgive you", "What the rain gauge said in October", "A shed of one's own, and how to keep it dry", "Why your compost sulks"]
    for number, title in enumerate(titles):
        Article.objects.create(
            publication=garden, slug=f"letter-{number}", title=title, summary="A short letter.", author="Ada", language="en", revision=1,
            html="<h2>Start small</h2><p>Dear {{ subscriber.first_name | default('reader') }}, some plants forgive everything.</p>",
            state="published" if number % 2 else "draft", published_at=now - timedelta(days=number) if number % 2 else None,
            updated_at=now - timedelta(days=number),
        )
    first = Article.objects.order_by("pk").first()
    Campaign.objects.create(
        publication=garden, article=first, list=letter, state="scheduled", starts_at=now + timedelta(hours=26), zone="Europe/Berlin",
        wall_time="tomorrow", subject="Ten plants for beginners",
    )
"""


@pytest.fixture(scope="session")
def studio(_template, test_home):
    """Made once for all browser tests: its start costs seconds."""
    port, catcher_port = free_ports()
    url = f"http://127.0.0.1:{port}"
    folder = Path(tempfile.mkdtemp(prefix="studio-", dir=test_home)) / "home"
    home = _template.new_home(folder, SYNDICATION_BASE_URL=url, SYNDICATION_CATCHER_PORT=str(catcher_port))
    running = Studio(home, url)
    try:
        running.start(port, catcher_port)
        running.run(SEED)  # first: its tests know its rows by number
        yield running
    finally:
        home.stop()


@pytest.fixture(scope="module")
def chromium() -> Browser:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=chromium_arguments())
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser wrote to its console: script errors, blocked styles, missing files."""
    return []


@pytest.fixture
def page(chromium, studio, complaints) -> Page:
    """A fresh browser window; the test fails when a page of it made the browser complain."""
    yield from _window(chromium, complaints, base_url=studio.url)


@pytest.fixture
def staff_page(chromium, studio, complaints, signed_in_once) -> Page:
    """A window of somebody who has signed in before."""
    for window in _window(chromium, complaints, base_url=studio.url, storage_state=signed_in_once):
        window.goto("/studio/")
        yield window


@pytest.fixture(scope="module")
def signed_in_once(chromium, studio):
    """The cookies of somebody who used a one-time link."""
    context = chromium.new_context(base_url=studio.url)
    sign_in(context.new_page(), studio.sign_in_link())
    cookies = context.storage_state()
    context.close()
    return cookies


def sign_in(window: Page, link: str) -> None:
    window.goto(link)
    window.get_by_role("button", name=f"Sign in as {OWNER}").click()
    window.get_by_role("heading", name="Overview").wait_for()


def _window(chromium: Browser, complaints: list[str], **options) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce", **options)
    window = context.new_page()
    window.set_default_timeout(15_000)
    window.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    window.on("pageerror", lambda error: complaints.append(str(error)))
    yield window
    context.close()
    assert complaints == []
