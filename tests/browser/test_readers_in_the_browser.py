"""What staff do with their readers, in a real Chromium; also without JavaScript and by the keyboard alone."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PICTURES = os.environ.get("KEEP_PICTURES_IN", "")  # a folder for screenshots, to look at
SEED = """
from datetime import timedelta
from django.utils import timezone
from syndication.articles.models import Publication
from syndication.audience import consent
from syndication.audience.change import change
from syndication.audience.lists import create_list
from syndication.audience.models import ReaderEvent, Subscriber
from syndication.audience.subscribe import Person, add
from syndication.audience.suppression.suppress import suppress
from syndication.audience.suppression.domain_rules import put

now = timezone.now()
if not Publication.objects.filter(slug="shore").exists():
    shore = Publication.objects.create(
        slug="shore", name="Shore Notes", sender_name="Ines", sender_address="ines@shore.example", postal_address="2 Quay",
        mail_domain="shore.example",
    )
    tides = create_list("tides", publication=shore, name="Tides")
    names = ["Maren Moor", "Piet Pool", "Lena Lund", "Joris Jansen"]
    for number in range(70):
        person = Person(f"shore{number:02}@example.net", name=names[number % 4], attributes={"city": "Ulm" if number % 5 else "Kiel"})
        one = add(person, to=tides, confirmed=bool(number % 9), how="import", now=now - timedelta(days=number % 25))
        if not number % 11 and number:
            change(one.pk, consent.Act.LEAVE, how="one-click", now=now - timedelta(days=number % 7))
    first = Subscriber.objects.get(address="shore01@example.net")
    ReaderEvent.objects.create(subscriber=first, kind="hard bounce", source="smtp", detail="550 5.1.1 no such user", at=now)
    suppress("shore01@example.net", reason="bounced", detail="550 5.1.1 no such user", by="smtp")
    put("trash.example", kind="block", detail="throw-away addresses")
"""


@pytest.fixture(scope="module", autouse=True)
def _readers(studio):
    studio.run(SEED)


@pytest.fixture
def picture(staff_page):
    def take(name):
        if PICTURES:
            staff_page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)

    return take


def test_readers_are_found_sorted_and_paged_by_their_links(staff_page, picture):
    staff_page.goto("/studio/subscribers/")
    staff_page.get_by_label("Address, name, or attribute=value").fill("example.net")
    staff_page.get_by_role("button", name="Search").click()
    expect(staff_page.get_by_text("70 subscribers found")).to_be_visible()
    staff_page.get_by_role("link", name="Address").click()
    expect(staff_page.get_by_role("columnheader", name="Address")).to_have_attribute("aria-sort", "ascending")
    expect(staff_page.get_by_role("link", name="shore00@example.net")).to_be_visible()
    picture("subscribers")
    staff_page.get_by_role("link", name="More →").click()
    expect(staff_page.get_by_role("link", name="shore69@example.net")).to_be_visible()
    staff_page.get_by_role("link", name="← Back").click()
    expect(staff_page.get_by_role("link", name="shore00@example.net")).to_be_visible()


def test_many_are_chosen_asked_about_and_unsubscribed_by_the_keyboard(staff_page, picture):
    staff_page.goto("/studio/subscribers/?q=city%3DKiel&state=confirmed")
    staff_page.get_by_role("checkbox", name="not only those").focus()
    staff_page.keyboard.press("Space")
    staff_page.get_by_role("button", name="Unsubscribe…").focus()
    staff_page.keyboard.press("Enter")
    expect(staff_page.get_by_role("heading", name="Unsubscribe: 11 subscribers?")).to_be_visible()
    picture("subscribers-many")
    staff_page.get_by_role("button", name="Unsubscribe", exact=True).press("Enter")
    expect(staff_page.get_by_text("Done: 11 of 11 changed.")).to_be_visible()
    picture("subscribers-job")


def test_a_bounce_is_seen_on_the_timeline_and_taken_back(staff_page, picture):
    staff_page.goto("/studio/subscribers/?q=shore01")
    staff_page.get_by_role("link", name="shore01@example.net").click()
    expect(staff_page.get_by_text("Not mailed by any publication: bounced")).to_be_visible()
    picture("subscriber")
    staff_page.get_by_role("button", name="Take back: hard bounce").click()
    expect(staff_page.get_by_text("Taken back: hard bounce.")).to_be_visible()
    expect(staff_page.get_by_text("Not mailed by any publication")).to_have_count(0)
    with staff_page.expect_download() as download:
        staff_page.get_by_role("button", name="Export the data").click()
    assert download.value.suggested_filename.endswith(".json")


def test_growth_and_what_is_not_mailed_are_seen(staff_page, picture, complaints):
    staff_page.goto("/studio/subscribers/growth/")
    expect(staff_page.get_by_role("img", name="the table below has the figures")).to_be_visible()
    picture("growth")
    staff_page.goto("/studio/suppressions/")
    staff_page.get_by_label("Addresses, one a line").fill("gone@example.net\nno address")
    staff_page.get_by_role("button", name="Suppress", exact=True).click()
    expect(staff_page.get_by_text("1 line could not be taken")).to_be_visible()
    picture("suppressions")
    staff_page.goto("/studio/domains/")
    expect(staff_page.get_by_role("button", name="Remove the rule for trash.example")).to_be_visible()
    picture("domains")
    complaints[:] = [said for said in complaints if "422" not in said]


@pytest.mark.parametrize("path", ["subscribers/?q=example.net", "subscribers/growth/", "suppressions/", "domains/"])
def test_nothing_is_cut_off_on_a_phone(staff_page, path):
    staff_page.set_viewport_size({"width": 375, "height": 700})
    staff_page.goto(f"/studio/{path}")
    assert staff_page.evaluate("document.documentElement.scrollWidth") <= 375
