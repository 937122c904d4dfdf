"""Tags, authors, search, feeds for people, sitemaps, what has moved and what is gone."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from lxml import etree
from lxml import html as lxml_html
from support.publications import NOON, make_article, make_articles, make_list, make_publication

from syndication.articles import move
from syndication.articles.models import Article, Enclosure, Topic
from syndication.articles.publish import unpublish
from syndication.articles.search.index import index_missing
from syndication.articles.topics import keep_in_step

pytestmark = [pytest.mark.django_db, pytest.mark.database]
BASE = "https://news.example.org"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def publication():
    return make_publication()


@pytest.fixture
def article(publication):
    made = make_article(publication, tags=["walks", "Größe & Maß"])
    keep_in_step(made)
    index_missing()
    return made


def page(response):
    return lxml_html.fromstring(response.content.decode())


def json_ld(response):
    return json.loads(page(response).xpath("//script[@type='application/ld+json']")[0].text)


def locations(response):
    return [one.text for one in etree.fromstring(response.content).iterfind(".//s:loc", SITEMAP)]


PAGES = ["", "first-walk/", "tags/", "tags/walks/", "authors/", "authors/ines-halm/", "search/?q=walk", "feeds/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_and_names_the_three_feeds(client, article, path):
    response = client.get(f"/a/field-notes/{path}")
    assert response.status_code == 200
    types = [one.get("type") for one in page(response).xpath("//link[@rel='alternate']")]
    assert types[-3:] == ["application/rss+xml", "application/atom+xml", "application/feed+json"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_main_heading_and_labels_for_its_fields(client, publication, article, path):
    make_list(publication)
    document = page(client.get(f"/a/field-notes/{path}"))
    assert len(document.xpath("//h1")) == 1
    levels = [int(one.tag[1]) for one in document.xpath("//h1|//h2|//h3|//h4")]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    labelled = {one.get("for") for one in document.xpath("//label")}
    assert {one.get("id") for one in document.xpath("//input[@type != 'hidden']")} <= labelled
    ids = document.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert not document.xpath("//img[not(@alt)]")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_costs_few_queries_however_much_is_on_it(client, publication, article, path, django_assert_max_num_queries):
    for number in range(12):
        keep_in_step(make_article(publication, f"walk-{number}", tags=["walks", f"tag {number}"], author=f"Author {number}"))
    index_missing()
    with django_assert_max_num_queries(9):
        client.get(f"/a/field-notes/{path}")


def test_the_page_of_a_tag_names_the_tags_feeds_first(client, article):
    links = [one.get("href") for one in page(client.get("/a/field-notes/tags/größe-maß/")).xpath("//link[@rel='alternate']")]
    assert links[0] == f"{BASE}/feeds/field-notes/tags/gr%C3%B6%C3%9Fe-ma%C3%9F/rss.xml"
    assert links[3] == f"{BASE}/feeds/field-notes/rss.xml"


def test_tags_and_authors_are_links(client, article):
    document = page(client.get("/a/field-notes/first-walk/"))
    assert document.xpath("//ul[@class='tags']//a/text()") == ["walks", "Größe & Maß"]
    assert document.xpath("//span[@class='author']/a/@href") == ["/a/field-notes/authors/ines-halm/"]


def test_an_index_counts_what_can_be_read(client, publication, article):
    keep_in_step(make_article(publication, "draft", state=Article.State.DRAFT, tags=["secret"]))
    keep_in_step(make_article(publication, "other", tags=["walks"]))
    document = page(client.get("/a/field-notes/tags/"))
    found = {one.xpath("string(a)"): one.xpath("normalize-space(span)") for one in document.xpath("//ul[@class='subjects']/li")}
    assert found == {"walks": "2 articles", "Größe & Maß": "1 article"}


def test_related_articles_share_the_most_tags(client, publication):
    for slug, tags in [("one", ["a", "b"]), ("near", ["a", "b"]), ("far", ["a"]), ("none", ["z"])]:
        keep_in_step(make_article(publication, slug, title=slug, tags=tags))
    links = page(client.get("/a/field-notes/one/")).xpath("//section[@class='related']//a/@href")
    assert links == ["/a/field-notes/near/", "/a/field-notes/far/"]


def test_structured_data_says_what_the_page_is(client, article):
    about = json_ld(client.get("/a/field-notes/first-walk/"))
    assert (about["@type"], about["headline"], about["@id"]) == ("BlogPosting", "The first walk", article.permanent_id)
    assert about["author"] == [{"@type": "Person", "name": "Ines Halm", "url": f"{BASE}/a/field-notes/authors/ines-halm/"}]
    assert json_ld(client.get("/a/field-notes/"))["@type"] == "Blog"


def test_structured_data_cannot_be_left(client, publication):
    title = '</script><script>alert(1)</script><!-- "\u2028'
    make_article(publication, title=title)
    response = client.get("/a/field-notes/first-walk/")
    assert response.content.count(b"<script") == 1
    assert json_ld(response)["headline"].startswith("</script><script>alert(1)")


def test_programs_are_told_about_the_picture(client, publication):
    make_article(publication, image_url="https://img.example/a.jpg", image_alt="A gate")
    about = {
        one.get("property") or one.get("name"): one.get("content") for one in page(client.get("/a/field-notes/first-walk/")).xpath("//meta")
    }
    assert (about["og:image"], about["og:image:alt"]) == ("https://img.example/a.jpg", "A gate")
    assert (about["twitter:card"], about["twitter:title"]) == ("summary_large_image", "The first walk")


def test_a_right_to_left_language_is_set_from_the_right(client):
    make_article(make_publication("akhbar", language="ar"))
    assert page(client.get("/a/akhbar/")).get("dir") == "rtl"
    assert page(client.get("/a/akhbar/first-walk/")).get("dir") == "rtl"


def test_sound_can_be_heard_on_the_page(client, article):
    Enclosure.objects.create(
        article=article, url="https://cdn.example/a.mp3", media_type="audio/mpeg", length_bytes=3_000_000, duration_seconds=61
    )
    response = client.get("/a/field-notes/first-walk/")
    assert page(response).xpath("//audio/@src") == ["https://cdn.example/a.mp3"]
    assert "media-src 'self' https:" in response["Content-Security-Policy"]


# ------------------------------------------------------------------ search
def test_the_search_marks_what_it_found(client, article):
    document = page(client.get("/a/field-notes/search/", {"q": "walking sun"}))
    assert document.xpath("//mark/text()") == ["walk", "sun"]
    assert document.xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_markup_in_question_title_and_text_stays_text(client, publication):
    make_article(publication, title="<b>bold</b> script", html="<p>&lt;script&gt;alert(1)&lt;/script&gt; script</p>")
    index_missing()
    document = page(client.get("/a/field-notes/search/", {"q": "<script>\"'onclick=x"}))
    assert not document.xpath("//script | //b | //@onclick")
    assert page(client.get("/a/field-notes/search/", {"q": "script"})).xpath("//mark/text()")[0] == "script"


@pytest.mark.parametrize(
    "typed", ["", '"', "*", "AND OR NOT", "a:b", "{", "' OR 1=1 --", "x" * 9999, "\x00", "%", "\ud83d", "図書館", "walk\u0301", "()"]
)
@pytest.mark.parametrize("number", ["1", "999999999999", "-1"])
def test_no_question_breaks_the_search(client, article, typed, number):
    query = {"q": typed.encode("utf-8", "surrogatepass"), "page": number}
    assert client.get("/a/field-notes/search/", query).status_code == 200


def test_a_question_that_is_no_text_is_answered(client, article):
    assert client.get("/a/field-notes/search/?q=%ff%fe&q=%00&page=%00").status_code == 200


def test_answers_go_on_page_by_page(client, publication):
    make_articles(publication, 13)
    index_missing()
    assert len(page(client.get("/a/field-notes/search/?q=walk")).xpath("//li[@class='issue']")) == 10
    assert len(page(client.get("/a/field-notes/search/?q=walk&page=2")).xpath("//li[@class='issue']")) == 3


# ------------------------------------------------------------------ who may see what
@pytest.mark.parametrize("path", ["", "tags/walks/", "tags/", "authors/", "search/?q=walk", "feeds/", "feeds.opml", "sitemap.xml"])
@pytest.mark.parametrize("visibility", ["unlisted", "email"])
def test_an_article_that_is_not_for_everybody_stands_in_no_list(client, publication, path, visibility):
    keep_in_step(make_article(publication, "hidden", title="Hidden", visibility=visibility))
    index_missing()
    assert b"hidden" not in client.get(f"/a/field-notes/{path}").content.lower()


def test_an_unlisted_article_opens_by_its_address_and_asks_not_to_be_indexed(client, publication):
    make_article(publication, visibility="unlisted")
    response = client.get("/a/field-notes/first-walk/")
    assert (response.status_code, response["X-Robots-Tag"]) == (200, "noindex")
    assert page(response).xpath("//meta[@name='robots']/@content") == ["noindex"]


def test_an_article_for_mail_alone_has_no_page(client, publication):
    make_article(publication, visibility="email")
    assert client.get("/a/field-notes/first-walk/").status_code == 404


def test_an_article_that_was_taken_back_says_so(client, article):
    unpublish(article.pk, now=timezone.now())
    response = client.get("/a/field-notes/first-walk/")
    assert response.status_code == 410
    assert "This article was taken back" in response.text
    assert "The first walk" not in response.text


# ------------------------------------------------------------------ moves
def test_old_addresses_of_pages_lead_on_for_ever(client, publication, article):
    now = timezone.now()
    move.move_article(article.pk, slug="the-walk", now=now)
    move.rename_topic(Topic.objects.get(name="walks").pk, "hikes", now=now)
    move.rename_publication(publication.pk, "notes", now=now)
    for old, new in [
        ("/a/field-notes/", "/a/notes/"),
        ("/a/field-notes/?page=2", "/a/notes/?page=2"),
        ("/a/field-notes/first-walk/", "/a/notes/the-walk/"),
        ("/a/field-notes/the-walk/", "/a/notes/the-walk/"),
        ("/a/notes/first-walk/", "/a/notes/the-walk/"),
        ("/a/field-notes/tags/walks/", "/a/notes/tags/hikes/"),
        ("/a/notes/tags/walks/", "/a/notes/tags/hikes/"),
        ("/a/field-notes/authors/ines-halm/", "/a/notes/authors/ines-halm/"),
        ("/a/field-notes/tags/", "/a/notes/tags/"),
        ("/a/field-notes/search/?q=x", "/a/notes/search/?q=x"),
        ("/a/field-notes/feeds/", "/a/notes/feeds/"),
        ("/a/field-notes/feeds.opml", "/a/notes/feeds.opml"),
        ("/a/field-notes/sitemap.xml", "/a/notes/sitemap.xml"),
        ("/s/field-notes/", "/s/notes/"),
        ("/s/field-notes/embed/", "/s/notes/embed/"),
    ]:
        response = client.get(old)
        assert (response.status_code, response["Location"]) == (301, new), old
        assert client.get(new).status_code == 200, new


def test_a_form_that_was_posted_to_an_old_name_is_sent_again_as_it_is(client, publication):
    move.rename_publication(publication.pk, "notes", now=timezone.now())
    response = client.post("/s/field-notes/", {"address": "a@example.org"})
    assert (response.status_code, response["Location"]) == (308, "/s/notes/")


def test_a_moved_article_that_is_not_open_says_what_it_would_say_at_its_new_address(client, publication, article):
    make_article(publication, "mail", visibility="email")
    for slug in ("first-walk", "mail"):
        move.move_article(Article.objects.get(slug=slug).pk, slug=f"new-{slug}", now=timezone.now())
    unpublish(article.pk, now=timezone.now())
    assert client.get("/a/field-notes/first-walk/").status_code == 410
    assert client.get("/a/field-notes/mail/").status_code == 404


def test_an_address_that_is_taken_again_belongs_to_its_new_article(client, publication, article):
    move.move_article(article.pk, slug="the-walk", now=timezone.now())
    make_article(publication, "first-walk", title="Another")
    assert "Another" in client.get("/a/field-notes/first-walk/").text


@pytest.mark.parametrize(
    "path",
    [
        "/a/none/",
        "/a/none/x/",
        "/a/none/tags/",
        "/a/none/tags/x/",
        "/a/field-notes/tags/none/",
        "/a/field-notes/authors/x/",
        "/a/none/sitemap.xml",
    ],
)
def test_what_never_was_is_unknown(client, publication, path):
    assert client.get(path).status_code == 404


# ------------------------------------------------------------------ machines
def test_the_sitemap_lists_pages_with_true_dates(client, article):
    response = client.get("/a/field-notes/sitemap.xml")
    assert f"{BASE}/a/field-notes/first-walk/" in locations(response)
    assert f"{BASE}/a/field-notes/tags/walks/" in locations(response)
    dates = {one.text for one in etree.fromstring(response.content).iterfind(".//s:lastmod", SITEMAP)}
    assert dates == {NOON.isoformat()}
    assert locations(client.get("/sitemap.xml")) == [f"{BASE}/a/field-notes/sitemap.xml"]


def test_a_large_sitemap_is_an_index_of_parts_that_miss_nothing(client, publication, monkeypatch):
    monkeypatch.setattr("syndication.web.archive.listings.URLS_PER_SITEMAP", 10)
    make_articles(publication, 25)
    parts = locations(client.get("/a/field-notes/sitemap.xml"))
    assert len(parts) == 3
    found = [url for part in parts for url in locations(client.get(part.removeprefix(BASE)))]
    assert len(found) == len(set(found))
    assert {f"{BASE}/a/field-notes/walk-{number}/" for number in range(1, 26)} <= set(found)


def test_robots_are_told_the_sitemaps_and_kept_out_of_the_studio(client, publication):
    text = client.get("/robots.txt").text
    assert f"Sitemap: {BASE}/sitemap.xml" in text
    assert f"Sitemap: {BASE}/a/field-notes/sitemap.xml" in text
    for path in ("/studio/", "/u/", "/c/", "/p/", "/f/"):
        assert f"Disallow: {path}" in text


def test_opml_lists_every_feed(client, publication, article):
    response = client.get("/a/field-notes/feeds.opml")
    root = etree.fromstring(response.content)
    urls = root.xpath("//outline[@type='rss']/@xmlUrl")
    assert urls[0] == f"{BASE}/feeds/field-notes/rss.xml"
    assert f"{BASE}/feeds/field-notes/authors/ines-halm/rss.xml" in urls
    assert len(urls) == 4


def test_people_can_copy_each_address_without_a_script(client, article):
    values = page(client.get("/a/field-notes/feeds/")).xpath("//input[@readonly]/@value")
    assert values[:3] == [f"{BASE}/feeds/field-notes/{name}" for name in ("rss.xml", "atom.xml", "feed.json")]
    assert f"{BASE}/feeds/field-notes/tags/walks/rss.xml" in values


def test_a_browser_that_has_the_page_is_told_so(client, article):
    for path in ("/a/field-notes/", "/a/field-notes/first-walk/", "/a/field-notes/sitemap.xml"):
        etag = client.get(path)["ETag"]
        again = client.get(path, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    Article.objects.update(title="Changed", updated_at=NOON + timedelta(days=1))
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200
