"""The public pages show what is published, to everyone, without a script or a cookie."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from lxml import html as lxml_html
from support.publications import NOON, make_article, make_articles, make_list, make_publication

from syndication.articles.models import Article

pytestmark = [pytest.mark.django_db, pytest.mark.database]
HOME = "https://news.example.org/a/field-notes/"


def page(response):
    return lxml_html.fromstring(response.content.decode())


def test_the_root_leads_to_the_only_publication(client, publication):
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/a/field-notes/")


def test_the_root_lists_several_publications(client, publication):
    make_publication("tides", name="Tides")
    assert [one.get("href") for one in page(client.get("/")).xpath("//*[@class='shelf']//a")] == ["/a/field-notes/", "/a/tides/"]


def test_the_root_is_friendly_before_anything_is_published(client):
    response = client.get("/")
    assert response.status_code == 200
    assert "Nothing is published here yet" in response.text


def test_the_archive_lists_the_newest_article_first(client, publication):
    make_articles(publication, 3)
    titles = [one.text for one in page(client.get("/a/field-notes/")).xpath("//ol[@class='issues']//h2/a")]
    assert titles == ["Walk 1", "Walk 2", "Walk 3"]


def test_the_archive_shows_summary_author_day_and_tags(client, publication):
    make_article(publication)
    text = " ".join(page(client.get("/a/field-notes/")).xpath("//ol[@class='issues']/li")[0].text_content().split())
    assert text == "March 1, 2026Ines Halm The first walk We went out before the sun. walks"


def test_the_archive_goes_on_page_by_page(client, publication):
    make_articles(publication, 25)
    second = page(client.get("/a/field-notes/?page=2"))
    assert [one.text for one in second.xpath("//ol[@class='issues']//h2/a")] == [f"Walk {number}" for number in range(21, 26)]
    assert second.xpath("//link[@rel='canonical']")[0].get("href") == f"{HOME}?page=2"


@pytest.mark.parametrize("number", ["0", "-1", "999", "x", "", "9" * 400, "\x00"])
def test_a_page_number_that_does_not_exist_shows_a_page_that_does(client, publication, number):
    make_articles(publication, 21)
    assert client.get("/a/field-notes/", {"page": number}).status_code == 200


def test_a_day_is_written_in_the_language_and_zone_of_the_publication(client):
    berlin = make_publication("notizen", language="de", time_zone="Europe/Berlin")
    make_article(berlin, published_at=datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
    assert page(client.get("/a/notizen/")).xpath("//time")[0].text == "1. März 2026"


def test_an_unknown_zone_or_language_does_not_close_the_archive(client):
    odd = make_publication("odd", language="xx-nowhere", time_zone="Nowhere/At All")
    make_article(odd)
    assert client.get("/a/odd/").status_code == 200


@pytest.mark.parametrize("path", ["/a/field-notes/", "/a/field-notes/first-walk/", "/s/field-notes/"])
def test_every_page_of_a_publication_names_its_three_feeds(client, publication, path):
    make_article(publication)
    found = {(one.get("type"), one.get("href")) for one in page(client.get(path)).xpath("//link[@rel='alternate']")}
    assert found == {
        ("application/rss+xml", "https://news.example.org/feeds/field-notes/rss.xml"),
        ("application/atom+xml", "https://news.example.org/feeds/field-notes/atom.xml"),
        ("application/feed+json", "https://news.example.org/feeds/field-notes/feed.json"),
    }


def test_an_article_has_its_own_page(client, publication):
    make_article(publication)
    document = page(client.get("/a/field-notes/first-walk/"))
    assert document.xpath("//h1")[0].text == "The first walk"
    assert document.xpath("//*[@class='prose']/p")[0].text == "We went out before the sun."


def test_an_article_tells_other_programs_what_it_is(client, publication):
    make_article(publication, language="en-GB")
    document = page(client.get("/a/field-notes/first-walk/"))
    about = {one.get("property"): one.get("content") for one in document.xpath("//meta[@property]")}
    assert document.xpath("//link[@rel='canonical']")[0].get("href") == f"{HOME}first-walk/"
    assert about["og:type"] == "article"
    assert about["og:title"] == "The first walk"
    assert about["og:url"] == f"{HOME}first-walk/"
    assert about["article:published_time"] == "2026-03-01T12:00:00+00:00"
    assert document.get("lang") == "en-GB"


def test_a_merge_field_shows_its_default(client, publication):
    make_article(
        publication,
        title='Hello {{ subscriber.first_name | default("you") }}',
        html="<p>Dear {{ subscriber.first_name | default(&quot;reader&quot;) }}</p>",
    )
    document = page(client.get("/a/field-notes/first-walk/"))
    assert document.xpath("//h1")[0].text == "Hello you"
    assert "{{" not in document.text_content()


def test_an_article_with_a_broken_field_in_its_title_does_not_close_the_archive(client, publication):
    make_article(publication, "broken", title="{{ nobody.knows( }}")
    make_article(publication)
    assert "The first walk" in client.get("/a/field-notes/").text


def test_an_article_that_was_changed_later_says_when(client, publication):
    make_article(publication, updated_at=NOON + timedelta(days=3))
    assert "updated March 4, 2026" in client.get("/a/field-notes/first-walk/").text


def test_an_article_leads_to_its_neighbours(client, publication):
    make_articles(publication, 3)
    links = page(client.get("/a/field-notes/walk-2/")).xpath("//nav[@class='neighbours']/a")
    assert [(one.get("class"), one.get("href")) for one in links] == [
        ("newer", "/a/field-notes/walk-1/"),
        ("older", "/a/field-notes/walk-3/"),
    ]


@pytest.mark.parametrize("hidden", [{"state": Article.State.DRAFT}, {"published_at": timezone.now() + timedelta(days=2)}])
def test_a_draft_or_an_article_of_the_future_is_as_unknown_as_none(client, publication, hidden):
    make_article(publication, "hidden", **hidden)
    answers = [client.get(f"/a/field-notes/{slug}/") for slug in ("hidden", "none")]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert "hidden" not in client.get("/a/field-notes/").text


def test_an_article_of_the_future_appears_when_its_time_has_come(client, publication):
    make_article(publication, "later", published_at=NOON + timedelta(days=9))
    with time_machine.travel(NOON + timedelta(days=9), tick=False):
        assert client.get("/a/field-notes/later/").status_code == 200


def test_an_article_is_found_only_in_its_own_publication(client, publication):
    make_article(make_publication("tides"), "high-water")
    assert client.get("/a/field-notes/high-water/").status_code == 404


@pytest.mark.parametrize("path", ["/", "/a/field-notes/", "/a/field-notes/first-walk/", "/s/field-notes/", "/nothing-here/"])
def test_no_public_page_sets_a_cookie_or_runs_a_script(client, publication, path):
    make_article(publication)
    make_list(publication)
    response = client.get(path, follow=True)
    assert not response.cookies
    assert not page(response).xpath("//script[@type != 'application/ld+json'] | //script[not(@type)] | //style | //@style | //@onclick")


def test_a_name_with_markup_is_shown_as_text(client):
    odd = make_publication("odd", name="<b>Odd</b> & Co", description='"><script>')
    make_article(odd, title="A <i>title</i>", summary="<u>", author="<s>", tags=["<em>"])
    make_list(odd)
    for path in ("/a/odd/", "/a/odd/first-walk/", "/s/odd/"):
        assert not page(client.get(path)).xpath("//b | //script[not(@type)] | //i | //u | //s | //em")


def test_the_archive_offers_a_form_when_one_list_is_open(client, publication):
    make_list(publication)
    form = page(client.get("/a/field-notes/")).xpath("//form")[0]
    assert (form.get("method"), form.get("action")) == ("post", "/s/field-notes/")


def test_the_archive_offers_no_form_when_no_list_is_open(client, publication):
    make_list(publication, is_public=False)
    assert not page(client.get("/a/field-notes/")).xpath("//form")


@pytest.mark.parametrize("path", ["/a/field-notes/", "/a/field-notes/first-walk/"])
def test_a_page_may_be_cached_by_everyone_for_a_minute(client, publication, path):
    make_article(publication)
    response = client.get(path)
    assert response["Cache-Control"] == "public, max-age=60"
    assert "Cookie" not in response.get("Vary", "")


def test_a_page_cannot_be_posted_to(publication):
    assert Client().post("/a/field-notes/").status_code == 405


def test_an_unknown_address_answers_in_our_own_words(client):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.text
