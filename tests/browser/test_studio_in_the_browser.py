"""What a person in marketing does in the studio, in a real browser on a real installation."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "studio.png"
WISH = "MAKE_PICTURES"  # set it to 1 to have the README's picture made anew
PAGES = [
    "/studio/",
    "/studio/articles/",
    "/studio/articles/import/",
    "/studio/articles/1/",
    "/studio/articles/1/?view=page&width=phone&scheme=dark",
    "/studio/articles/1/?view=source",
    "/studio/articles/1/?view=revisions",
    "/studio/campaigns/",
    "/studio/campaigns/1/",
    "/studio/campaigns/new/",
    "/studio/subscribers/",
    "/studio/subscribers/1/",
    "/studio/subscribers/1/erase/",
    "/studio/subscribers/import/",
    "/studio/subscribers/new/",
    "/studio/lists/",
    "/studio/publications/",
    "/studio/publications/new/",
    "/inbox/",
    "/accounts/2fa/",
    "/accounts/password/set/",
]
PASTED = """Three birds before breakfast

A wren can be louder than a bus, and it starts before the bus does. It sat on the fence this morning and would not stop.

The second was a robin, who had come for the worms.

The third was a blackbird, and it had the last word.

Leave a comment
"""


def test_a_sign_in_link_signs_in_by_one_click_and_then_no_more(page, studio, complaints):
    link = studio.sign_in_link()
    page.goto(link)
    page.get_by_role("button", name="Sign in as ada@example.org").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(link)
    expect(page.get_by_role("heading", name="This link is no longer good")).to_be_visible()
    complaints[:] = [said for said in complaints if "410" not in said]


def test_a_person_signs_out_and_is_asked_to_sign_in_again(page, studio):
    page.goto(studio.sign_in_link())
    page.get_by_role("button", name="Sign in as").click()
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/studio/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_pasted_text_becomes_an_article_that_is_published(staff_page):
    staff_page.goto("/studio/articles/import/")
    staff_page.get_by_label("Or paste it here").fill(PASTED)
    staff_page.get_by_role("button", name="Bring it in").click()
    expect(staff_page.get_by_role("heading", name="Three birds before breakfast")).to_be_visible()
    expect(staff_page.get_by_text("A new article is here")).to_be_visible()
    expect(staff_page.get_by_role("cell", name="Leave a comment")).to_be_visible()
    expect(staff_page.frame_locator(".preview iframe").get_by_text("who had come for the worms")).to_be_visible()
    staff_page.get_by_role("button", name="Publish").click()
    expect(staff_page.get_by_text("Published: the page is up")).to_be_visible()
    staff_page.get_by_role("link", name="Open the page").click()
    expect(staff_page.get_by_text("who had come for the worms")).to_be_visible()


def test_the_preview_changes_width_and_colours_and_reads_as_a_subscriber(staff_page):
    staff_page.goto("/studio/articles/1/")
    mail = staff_page.frame_locator(".preview iframe")
    expect(mail.get_by_text("Dear reader, some plants")).to_be_visible()
    staff_page.get_by_role("link", name="Phone 375").click()
    assert staff_page.locator(".preview iframe").bounding_box()["width"] == 375
    staff_page.get_by_role("searchbox").fill("reader0@example.org")
    staff_page.get_by_role("button", name="Preview").click()
    expect(mail.get_by_text("Dear Rosa, some plants")).to_be_visible()


def test_the_page_preview_wears_the_style_of_the_public_page(staff_page):
    staff_page.goto("/studio/articles/1/?view=page")
    page = staff_page.frame_locator(".preview iframe")
    expect(page.get_by_role("heading", name="Ten plants that forgive you")).to_be_visible()
    expect(page.locator(".skip")).not_to_be_in_viewport()


def test_on_a_phone_the_navigation_shows_every_entry_in_three_rows(staff_page):
    staff_page.set_viewport_size({"width": 375, "height": 800})
    staff_page.goto("/inbox/")
    boxes = [link.bounding_box() for link in staff_page.locator(".side nav a").all()]
    assert [box for box in boxes if box["x"] < 0 or box["x"] + box["width"] > 375] == []
    assert len({round(box["y"]) for box in boxes}) == 3


def test_a_campaign_is_made_watched_to_its_end_and_found_in_the_caught_mail(staff_page):
    staff_page.goto("/studio/campaigns/new/")
    staff_page.get_by_label("Article").select_option(label="What the rain gauge said in October (Garden Letters)")
    staff_page.get_by_label("List").select_option(label="The monthly letter (Garden Letters)")
    staff_page.get_by_label("Subject").fill('Rain, {{ subscriber.first_name | default("reader") }}')
    staff_page.get_by_label("Now", exact=True).check()
    expect(staff_page.get_by_label("Date")).to_be_hidden()
    staff_page.get_by_role("button", name="Create the campaign").click()
    expect(staff_page.get_by_text("“Rain, reader” goes to 60 readers of The monthly letter now.")).to_be_visible()
    staff_page.get_by_role("button", name="Send it now").click()
    expect(staff_page.locator(".progress")).to_contain_text("60 of 60 done, 100 %", timeout=60_000)
    expect(staff_page.locator(".progress .badge")).to_have_text("finished", timeout=60_000)
    expect(staff_page.get_by_text("Cancel…")).to_be_hidden()
    staff_page.get_by_role("link", name="Check now").click()
    expect(staff_page.get_by_text("The sums agree.")).to_be_visible()
    staff_page.goto("/inbox/?q=reader7@")
    staff_page.get_by_role("link", name="Rain, Otto").click()
    expect(staff_page.frame_locator(".preview iframe").get_by_text("Dear Otto")).to_be_visible()


def test_the_form_tells_the_time_while_it_is_typed(staff_page):
    staff_page.goto("/studio/campaigns/new/")
    staff_page.get_by_label("Date").fill("2030-07-01")
    staff_page.get_by_label("Time", exact=True).fill("09:00")
    staff_page.get_by_label("Time zone").fill("America/New_York")
    staff_page.get_by_label("Time zone").blur()
    expect(staff_page.locator("#said-when")).to_contain_text("13:00 UTC")


def test_a_cancel_asks_once_more(staff_page):
    staff_page.goto("/studio/campaigns/1/")
    staff_page.get_by_text("Cancel…").click()
    staff_page.get_by_role("button", name="Cancel the campaign").click()
    expect(staff_page.locator(".progress .badge")).to_have_text("cancelled")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_phone_and_none_makes_the_browser_complain(staff_page, scheme):
    staff_page.emulate_media(color_scheme=scheme)
    staff_page.set_viewport_size({"width": 375, "height": 800})
    too_wide = []
    for path in PAGES:
        staff_page.goto(path)
        if staff_page.evaluate("document.documentElement.scrollWidth") > 375:
            too_wide.append(path)
    assert too_wide == []


def test_the_doors_fit_on_a_phone_too(page, studio, complaints):
    page.set_viewport_size({"width": 375, "height": 800})
    for path in ["/accounts/login/", "/accounts/password/reset/", "/login/once/1-a-b/", studio.sign_in_link()]:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    complaints[:] = [said for said in complaints if "410" not in said]


def test_the_description_of_the_api_obeys_our_policy(staff_page):
    staff_page.goto("/api/docs")
    expect(staff_page.get_by_text("Where a campaign stands")).to_be_visible()


def test_every_page_has_one_heading_a_language_and_a_name_for_each_field(staff_page):
    faults = {}
    for path in PAGES:
        staff_page.goto(path)
        found = staff_page.evaluate(
            """() => [
                document.documentElement.lang ? '' : 'no language',
                document.querySelectorAll('h1').length === 1 ? '' : 'not one h1',
                document.querySelectorAll('main').length === 1 ? '' : 'not one main',
                ...[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
                    .map(field => field.labels && field.labels.length ? '' : 'no label: ' + field.outerHTML),
                ...[...document.querySelectorAll('img')].map(image => image.hasAttribute('alt') ? '' : 'no alt: ' + image.src),
                ...[...document.querySelectorAll('iframe')].map(frame => frame.title ? '' : 'no title: ' + frame.src),
                ...[...document.querySelectorAll('[id]')].map(one => document.querySelectorAll('#' + CSS.escape(one.id)).length === 1 ? '' : 'twice: ' + one.id),
            ].filter(Boolean)"""
        )
        if found:
            faults[path] = found
    assert faults == {}


def test_the_first_key_leads_past_the_navigation(staff_page):
    staff_page.keyboard.press("Tab")
    staff_page.keyboard.press("Enter")
    assert re.search("#main$", staff_page.url)
    assert staff_page.evaluate("document.activeElement.id") == "main"


def test_a_picture_of_the_studio_is_made(staff_page, tmp_path):
    wanted = bool(os.environ.get(WISH))
    place = PICTURE if wanted else tmp_path / PICTURE.name
    place.parent.mkdir(parents=True, exist_ok=True)
    staff_page.set_viewport_size({"width": 1280, "height": 900})
    staff_page.goto("/studio/articles/2/?as=reader0@example.org")
    expect(staff_page.frame_locator(".preview iframe").get_by_text("Dear Rosa")).to_be_visible()
    staff_page.screenshot(path=place)
    assert place.stat().st_size > 10_000
