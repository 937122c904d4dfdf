"""What a reader does behind the links in a mail, in a real browser: without JavaScript, by keyboard, on a phone, in the dark."""

import json
import os
import socket
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.waiting import listens, wait_until

from syndication.cli import children

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PICTURES = os.environ.get("PICTURES_OF_PREFERENCES", "")  # a folder; set it to look at the pages
SEED = """
import json, sys
import django
django.setup()
from datetime import timedelta
from django.utils import timezone
from syndication.articles.models import Publication
from syndication.audience import tokens
from syndication.audience.keys import copy_key
from syndication.audience.lists import create_list
from syndication.audience.subscribe import Person, add
from syndication.delivery.models import Mailing
now = timezone.now()
garden = Publication.objects.create(slug="garden-letters", name="Garden Letters", sender_name="Ada", sender_address="ada@garden.example", mail_domain="garden.example")
letter = create_list("letter", publication=garden, name="The monthly letter", description="One long letter, on the first Sunday of each month.")
frost = create_list("frost", publication=garden, name="Frost warnings", description="Short, and only when it matters.")
mailing = Mailing.objects.create(key="campaign:1", publication=garden, list=letter, subject="s", html="h", text="t", content_hash="0" * 64, frozen_at=now - timedelta(hours=1))
made = {}
for name in sys.argv[1:]:
    reader = add(Person(f"{name}@example.org"), to=letter, confirmed=True, how="import", now=now)
    made[name] = tokens.of_copy(mailing.pk, reader.subscriber_id, letter.pk, copy_key())._asdict()
print(json.dumps(made))
"""
READERS = ("rosa", "otto", "eva", "milo", "nora", "hugo")


@pytest.fixture(scope="module")
def garden(_template, test_home):
    """A web server with two lists and six readers: its address, and the tokens of each reader's mail."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    home = _template.new_home(Path(tempfile.mkdtemp(prefix="garden-", dir=test_home)) / "home", SYNDICATION_BASE_URL=url)
    try:
        made = home.run(sys.executable, "-c", SEED, *READERS, check=True)
        web = children.web(port)
        home.start(*web.command)
        wait_until(lambda: listens(port), seconds=30, what="the web server")
        yield url, json.loads(made.stdout)
    finally:
        home.stop()


@pytest.fixture
def window(chromium, garden):
    """Opens a window of a given width and colour scheme, without JavaScript; what the browser complained of fails the test."""
    contexts, complaints = [], []

    def opened(width=1280, scheme="light"):
        context = chromium.new_context(
            base_url=garden[0],
            java_script_enabled=False,
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        return page

    yield opened
    for one in contexts:
        one.close()
    assert [one for one in complaints if "404" not in one and "400" not in one] == []


@pytest.fixture
def preferences(garden):
    return {name: f"/p/{tokens['preferences']}/" for name, tokens in garden[1].items()}


def picture(page, name):
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def card(page, name):
    return page.get_by_role("article", name=name)


def test_a_reader_pauses_reads_by_feed_joins_and_leaves(window, preferences):
    page = window()
    page.goto(preferences["rosa"])
    until = (datetime.now(UTC) + timedelta(days=40)).date()
    letter = card(page, "The monthly letter")
    letter.get_by_label("No mails before").fill(until.isoformat())
    letter.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved. It takes effect at once.")
    expect(letter.get_by_text(f"Paused: no mails before {until:%-d %B %Y}.")).to_be_visible()
    letter.get_by_label("No mails before").fill("")
    letter.get_by_label("By feed only").check()
    letter.get_by_role("button", name="Save").click()
    expect(letter.get_by_text("You read this list by feed")).to_be_visible()
    card(page, "Frost warnings").get_by_role("button", name="Get this list").click()
    expect(card(page, "Frost warnings").get_by_text("You get each issue by email.")).to_be_visible()
    page.get_by_role("button", name="Leave all lists of Garden Letters").click()
    expect(page.get_by_text("You do not get this list.")).to_have_count(2)


def test_the_whole_page_works_by_keyboard(window, preferences):
    page = window()
    page.goto(preferences["otto"])
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():  # the browser's own calendar button inside the date field
            continue
        reached.append((focused.get_attribute("name") or focused.inner_text()).strip())
        outline = page.locator(":focus-visible")
        assert outline.count() == 1
        if reached[-1] == "name":
            page.keyboard.type("Otto Ohm")
            page.keyboard.press("Enter")
            break
    expect(page.get_by_label("Your name")).to_have_value("Otto Ohm")
    assert {"frequency", "paused_until", "do"} <= set(reached)


def test_name_language_zone_and_tracking_are_kept(window, preferences):
    page = window()
    page.goto(preferences["eva"])
    page.get_by_label("Your language").select_option("sv")
    page.get_by_label("Your time zone").select_option("Europe/Stockholm")
    tracking = page.get_by_label("You may note when I open a mail")
    expect(tracking).not_to_be_checked()
    tracking.check()
    page.locator("#about + form, form[action$='/about/']").get_by_role("button", name="Save").click()
    expect(page.get_by_label("Your time zone")).to_have_value("Europe/Stockholm")
    expect(tracking).to_be_checked()


def test_the_data_come_as_a_file(window, preferences):
    page = window()
    page.goto(preferences["milo"])
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download my data").click()
    told = json.loads(Path(coming.value.path()).read_text())
    assert (coming.value.suggested_filename, told["profile"]["address"]) == ("my-data-garden-letters.json", "milo@example.org")


def test_being_forgotten_takes_two_pages_and_a_tick(window, preferences):
    page = window()
    page.goto(preferences["nora"])
    page.get_by_role("link", name="Erase me").click()
    picture(page, "erase")
    page.get_by_role("button", name="Erase me for ever").click()
    expect(page.get_by_role("heading", name="Erase everything about me?")).to_be_visible()  # the browser asks for the tick
    page.get_by_label("Yes, erase me.").check()
    page.get_by_role("button", name="Erase me for ever").click()
    expect(page.get_by_role("heading", name="You are erased")).to_be_visible()
    picture(page, "erased")
    page.goto(preferences["nora"])
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 375, 1280])
def test_the_page_fits_its_window(window, preferences, garden, width, scheme):
    page = window(width, scheme)
    for name, address in {
        "preferences": preferences["hugo"],
        "erase": f"{preferences['hugo']}erase/",
        "leave": f"/u/{garden[1]['hugo']['unsubscribe']}/",
    }.items():
        page.goto(address)
        for box in (one.bounding_box() for one in page.locator("main *:visible").all()):
            if box:
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= width
        picture(page, f"{name}-{width}-{scheme}")


def test_a_wrong_day_is_explained_beside_its_field(window, preferences):
    page = window(375)
    page.goto(preferences["hugo"])
    letter = card(page, "The monthly letter")
    letter.locator("input[type=date]").fill("2020-01-01")
    letter.locator("form").evaluate("form => form.noValidate = true")
    letter.get_by_role("button", name="Save").click()
    expect(letter.get_by_role("alert")).to_contain_text("Choose a later day")
    picture(page, "wrong-day")
