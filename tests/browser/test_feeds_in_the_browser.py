"""Private feeds and the health of feeds in a real browser, with a worker that makes them: buttons pressed, on a phone, in the dark."""

import os
import socket
import tempfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import feedparser
import pytest
from playwright.sync_api import expect
from support.media_server import media_server
from support.waiting import listens, wait_until

from syndication.cli import children

pytestmark = [pytest.mark.browser, pytest.mark.processes]

BEING_MADE = 503
PICTURES = os.environ.get("PICTURES_OF_FEEDS", "")  # a folder; set it to look at the pages
SEED = """
import json
from datetime import timedelta
from django.utils import timezone
from syndication.articles.models import Article
from syndication.articles.topics import keep_in_step
from syndication.audience import subscribe, tokens
from syndication.audience.keys import copy_key
from syndication.audience.lists import create_list
from syndication.audience.subscribe import Person, add
from syndication.delivery.models import Mailing
from syndication.feeds.publishing.publish import publish
from support.publications import make_article, make_publication
now = timezone.now()
garden = make_publication("garden-letters", name="Garden Letters", language="en")
letter = create_list("letter", publication=garden, name="The monthly letter")
for name, visibility in (("Ten plants that forgive you", "public"), ("A letter to subscribers", "email")):
    article = make_article(garden, name.lower().replace(" ", "-"), title=name, visibility=visibility, published_at=now - timedelta(days=1), updated_at=now)
    keep_in_step(article)
sent = {"article": article, "subject": "s", "html": "h", "text": "t", "content_hash": "0" * 64, "frozen_at": now - timedelta(hours=1)}
mailing = Mailing.objects.create(key="campaign:1", publication=garden, list=letter, state="closed", **sent)
rosa = add(Person("rosa@example.org"), to=letter, confirmed=True, how="import", now=now)
otto = add(Person("otto@example.org"), to=letter, confirmed=False, how="import", now=now)
publish(garden.pk, now=now)
print(json.dumps({
    "preferences": tokens.of_copy(mailing.pk, rosa.subscriber_id, letter.pk, copy_key()).preferences,
    "confirm": subscribe.confirmation_token(otto.subscriber_id, letter.pk, now),
    "publication": garden.pk, "article": article.pk,
}))
"""


@pytest.fixture(scope="module")
def garden(_template, test_home):
    """A web server and the worker for feeds, with one letter for subscribers only: the address, and the tokens of two readers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    folder = Path(tempfile.mkdtemp(prefix="garden-feeds-", dir=test_home)) / "home"
    home = _template.new_home(folder, SYNDICATION_BASE_URL=url, SYNDICATION_FETCH_ALLOW="127.0.0.1")
    try:
        made = home.told(SEED)
        home.start_queue()
        home.start_worker("default,feeds")
        home.start(*children.web(port).command)
        wait_until(lambda: listens(port), seconds=60, what="the web server")
        yield url, made, home
    finally:
        home.stop()


@pytest.fixture
def window(chromium, garden):
    """Opens a window of a given width and colour scheme, without JavaScript unless it is asked for."""
    contexts, complaints = [], []

    def opened(width=1280, scheme="light", *, scripts=False):
        context = chromium.new_context(
            base_url=garden[0], java_script_enabled=scripts, color_scheme=scheme, viewport={"width": width, "height": 900}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        return page

    yield opened
    for one in contexts:
        one.close()
    assert [one for one in complaints if not any(status in one for status in ("404", "410", "422"))] == []


def picture(page, name):
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def fits(page, width):
    for box in (one.bounding_box() for one in page.locator("main *:visible").all()):
        if box:
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width


def titles(url):
    """What the feed holds, once the worker has made it."""
    wait_until(lambda: status_of(url) != BEING_MADE, seconds=60, what="the worker has made the private feed")
    with urlopen(url, timeout=10) as answer:
        parsed = feedparser.parse(answer.read())
    assert not parsed.bozo
    return {one.title for one in parsed.entries}


def status_of(url):
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_a_reader_chooses_the_feed_copies_the_address_renews_and_closes_it(window, garden):
    page = window()
    page.goto(f"/p/{garden[1]['preferences']}/")
    letter = page.get_by_role("article", name="The monthly letter")
    letter.get_by_label("By feed only").check()
    letter.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved. Your private address is below.")
    first = page.get_by_label("Your private address").input_value()
    assert titles(first) == {"Ten plants that forgive you", "A letter to subscribers"}
    picture(page, "preferences-feed")
    page.get_by_role("button", name="Give me a new address").click()
    second = page.get_by_label("Your private address").input_value()
    assert second != first
    assert status_of(first) == 410
    assert titles(second) == {"Ten plants that forgive you", "A letter to subscribers"}
    page.get_by_role("button", name="Close this address").click()
    expect(page.get_by_role("button", name="Give me a private address")).to_be_visible()
    assert status_of(second) == 410


def test_a_new_reader_chooses_the_feed_beside_the_welcome_and_can_go_back(window, garden):
    page = window()
    page.goto(f"/c/{garden[1]['confirm']}/")
    page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
    picture(page, "welcome")
    page.get_by_role("button", name="Read by feed, without mails").click()
    expect(page.get_by_role("heading", name="Your private feed")).to_be_visible()
    address = page.get_by_label("Your private address").input_value()
    assert "A letter to subscribers" in titles(address)
    page.get_by_text("Does your reader ask for Atom or JSON Feed?").click()
    picture(page, "private-feed")
    page.get_by_role("button", name="Read by email again").click()
    expect(page.get_by_role("button", name="Read by email again")).to_have_count(0)
    for width, scheme in ((320, "light"), (375, "dark"), (1280, "dark")):
        small = window(width, scheme)
        small.goto(page.url)
        fits(small, width)
        picture(small, f"private-feed-{width}-{scheme}")
    page.get_by_role("button", name="Close this address").click()
    expect(page.get_by_role("heading", name="Your private address is closed")).to_be_visible()
    picture(page, "closed")
    assert status_of(address) == 410


def test_staff_attach_sound_and_look_at_the_health_of_feeds(window, garden):
    _, made, home = garden
    printed = home.run_cli("user", "create", "ada@example.org", "--role", "owner", check=True).stdout
    page = window(scripts=True)
    page.goto(next(word for word in printed.split() if "/login/once/" in word))
    page.get_by_role("button", name="Sign in as").click()
    page.get_by_role("heading", name="Overview").wait_for()
    with media_server() as (media, _):
        page.goto(f"/studio/articles/{made['article']}/")
        page.get_by_role("link", name="Sound and picture").click()
        page.get_by_label("Address of the file").fill(f"{media}/page.mp3")
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_text("not a file of sound")).to_be_visible()
        picture(page, "files-refused")
        page.get_by_label("Address of the file").fill(f"{media}/walk.mp3")
        page.get_by_label("Title").fill("The walk, read aloud")
        page.get_by_role("button", name="Attach").click()
        expect(page.get_by_role("cell", name="The walk, read aloud http")).to_be_visible()
        picture(page, "files")
        page.get_by_label("Address of the picture").fill(f"{media}/frog.png")
        page.get_by_role("button", name="Save the picture").click()
        expect(page.get_by_text("The picture is saved.")).to_be_visible()
    page.goto("/studio/publications/")
    page.get_by_role("link", name="Feeds of Garden Letters").click()
    expect(page.get_by_text("all is well")).to_be_visible()
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("0 articles would appear as unread")).to_be_visible()
    page.get_by_label("Articles in each feed").fill("30")
    page.get_by_label("Podcast category").select_option("Leisure > Home & Garden")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Articles in each feed")).to_have_value("30")
    picture(page, "health")
    home.sql(
        "UPDATE syndication_feed SET problem = %s WHERE topic_id IS NULL", "RSS: “Ten plants” holds a form: take it out, then publish it"
    )
    page.goto("/studio/")
    page.get_by_role("link", name="See why, and what to do").click()
    expect(page.get_by_text("“Ten plants” holds a form: take it out")).to_be_visible()
    cookies = page.context.storage_state()["cookies"]
    for width, scheme in ((375, "light"), (1280, "dark")):
        other = window(width, scheme)
        other.context.add_cookies(cookies)
        for name, where in {
            "health-sick": f"/studio/publications/{made['publication']}/feeds/",
            "files": f"/studio/articles/{made['article']}/files/",
        }.items():
            other.goto(where)
            assert other.evaluate("document.documentElement.scrollWidth") <= width
            picture(other, f"{name}-{width}-{scheme}")
    home.sql("UPDATE syndication_feed SET problem = ''")
