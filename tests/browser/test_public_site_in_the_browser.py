"""The public site as people see it: light and dark, on a phone, on paper, from right to left; nothing is blocked, nothing overflows."""

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SEED = """
from datetime import timedelta
from django.utils import timezone
from syndication.articles.models import Article, Publication
from syndication.articles.search.index import index_missing
from syndication.articles.topics import keep_in_step
from syndication.audience.lists import create_list

now = timezone.now()
if not Publication.objects.filter(slug="tides").exists():
    tides = Publication.objects.create(
        slug="tides", name="Tides & Moorings", description="Slow news from the estuary, every second week.", sender_name="Tides",
        sender_address="t@tides.example", mail_domain="tides.example", time_zone="Europe/London",
    )
    create_list("tides-letter", publication=tides, name="The letter")
    akhbar = Publication.objects.create(
        slug="akhbar", name="أخبار المدينة", description="رسالة أسبوعية قصيرة", language="ar", sender_name="أخبار", sender_address="a@akhbar.example",
        mail_domain="akhbar.example",
    )
    text = "<p>The canal was <a href='https://example.org/'>frozen</a> for nine days.</p><h2>What we saw</h2><blockquote><p>Ice, and more ice.</p></blockquote>" * 3
    for number in range(24):
        keep_in_step(Article.objects.create(
            publication=tides, slug=f"issue-{number}", title=f"Issue {number}: the canal in winter", summary="Nine days of ice, one thaw and a very long walk home.",
            author=["Ines Halm", "Bo Ek"][number % 2], tags=["canals", ["winter", "birds", "locks"][number % 3]], language="en", html=text, revision=1,
            state="published", published_at=now - timedelta(days=14 * number), updated_at=now - timedelta(days=14 * number),
        ))
    keep_in_step(Article.objects.create(
        publication=akhbar, slug="awwal", title="أول رسالة من المدينة", summary="كلمات قليلة عن الشتاء والماء.", author="ليلى", tags=["شتاء"], language="ar",
        html="<h2>البداية</h2><p>في الشتاء يصبح الماء ساكنا.</p><blockquote><p>هدوء.</p></blockquote><ul><li>واحد</li><li>اثنان</li></ul>", revision=1,
        state="published", published_at=now, updated_at=now,
    ))
    index_missing()
"""
PAGES = {
    "front": "/a/tides/",
    "article": "/a/tides/issue-1/",
    "tags": "/a/tides/tags/",
    "tag": "/a/tides/tags/canals/",
    "search": "/a/tides/search/?q=winter+ice",
    "feeds": "/a/tides/feeds/",
    "rtl-front": "/a/akhbar/",
    "rtl-article": "/a/akhbar/awwal/",
}
PICTURES = os.environ.get("PICTURES_OF_PAGES", "")  # a folder to look at


@pytest.fixture
def site(studio, page):
    studio.run(SEED)
    return page


def keep(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_in_light_and_dark_on_desk_and_phone(site, name):
    for scheme in ("light", "dark"):
        site.emulate_media(color_scheme=scheme)
        for width in (1280, 360):
            site.set_viewport_size({"width": width, "height": 800})
            site.goto(PAGES[name])
            keep(site, f"{name}-{scheme}-{width}")
            assert site.evaluate("document.documentElement.scrollWidth") <= width
            assert site.locator("h1").is_visible()


def test_on_paper_there_is_the_article_and_no_menu(site):
    site.goto("/a/tides/issue-1/")
    site.emulate_media(media="print")
    keep(site, "article-print")
    assert site.get_by_role("heading", name="Issue 1").is_visible()
    assert not site.get_by_role("link", name="Search").first.is_visible()
    assert not site.locator(".related").is_visible()


def test_a_reader_finds_an_article_by_its_words_and_an_address_to_copy(site):
    site.goto("/a/tides/")
    site.get_by_role("link", name="Search").first.click()
    site.get_by_label("Search Tides & Moorings").fill("winter")
    site.get_by_role("button", name="Search").click()
    assert site.locator("mark").first.inner_text() == "winter"
    site.get_by_role("link", name="Feeds", exact=True).click()
    field = site.get_by_label("RSS")
    field.focus()
    assert field.input_value().endswith("/feeds/tides/rss.xml")


def test_right_to_left_begins_at_the_right(site):
    site.goto("/a/akhbar/awwal/")
    quote = site.locator(".prose blockquote")
    assert site.evaluate("one => getComputedStyle(one).borderRightWidth", quote.element_handle()) == "3px"
