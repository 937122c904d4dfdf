"""The HTML of a mail obeys what mail programs, their readers and the law ask for."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import lxml.html
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syndication.rendering.article import Brand, Content, check_article
from syndication.rendering.bad_template import BadTemplate
from syndication.rendering.email import ThemeSources, email_templates, shortened, spoken_date
from syndication.rendering.message import CompiledMailing, Envelope, Links
from syndication.rendering.reader import Reader, reader_from
from syndication.rendering.themes import load_theme

ROOT = Path(__file__).parents[2]
THEMES = ROOT / "templates" / "email"
KETAMINE = ROOT.parent / "shared" / "samples" / "ketamine-therapy.txt"
LINKS = Links("https://garden.example/u/T/", "https://garden.example/u/T/", "mailto:u@garden.example", "https://garden.example/a/p/")
NO_PAGE = LINKS._replace(page="")
CONFIRM = Links("", "", "", "", confirm="https://garden.example/c/T0ken/")
EMPTY_ENVELOPE = Envelope("Mara", "mara@garden.example", "", "garden.example", "weekly.garden.example", "Weekly")
NEWSLETTER = load_theme(THEMES / "newsletter")
CONFIRMATION = load_theme(THEMES / "confirmation")


def mailing(content, brand, theme: ThemeSources = NEWSLETTER, **options) -> CompiledMailing:
    return CompiledMailing(email_templates(content, brand, theme, **options), EMPTY_ENVELOPE, uid="1")


def rendered(letter, html: str, *, links: Links = LINKS, **changes) -> str:
    return mailing(replace(letter.content, html=html, **changes), letter.brand).html(letter.reader, links)


def content_from(kept) -> Content:
    moment = kept["published_at"]
    return Content(**{**kept, "published_at": datetime.fromisoformat(moment) if moment else None})


def tree(html: str):
    return lxml.html.document_fromstring(html)


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


# ------------------------------------------------------------------ row 19: the document


def test_the_document_says_its_type_language_direction_title_charset_and_viewport(letter):
    page = tree(letter.html)
    assert letter.html.lower().startswith("<!doctype html>")
    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert page.findtext(".//title") == "A pond in a bucket, for Ada"
    assert "charset=UTF-8" in letter.html
    assert page.xpath('//meta[@name="viewport"]')


def test_an_article_in_arabic_reads_from_right_to_left(letter):
    assert tree(rendered(letter, "<p>x</p>", language="ar")).get("dir") == "rtl"


# ------------------------------------------------------------------ row 20: nothing that mail programs throw away


def test_nothing_active_or_loaded_from_elsewhere_is_left(letter):
    html = rendered(
        letter,
        '<p onclick="x()">a</p><script>b</script><form><input></form><iframe src="//c"></iframe><style>d</style><svg><a/></svg><object></object>',
    )
    assert not re.search(r"<(?:script|form|input|iframe|object|svg|embed|link)\b|@import|\son\w+=|javascript:", html)


def test_a_theme_that_names_a_well_known_web_font_still_loads_nothing(letter):
    theme = replace(NEWSLETTER, mjml=NEWSLETTER.mjml.replace("Georgia", "Roboto, Lato"))
    assert "fonts.g" not in mailing(letter.content, letter.brand, theme).html(letter.reader, LINKS)


def test_the_styles_of_the_article_are_written_into_its_elements(letter):
    paragraph = tree(letter.html).xpath('//td[contains(@class, "article")]//p')[0]
    assert "margin:" in paragraph.get("style").replace(" ", "")


def test_each_style_sheet_stays_under_eight_kilobytes(letter):
    assert max(map(len, re.findall(r"<style.*?</style>", letter.html, re.DOTALL))) < 8_000


def test_both_kinds_of_dark_mode_are_served(letter):
    assert '<meta name="color-scheme" content="light dark"' in letter.html
    assert "prefers-color-scheme: dark" in letter.html
    assert "[data-ogsc]" in letter.html


# ------------------------------------------------------------------ rows 21 and 22: images and links


def test_images_have_an_alternative_text_a_whole_address_and_a_width_that_fits(letter):
    (image,) = tree(letter.html).xpath("//img")
    assert image.get("alt") == "A grey bucket with duckweed beside a wooden shed"
    assert image.get("src").startswith("https://")
    assert int(image.get("width")) <= 560


def test_a_picture_without_an_alternative_text_is_passed_over_by_screen_readers(letter):
    assert tree(rendered(letter, '<p>x</p><img src="https://a.example/x.png">')).xpath("//img")[0].get("alt") == ""


def test_links_are_whole_also_those_to_a_part_of_the_article(letter):
    html = rendered(letter, '<p><a href="/x">a</a> <a href="#part">b</a> <a href="y">c</a></p>')
    addresses = tree(html).xpath('//td[contains(@class, "article")]//a/@href')
    assert addresses == [
        "https://garden.example/x",
        "https://garden.example/a/letter/pond/#part",
        "https://garden.example/a/letter/pond/y",
    ]


def test_a_merge_field_in_a_link_survives_all_the_tools(letter):
    html = rendered(
        letter, '<p><a href="{{ page_url }}?a=1&amp;who={{ subscriber.first_name | default(&quot;a &amp; b&quot;) }}">x</a></p>'
    )
    assert tree(html).xpath('//td[contains(@class, "article")]//a/@href') == ["https://garden.example/a/p/?a=1&who=Ada"]


def test_a_film_becomes_a_link(letter):
    html = rendered(letter, '<p>x</p><video src="https://a.example/v.mp4" poster="p.jpg" controls></video>')
    assert tree(html).xpath('//a[@href="https://a.example/v.mp4"]')
    assert "<video" not in html


# ------------------------------------------------------------------ row 23: structure


def test_layout_tables_are_presentation_and_data_tables_keep_their_heads(letter):
    page = tree(letter.html)
    tables = page.xpath("//table")
    data = [table for table in tables if table.xpath("./thead")]
    assert all(table.get("role") == "presentation" for table in tables if table not in data)
    assert [(table.get("role"), len(table.xpath(".//th"))) for table in data] == [(None, 3)]


def test_there_is_one_h1_and_no_level_is_skipped(letter):
    levels = [int(heading.tag[1]) for heading in tree(letter.html).xpath("//h1|//h2|//h3|//h4|//h5|//h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))


def test_an_h1_inside_the_article_steps_down(letter):
    assert len(tree(rendered(letter, "<h1>x</h1><p>y</p>")).xpath("//h1")) == 1


class TestContrast:
    """WCAG 1.4.3: 4.5 to 1, in the light and in the dark."""

    PAIRS: ClassVar = [
        ("#2b2924", "#fffdf9"), ("#211f1b", "#fffdf9"), ("#5f5a51", "#fffdf9"), ("#1d5c63", "#fffdf9"), ("#5f5a51", "#f2efe9"),
        ("#47443d", "#fffdf9"), ("#47402f", "#f7f1e4"), ("#2b2924", "#f1eee6"), ("#2b2924", "#f6e7b8"),
        ("#e6e2d9", "#1c1f24"), ("#a8a297", "#1c1f24"), ("#a8a297", "#14161a"), ("#8fcdd4", "#1c1f24"), ("#c9c4ba", "#1c1f24"),
        ("#e2d9c5", "#2b2720"), ("#e6e2d9", "#292d34"), ("#f4ecd2", "#5b4d1f"), ("#fffdf9", "#1d5c63"), ("#10282b", "#8fcdd4"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("ink", "paper"), PAIRS)
    def test_every_pair_of_colours_can_be_read(self, ink, paper):
        assert contrast(ink, paper) >= 4.5

    def test_the_pairs_are_those_of_the_themes(self):
        used = {colour for pair in self.PAIRS for colour in pair}
        themes = (THEMES / "newsletter" / "body.mjml").read_text() + (THEMES / "confirmation" / "body.mjml").read_text()
        text_colours = set(re.findall(r"[\s;\"{]color(?:: |=\")(#[0-9a-f]{6})", themes)) - {"#f2efe9"}  # the hidden preheader
        assert text_colours <= used

    def test_there_is_no_pure_black_or_white(self):
        for theme in ("newsletter", "confirmation"):
            source = (THEMES / theme / "body.mjml").read_text().lower()
            assert not re.search(r"#(?:000|fff|000000|ffffff)\b", source)


def test_no_text_is_smaller_than_thirteen_pixels(letter):
    for element in tree(letter.html).xpath("//*[normalize-space(text())][@style]"):
        size = re.search(r"font-size:\s*(\d+)px", element.get("style"))
        assert size is None or int(size[1]) >= 13 or "display:none" in element.get("style").replace(" ", "") or element.text == "\u200b"


# ------------------------------------------------------------------ row 24: the preheader


def first_words(html: str):
    return next(
        element for element in tree(html).find("body").iter() if isinstance(element.tag, str) and (element.text or "").strip("\u200b \n")
    )


def test_the_summary_is_the_hidden_first_text(letter):
    preheader = first_words(letter.html)
    assert preheader.text.startswith("How little water it takes")
    for declaration in ("display:none", "max-height:0", "mso-hide:all"):
        assert declaration in preheader.get("style").replace(" ", "")


def test_the_preheader_is_not_in_the_text_part(letter):
    assert "How little water" not in letter.text


def test_without_a_summary_the_articles_beginning_is_the_preheader(letter):
    html = rendered(letter, "<p>Hello {{ subscriber.first_name | default(&quot;you&quot;) }}, spring is here.</p>", summary="")
    assert first_words(html).text == "Hello Ada, spring is here."


def test_a_summary_that_repeats_the_beginning_is_not_shown_twice(letter):
    beginning = "A bucket, a stone and some rain are enough for life to move in before the first month is over"
    html = rendered(letter, f"<p>{beginning}, and more.</p>", summary=f"{beginning}…")
    assert "standfirst" not in html


def test_a_long_summary_is_cut_after_a_word():
    assert shortened("one two three four", 12) == "one two…"


# ------------------------------------------------------------------ rows 25 to 27


def test_unsubscribe_link_postal_address_and_reason_stand_in_both_parts(letter):
    for part in (letter.html, letter.text):
        plain = " ".join(part.split())
        assert "https://garden.example/u/T0kenOfAda/" in plain
        assert "12 Orchard Lane" in plain
        assert "You receive this because" in plain


def test_no_merge_field_and_no_double_escaping_is_left(letter):
    for part in (letter.html, letter.text):
        assert not re.search(r"\{\{|\}\}|\{%|%\}|&amp;amp;|&amp;lt;|qz[0-9a-f]{12}", part)


def test_braces_that_are_meant_for_readers_arrive(letter):
    html = rendered(letter, "<p>{% raw %}Write {{ name }} and {% if %}{% endraw %}</p>", title="Braces {% raw %}{{ x }}{% endraw %}")
    assert "Write {{ name }} and {% if %}" in html
    assert "<title>Braces {{ x }}</title>" in html


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% if", "{{", "a {", "{{{", "{#", "<b>&amp;", 'O"Neill', "}}", "{"])
def test_a_publication_may_be_called_anything(letter, name):
    brand = replace(letter.brand, name=name, list_name=name, postal_address=name)
    compiled = mailing(letter.content, brand)
    assert name in tree(compiled.html(letter.reader, LINKS)).text_content()
    assert name in compiled.text(letter.reader, LINKS)


@given(st.text(st.sampled_from("{}%# abé<&\"'\\"), max_size=12))
@settings(max_examples=15)
def test_an_author_may_be_called_anything(name):
    kept = json.loads((ROOT / "tests" / "samples" / "rendering" / "newsletter" / "article.json").read_text())
    sample = json.loads((THEMES / "newsletter" / "sample.json").read_text())["content"]
    brand = Brand(**kept["brand"])
    content = content_from(sample | {"author": name})
    html = mailing(content, brand).html(Reader("a@b.example"), LINKS)
    assert " ".join(name.split()) in " ".join(tree(html).text_content().split())


def test_a_condition_on_paragraphs_of_its_own_leaves_no_empty_paragraph(letter):
    source = "<p>a</p><p>{% if subscriber.attributes.nope %}</p><p>hidden</p><p>{% endif %}</p><p>b</p>"
    paragraphs = tree(rendered(letter, source)).xpath('//td[contains(@class, "article")]//p')
    assert [paragraph.text_content() for paragraph in paragraphs] == ["a", "b"]


@pytest.mark.parametrize(("plan", "expected"), [("pro", "a\n\nPro one.\n\nPro two.\n\nb"), ("free", "a\n\nb")])
def test_a_condition_leaves_no_gap_in_the_text(letter, plan, expected):
    source = "<p>a</p><p>{% if subscriber.attributes.plan == &quot;pro&quot; %}</p><p>Pro one.</p><p>Pro two.</p><p>{% endif %}</p><p>b</p>"
    compiled = mailing(replace(letter.content, html=source), letter.brand)
    text = compiled.text(reader_from("a@b.example", "", {"plan": plan}, ""), LINKS)
    assert f"\n\n{expected}\n\n" in text


def test_a_loop_over_list_items_is_a_list_in_both_parts(letter):
    source = "<ul>{% for topic in subscriber.attributes.topics %}<li>about {{ topic }}</li>{% endfor %}</ul><p>b</p>"
    compiled = mailing(replace(letter.content, html=source), letter.brand)
    reader = reader_from("a@b.example", "", {"topics": ["moss", "ferns"]}, "")
    assert "\n- about moss\n- about ferns\n\nb\n" in compiled.text(reader, LINKS)
    assert [item.text_content() for item in tree(compiled.html(reader, LINKS)).xpath("//li")] == ["about moss", "about ferns"]


def test_a_merge_field_is_never_broken_over_two_lines(letter):
    words = "word " * 12
    source = f"<p>{words}{{{{ subscriber.attributes.a_rather_long_name | default(&quot;some words to fall back on&quot;) }}}} {words}</p>"
    assert (
        '{{ subscriber.attributes.a_rather_long_name | default("some words to fall back on") }}'
        in email_templates(replace(letter.content, html=source), letter.brand, NEWSLETTER).text
    )


def test_the_web_link_is_left_out_when_the_article_is_not_on_the_web(letter):
    for part in (letter.mailing.html(letter.reader, NO_PAGE), letter.mailing.text(letter.reader, NO_PAGE)):
        assert "Read on the web" not in part


def test_the_campaigns_subject_goes_before_the_themes(letter):
    subject = email_templates(letter.content, letter.brand, NEWSLETTER, subject="Only for {{ publication.name }}").subject
    assert (
        CompiledMailing(replace(letter.templates, subject=subject), EMPTY_ENVELOPE, uid="1").subject(letter.reader)
        == "Only for The Garden Letter"
    )


def test_a_theme_that_cannot_be_read_says_in_which_line(letter):
    with pytest.raises(BadTemplate) as caught:
        email_templates(letter.content, letter.brand, replace(NEWSLETTER, text="a\n{{ content.titel }}"))
    assert caught.value.where == "text.txt"


def test_mjml_that_cannot_be_compiled_is_told(letter):
    with pytest.raises(BadTemplate, match="MJML"):
        email_templates(letter.content, letter.brand, replace(NEWSLETTER, mjml="<mjml><mj-body></mjml>"))


def test_the_same_article_gives_the_same_templates(letter):
    assert email_templates(letter.content, letter.brand, NEWSLETTER) == letter.templates


@pytest.mark.parametrize(("language", "said"), [("en", "1 January 2027"), ("en-GB", "1 January 2027"), ("de", "2027-01-01")])
def test_the_date_is_that_of_the_publications_time_zone(language, said):
    assert spoken_date(datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "Europe/Berlin", language) == said


# ------------------------------------------------------------------ every theme, from its own sample


@pytest.mark.parametrize("folder", sorted(path for path in THEMES.iterdir() if path.is_dir()), ids=lambda path: path.name)
def test_each_system_email_is_rendered_from_its_sample(letter, folder):
    sample = json.loads((folder / "sample.json").read_text(encoding="utf-8"))
    compiled = mailing(content_from(sample["content"]), letter.brand, load_theme(folder))
    reader = Reader(sample["reader"]["address"])
    links = LINKS._replace(confirm=CONFIRM.confirm)
    for part in (compiled.subject(reader), compiled.html(reader, links), compiled.text(reader, links)):
        assert part.strip()
        assert "{{" not in part


def test_a_confirmation_has_one_button_says_what_to_do_otherwise_and_shows_no_name(letter):
    compiled = mailing(replace(letter.content, title="x", html="", summary=""), letter.brand, CONFIRMATION)
    html = compiled.html(Reader("a@b.example", name="WIN MONEY evil.example"), CONFIRM)
    assert set(tree(html).xpath("//a/@href")) == {CONFIRM.confirm}
    for part in (html, compiled.text(Reader("a@b.example"), CONFIRM)):
        assert "If it was not you, ignore this message" in " ".join(part.split())
        assert CONFIRM.confirm in part
        assert "WIN MONEY" not in part


# ------------------------------------------------------------------ a real article


@pytest.mark.skipif(not KETAMINE.exists(), reason="the shared sample is not on this machine")
def test_the_shared_sample_article_stays_far_under_gmails_limit_and_keeps_its_order(letter):
    from syndication.articles.cleaning import clean

    article = clean(KETAMINE.read_text(encoding="utf-8"), name=KETAMINE.name)
    check_article(article.title, article.html, letter.brand)
    content = replace(letter.content, title=article.title, html=article.html, summary=article.summary, language=article.language)
    compiled = mailing(content, letter.brand)
    html, text = compiled.html(letter.reader, LINKS), compiled.text(letter.reader, LINKS)
    assert len(html.encode()) < 80_000
    headings = [heading.text_content() for heading in tree(html).xpath("//h1|//h2|//h3")]
    positions = [" ".join(text.split()).find(heading) for heading in headings]
    assert headings[0] == article.title
    assert min(positions) >= 0
    assert positions == sorted(positions)


def test_a_tag_in_the_default_of_a_title_is_text_in_the_mail(letter):
    title = "News for {{ subscriber.first_name | default('<b>friend</b>') }}"
    html = mailing(replace(letter.content, title=title, html="<p>Text.</p>"), letter.brand).html(Reader("x@example.org"), LINKS)
    assert "News for &lt;b&gt;friend&lt;/b&gt;" in html
