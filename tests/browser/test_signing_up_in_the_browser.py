"""A person subscribes in a real browser: by the page, by a form on another site, under attack with and without JavaScript, and confirms."""

import email
import email.policy
import re

import pytest
import redis
from playwright.sync_api import expect
from support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.processes]
PAGE = "/s/tide-letters/"
SEED = """
from syndication.articles.models import Publication
from syndication.audience.lists import create_list
if not Publication.objects.filter(slug="tide-letters").exists():
    tides = Publication.objects.create(
        slug="tide-letters", name="Tide Letters", description="What the water brings", sender_name="Tide Letters",
        sender_address="tide@tide.example", postal_address="2 Quay Street\\nHarbour Town", mail_domain="tide.example",
    )
    create_list("weekly", publication=tides, name="The weekly tide", description="Each Friday, ten minutes")
    create_list("storms", publication=tides, name="Storm warnings", description="Only when it matters")
"""


@pytest.fixture(scope="module", autouse=True)
def _a_publication(studio):
    studio.run(SEED)


@pytest.fixture
def attacked(studio):
    """The form behaves as under attack."""
    number = studio.home.sql("SELECT id FROM syndication_publication WHERE slug = 'tide-letters'")[0][0]
    client = redis.Redis(unix_socket_path=str(studio.home.socket))
    client.set(f"syn:sign-up:attack:{number}", 1, ex=60)
    yield client
    client.delete(f"syn:sign-up:attack:{number}")
    client.close()


def confirmation_link(studio, address):
    """The link in the mail that the catcher kept for an address."""

    def found():
        for file in sorted((studio.home.path / "mail").rglob("*")):
            if file.is_file():
                mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                if mail["To"] == address:
                    return re.search(r"http://\S+(/c/[0-9a-f]+/)", mail.get_body(("plain",)).get_content())[1]
        return None

    wait_until(found, seconds=20, what=lambda: f"a confirmation mail to {address}")
    return found()


def fill(page, address):
    page.goto(PAGE)
    page.get_by_label("The weekly tide").check()
    page.get_by_label("Your email address").fill(address)
    page.wait_for_timeout(2_100)  # a form that is sent within two seconds is asked for once more


def test_a_person_subscribes_follows_the_link_in_the_mail_and_presses_its_button(page, studio):
    fill(page, "rosa@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    page.goto(confirmation_link(studio, "rosa@example.org"))
    expect(page.get_by_text("The weekly tide")).to_be_visible()
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
    states = studio.home.sql(
        "SELECT x.state FROM syndication_subscription x JOIN syndication_subscriber s ON s.id = x.subscriber_id WHERE s.address = 'rosa@example.org'"
    )
    assert states == [("confirmed",)]


def test_who_is_too_quick_presses_once_more(page):
    page.goto(PAGE)
    page.get_by_label("Storm warnings").check()
    page.get_by_label("Your email address").fill("quick@example.org")
    page.get_by_label("Your email address").press("Enter")
    expect(page.get_by_text("quicker than people")).to_be_visible()
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()


def test_a_form_on_another_site_leads_to_one_click_more(page, studio):
    page.goto(f"{PAGE}embed/")
    snippet = page.locator("pre code").inner_text()
    page.set_content(f"<!doctype html><title>Somebody else's page</title>{snippet}")  # about:blank is another site than ours
    page.get_by_label("Storm warnings").check()
    page.get_by_label("Your email address").fill("elsewhere@example.org")
    page.get_by_role("button", name="Subscribe to Tide Letters").click()
    expect(page.get_by_text("One more click")).to_be_visible()
    expect(page.get_by_label("Your email address")).to_have_value("elsewhere@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()


def test_under_attack_the_browser_does_the_sum_and_goes_on_by_itself(page, attacked, complaints):
    fill(page, "patient@example.org")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible(timeout=60_000)
    complaints[:] = [said for said in complaints if "428" not in said]  # the browser reports the status of the page before


def test_under_attack_a_browser_without_javascript_is_told_to_wait(chromium, studio, attacked):
    context = chromium.new_context(base_url=studio.url, java_script_enabled=False)
    window = context.new_page()
    fill(window, "plain@example.org")
    window.get_by_role("button", name="Subscribe").click()
    expect(window.get_by_text("60 seconds")).to_be_visible()
    window.get_by_role("button", name="Subscribe").click()
    expect(window.get_by_text("quicker than people")).to_be_visible()
    context.close()
