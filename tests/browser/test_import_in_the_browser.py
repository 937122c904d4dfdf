"""Bringing readers in, in a real browser, with a real worker."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.processes]

PICTURES = os.environ.get("KEEP_PICTURES_IN", "")
SEED = """
from syndication.articles.models import Publication
from syndication.audience.lists import create_list
garden, _ = Publication.objects.get_or_create(
    slug="orchard-notes", defaults={"name": "Orchard Notes", "sender_address": "ada@orchard.example", "mail_domain": "orchard.example"}
)
create_list("harvest", publication=garden, name="The harvest")
"""


@pytest.fixture(scope="module", autouse=True)
def _a_list(studio):
    studio.run(SEED)


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "members.csv"
    rows = "".join(f"reader{number}@harvest.example;Reader {number};{number % 7}\n" for number in range(3000))
    path.write_bytes(("Email;Full name;Shed\n" + rows + "reader1@HARVEST.example;Again;1\nwrong;Zoë;2\n").encode("cp1252"))
    return path


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_a_table_is_uploaded_tried_out_brought_in_and_taken_back(staff_page, table, complaints):
    page = staff_page
    page.goto("/studio/subscribers/")
    page.get_by_role("link", name="Bring readers in").click()
    page.get_by_label("Table of readers").set_input_files(table)
    page.get_by_label("List").select_option(label="The harvest")
    picture(page, "1-upload")
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_role("heading", name="members.csv")).to_be_visible()
    expect(page.get_by_text("Read as cp1252, semicolon")).to_be_visible()
    expect(page.get_by_label("Email becomes")).to_have_value("address")
    page.get_by_label("These readers have agreed").check()
    picture(page, "2-describe")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("Say where these readers agreed")).to_be_visible()
    page.get_by_label("Where and when did they agree?").fill("The paper list at the gate, May 2026")
    page.get_by_role("button", name="Try it out").click()
    expect(page.get_by_text("nothing is brought in yet")).to_be_visible(timeout=30_000)
    expect(page.locator(".counts")).to_contain_text("3,000")
    expect(page.get_by_role("cell", name="the same address as in line 3")).to_be_visible()
    picture(page, "3-tried")
    page.get_by_role("button", name="Bring them in").click()
    expect(page.locator(".progress .badge")).to_have_text("done", timeout=30_000)
    picture(page, "4-done")
    page.get_by_text("Take it back…").click()
    page.get_by_role("button", name="Take it back", exact=True).click()
    expect(page.locator(".progress .badge")).to_have_text("undone", timeout=30_000)
    expect(page.get_by_text("new subscribers gone")).to_be_visible()
    picture(page, "5-undone")
    page.goto("/studio/subscribers/import/")
    expect(page.get_by_role("link", name="members.csv")).to_be_visible()
    complaints[:] = [said for said in complaints if "422" not in said]  # the browser's word for a form that was refused


def test_a_picture_is_refused_beside_the_field(staff_page, tmp_path, complaints):
    path = tmp_path / "cat.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    staff_page.goto("/studio/subscribers/import/")
    staff_page.get_by_label("Table of readers").set_input_files(path)
    staff_page.get_by_role("button", name="Upload and look").click()
    expect(staff_page.get_by_text("is no text")).to_be_visible()
    complaints[:] = [said for said in complaints if "422" not in said]
