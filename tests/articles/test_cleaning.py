"""What cleaning understands, one behaviour at a time; whole articles are in test_article_samples.py."""

import html
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from syndication.articles.cleaning import Options, clean, kind_of
from syndication.articles.errors import BadSource
from syndication.articles.language import language_of
from syndication.articles.wording import LONGEST_SLUG, shortened, slug_of

KETAMINE = Path(__file__).parents[2].parent / "shared" / "samples" / "ketamine-therapy.txt"
FIELD = '{{ subscriber.first_name | default("there") }}'


def _text(source, **options):
    return clean(source, options=Options(kind="text", **options))


def _markdown(source):
    return clean(source, options=Options(kind="markdown"))


def _page(source, url=""):
    return clean(source, url=url, options=Options(kind="html"))


def _why(article):
    return {one.why for one in article.dropped}


@pytest.fixture(scope="module")
def ketamine():
    if not KETAMINE.exists():
        pytest.skip("the sample article lies outside this repository")
    return KETAMINE.read_text(encoding="utf-8")


def test_the_sample_article_has_its_headings_in_order(ketamine):
    lines = [line for line in _text(ketamine).html.split("\n") if not line.startswith("<p>")]
    assert lines[:-1] == [
        "<h2>Understanding Ketamine</h2>",
        "<h2>The Role of Ketamine in Persistent Pain</h2>",
        "<h3>Blocking NMDA Receptors</h3>",
        "<h3>Promoting Neuroplasticity</h3>",
        "<h3>Anti-inflammatory Properties</h3>",
        "<h3>Mood Enhancement</h3>",
        "<h2>The Process of Ketamine Therapy</h2>",
    ]
    assert lines[-1].startswith('<aside class="note"><p>Note: ')


def test_the_sample_article_keeps_each_long_line_whole_and_in_order(ketamine):
    body = html.unescape(_text(ketamine).html)
    places = [body.find(line.strip()) for line in ketamine.split("\n") if len(line) > 100]
    assert -1 not in places
    assert places == sorted(places)


def test_the_sample_article_reports_its_debris_with_line_numbers(ketamine):
    lines = ketamine.split("\n")
    dropped = _text(ketamine).dropped
    assert [lines[one.line - 1].strip() for one in dropped] == [one.text for one in dropped]
    assert [one.line for one in dropped] == [12, 40, 42, 44, 45, 46]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.md", "x", "markdown"),
        ("a.HTM", "x", "html"),
        ("a.txt", "# x", "text"),
        ("https://news.example.org/a.html?x=1", "x", "html"),
        ("", "<!DOCTYPE html><p>x", "html"),
        ("", "one <p>two</p> <p>three</p>", "html"),
        ("", "# Heading\n\ntext", "markdown"),
        ("", "---\ntitle: x\n---\ntext", "markdown"),
        ("", "Plain words, 3 < 4 and # so on", "text"),
    ],
)
def test_the_kind_comes_from_the_name_or_else_from_the_content(name, text, kind):
    assert kind_of(name, text) == kind


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    "field", [FIELD, "{% if a < b %}yes{% endif %}", "{{ a*b*c_d_e }}", "{# a -- b #}", "{{ 'https://x.example' }}", "{{ {'a': {}} }}"]
)
def test_merge_fields_come_out_as_typed(kind, field):
    article = clean(f"Title\n\nThe words before {field} and after.", options=Options(kind=kind))
    assert field in html.unescape(article.html)


@pytest.mark.parametrize(
    "source", [f'<p><a href="{FIELD}">x</a></p>', "<p><a href='{{ subscriber.first_name | default(\"there\") }}'>x</a></p>"]
)
def test_a_merge_field_in_a_link_stays_a_link(source):
    assert _page(source).html == '<p><a href="{{ subscriber.first_name | default(&quot;there&quot;) }}">x</a></p>'


def test_statements_on_lines_of_their_own_get_no_paragraph():
    assert _text("{% if x %}\n\nWords here.\n\n{% endif %}").html == "{% if x %}\n<p>Words here.</p>\n{% endif %}"


def test_a_merge_field_where_no_text_can_stand_is_reported():
    assert "a merge field where no text can stand" in _why(_page("<p {{ x }}>Words</p>"))


def test_lines_are_counted_past_merge_fields_of_several_lines():
    article = _text("Title\n\nWords {# a\nb\nc #} end of the line.\n\nOpen chat")
    assert [(one.line, one.text) for one in article.dropped] == [(7, "Open chat")]


def test_lines_are_counted_past_the_front_matter():
    article = _markdown("---\ntitle: x\n---\n\nWords.\n\nOpen chat")
    assert [one.line for one in article.dropped] == [7]


def test_front_matter_fills_the_facts():
    article = _markdown(
        "---\ntitle: T\nslug: s-l\nid: 0b0e5a5e-6c57-4b0a-9d0f-5a8f4f1c2d11\ndescription: D\nauthor: [A, B]\ntags: x, y\ndate: 2026-02-03 10:00:00+02:00\nlang: de\n---\nWords."
    )
    facts = (
        article.title,
        article.slug,
        article.uid,
        article.summary,
        article.author,
        article.tags,
        article.published_at,
        article.language,
    )
    moment = datetime(2026, 2, 3, 8, tzinfo=UTC)
    assert facts == ("T", "s-l", UUID("0b0e5a5e-6c57-4b0a-9d0f-5a8f4f1c2d11"), "D", "A, B", ("x", "y"), moment, "de")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("title: [", "Line 3.*not YAML"),
        ("title: a: b", "Line 2.*not YAML"),
        ("a: &x 1\nb: *x", "Line 2.*anchors or aliases"),
        ("a: !!python/object:os.system x", "Line 2.*tag"),
        ("- a", "list of `name: value` lines"),
        ("id: 7", "Line 2.*not a UUID"),
        ("a: " + "[" * 5000, "nested more than 10 deep"),
        ("a: " + "x" * 70_000, "at most 65536"),
        ("date: 2026-99-99", "not YAML"),
        ("a: \x01", "not YAML"),
    ],
)
def test_broken_front_matter_names_its_line(head, message):
    if "\x01" in head:
        assert "control characters" in " ".join(_why(_markdown(f"---\n{head}\n---\nWords.")))
        return
    with pytest.raises(BadSource, match=message):
        _markdown(f"---\n{head}\n---\nWords.")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("---\ntitle: Unclosed\n\nBody", "Line 1: nothing closes the front matter.* below line 2"),
        ("---\ncolour: red\nshape: round\n\nBody", "Line 1: nothing closes"),
        ("---\ntitle: Alone", "nothing closes"),
        ('+++\ntitle = "Words"\n+++\nBody', "Line 1: the front matter is TOML"),
        ("---\ntitle: Alone\n---\n\n", "holds no text below its front matter, which ends on line 3"),
    ],
)
def test_front_matter_that_would_become_the_article_is_refused(source, message):
    with pytest.raises(BadSource, match=message):
        _markdown(source)


@pytest.mark.parametrize("source", ["---\n\nBody: words", "---\nBody of words.\n", "---\nBody: words go on.\nAnd on.", "+++\nBody."])
def test_a_rule_above_ordinary_text_is_no_front_matter(source):
    assert "Body" in _markdown(source).html


def test_html_in_markdown_is_shown_as_text():
    assert _markdown("Words <script>x()</script> here.").html == "<p>Words &lt;script&gt;x()&lt;/script&gt; here.</p>"


def test_the_first_heading_of_markdown_is_the_title_and_the_others_start_at_two():
    article = _markdown("# T\n\n#### A\n\nx\n\n###### B\n\ny\n\n# C\n\nz")
    assert (article.title, [line for line in article.html.split("\n") if "<h" in line]) == ("T", ["<h2>A</h2>", "<h3>B</h3>", "<h2>C</h2>"])


@pytest.mark.parametrize(
    ("markup", "why"),
    [
        ("<script>x()</script>", "a script"),
        ("<style>p{}</style>", "a style sheet"),
        ("<iframe src=https://x.example></iframe>", "a frame"),
        ("<object data=x></object>", "an embedded object"),
        ("<svg><circle/></svg>", "a drawing (svg)"),
        ("<form><input></form>", "a form"),
        ("<p onclick='x()'>y</p>", "a script handler"),
        ("<a href='java&#10;script:x()'>y</a>", "a javascript: link"),
        ("<a href='data:text/html,x'>y</a>", "a data: link"),
        ("<img src='data:image/png;base64,AA'>", "a data: picture"),
        ("<img src=https://t.example/p.gif width=1 height=1>", "a tracking picture"),
        ("<p hidden>y</p>", "hidden text"),
        ("<nav>y</nav>", "page navigation"),
    ],
)
def test_what_no_article_may_carry_is_removed_and_reported_with_its_line(markup, why):
    article = _page(f"<p>Words</p>\n{markup}\n<p>More words</p>")
    assert (2, why) in {(one.line, one.why) for one in article.dropped}
    assert not any(part in article.html for part in ("script", "on", "data:", "<svg", "<form", "t.example"))


@pytest.mark.parametrize("tag", ["embed", "source", "track", "wbr", "keygen", "bgsound", "param", "menuitem"])
def test_what_stands_behind_a_tag_without_content_stays_in_the_article(tag):
    article = _page(f"<h1>Bees</h1><p>Before.</p><{tag} src='y'>Beside.<p>After <b>the</b> tag.</p><{tag}><p>More after.</p>")
    assert article.html == "<p>Before.</p>\n<p>Beside.</p>\n<p>After <b>the</b> tag.</p>\n<p>More after.</p>"


def test_what_stands_in_unknown_tags_stays_in_order():
    article = _page("<h1>Bees</h1><my-box>One <my-word>two</my-word><p>three</p></my-box> four")
    assert article.html == "<p>One two</p>\n<p>three</p>\n<p>four</p>"


def test_a_formula_is_reported_with_all_its_text():
    dropped = _page(f"<h1>Bees</h1><p>So</p><math><mi>x</mi><mtext>{'wing ' * 80}</mtext></math><p>on</p>").dropped
    assert [one.text for one in dropped] == ["x " + ("wing " * 80).strip()]


def test_relative_addresses_become_absolute_when_the_source_is_known():
    article = _page("<p><a href='b?x=1&amp;y=2'>l</a><img src='/p.png' alt=''></p>", url="https://news.example.org/a/c.html")
    assert article.html == (
        '<p><a href="https://news.example.org/a/b?x=1&amp;y=2">l</a><img src="https://news.example.org/p.png" alt=""></p>'
    )


def test_relative_addresses_without_a_source_are_kept_and_reported():
    article = _page("<p><a href='/b'>l</a></p>")
    assert article.html == '<p><a href="/b">l</a></p>'
    assert [one.text for one in article.dropped] == ["/b"]


def test_the_text_beside_the_chosen_article_is_reported():
    article = _page("<body><p>Above</p><article><h1>T</h1><p>In it</p></article><p>Below</p></body>")
    assert [(one.text, one.why) for one in article.dropped] == [("Above", "outside the article"), ("Below", "outside the article")]


def test_tables_that_only_place_things_become_paragraphs():
    assert _page("<table><tr><td><p>A</p></td></tr><tr><td>B</td></tr></table>").html == "<p>A</p>\n<p>B</p>"


def test_a_form_around_the_whole_page_does_not_take_the_article_along():
    assert _page("<form><h1>T</h1><p>Words</p><input></form>").html == "<p>Words</p>"


def test_a_page_without_text_is_refused_with_what_it_held():
    with pytest.raises(BadSource, match="a script"):
        _page("<script>x()</script>")


@pytest.mark.parametrize("source", ["<div>" * 10_000 + "x", "<b>" * 10_000 + "x", "<ul><li>" * 5_000 + "x"])
def test_endless_nesting_in_html_is_refused(source):
    with pytest.raises(BadSource, match="nested more than 120 deep"):
        _page(source)


@pytest.mark.parametrize("source", [">" * 10_000 + " x", "1. " * 5_000 + "x", "*" * 200_000, "[" * 200_000])
def test_endless_nesting_in_markdown_is_refused(source):
    with pytest.raises(BadSource, match=r"nested 30 deep|too long or too full of marks"):
        _markdown(source)


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("text", "A short line of prose that ends here.\n" * 100_000),
        ("text", "<" * 500_000),
        ("text", "https://x.example/" + ")" * 500_000),
        ("text", "> quoted\n\n- item\n\n1. one\n\n" * 5_000),
        ("text", "{{ " * 300_000),
        ("markdown", "A *short* line.\n\n" * 10_000),
        ("html", "<" * 500_000),
        ("html", "&" * 500_000),
        ("html", "<p>x &amp; y" * 20_000),
        ("html", "<p " + "onclick=x " * 50_000 + ">y"),
    ],
    ids=lambda value: value[:12].strip(),
)
def test_large_and_odd_sources_come_through(kind, source):
    assert clean(source, options=Options(kind=kind)).html


def test_characters_that_xml_forbids_are_removed_and_reported():
    article = _text("Title\n\nWo\x08rds\x0chere \ufffe.")
    assert article.html == "<p>Words here .</p>"
    assert [(one.line, one.text) for one in article.dropped] == [(3, "U+0008 U+FFFE")]


def test_the_colours_of_a_terminal_go_whole_and_are_reported():
    article = _text("\x1b[31mRed\x1b[0m Title\n\nWords \x1b]8;;https://a.example\x1b\\here.")
    assert (article.title, article.html) == ("Red Title", "<p>Words here.</p>")
    assert [(one.line, one.text) for one in article.dropped] == [(1, "ESC[31m ESC[0m"), (3, "ESC]8;;https://a.example\\")]


@pytest.mark.parametrize(
    ("source", "html_after"),
    [
        ("Title\n\nA\u00a0\u00a0b\tc\u200bd so\u00adft", "<p>A bcd soft</p>"),
        ("Title\n\nVraiment\u00a0? 10\u202f000", "<p>Vraiment\u00a0? 10\u202f000</p>"),
        ("Title\n\nFamily \U0001f468\u200d\U0001f469", "<p>Family \U0001f468\u200d\U0001f469</p>"),
    ],
)
def test_white_space_is_mended(source, html_after):
    assert _text(source.replace("\tc", "\u200bc")).html == html_after


def test_a_letter_has_no_headings():
    article = _text("Dear {{ subscriber.first_name }},\n\nThe garden is well and so are we, as you will see.\n\nBest wishes\n\nAnna")
    assert "<h" not in article.html


def test_a_title_without_any_text_below_is_its_own_text():
    assert (_text("Only this").title, _text("Only this").html) == ("Only this", "<p>Only this</p>")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Größe & Maß: Ein Überblick", "grosse-mass-ein-uberblick"),
        ("L’été à Łódź", "lete-a-lodz"),
        ("Hello {{ subscriber.first_name }}", "hello"),
    ],
)
def test_a_slug_is_made_of_the_title_in_ascii(title, slug):
    assert _text(f"{title}\n\nWords of the text.").slug == slug


def test_a_slug_is_never_empty_and_never_long():
    assert slug_of("東京の夜").startswith("article-")
    assert slug_of("東京の夜") != slug_of("東京の朝")
    assert len(slug_of("word " * 50)) <= LONGEST_SLUG


@pytest.mark.parametrize(
    ("text", "longest", "short"),
    [
        ("Short.", 20, "Short."),
        ("One sentence. Another one that is long.", 20, "One sentence."),
        ("One very long sentence without any end", 20, "One very long…"),
        ("Unbreakablewordthatislong", 10, "Unbreakab…"),
    ],
)
def test_a_summary_ends_with_a_sentence_or_a_word(text, longest, short):
    assert shortened(text, longest) == short


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The house that we have seen was not far from the sea and it is for sale."),
        ("de", "Das Haus, das wir gesehen haben, ist nicht weit von der See und wird auch verkauft."),
        ("fr", "La maison que nous avons vue est dans une rue qui ne donne pas sur la mer."),
        ("es", "La casa que hemos visto no está muy lejos del mar y se vende por poco, pero es vieja."),
        ("it", "La casa che abbiamo visto non è lontana dal mare e si vende per poco, ma è anche vecchia."),
        ("nl", "Het huis dat wij hebben gezien is niet ver van de zee en wordt voor weinig verkocht."),
        ("pt", "A casa que vimos não está muito longe do mar e também se vende por pouco, mas é velha."),
        ("sv", "Huset som vi har sett är inte långt från havet och det är till salu för en liten summa."),
        ("pl", "Dom, który jest przy plaży, nie jest już na sprzedaż, ale może się to jeszcze zmienić."),
        ("", "Lorem ipsum dolor."),
    ],
)
def test_the_small_words_tell_the_language(language, text):
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "夜の電車は静かに走る。"),
        ("ko", "밤 버스는 조용히 달린다."),
        ("zh", "夜里的公共汽车很安静。"),
        ("ar", "الحافلة الليلية هادئة."),
        ("he", "אוטובוס הלילה שקט."),
        ("ru", "Ночной автобус едет тихо, и мы молчим."),
        ("uk", "Нічний автобус їде тихо, і ми мовчимо."),
        ("el", "Το νυχτερινό λεωφορείο είναι ήσυχο."),
        ("th", "รถเมล์กลางคืนเงียบมาก"),
        ("hi", "रात की बस चुपचाप चलती है।"),
        ("en", "The word 東京 is the name of the city that we have all been to, and it is not far from the sea."),
    ],
)
def test_the_script_tells_the_language_before_the_small_words(language, text):
    assert language_of(text) == language


def test_a_wished_language_that_is_none_is_refused_by_name():
    with pytest.raises(BadSource, match="'klingon!' is no BCP 47 tag"):
        _text("Words.", language="klingon!")


def test_a_language_in_front_matter_that_is_none_is_reported_and_left_out():
    article = _markdown("---\ntitle: T\nlang: not a tag\n---\nWords.")
    assert article.language == "en"
    assert [(one.line, one.text) for one in article.dropped] == [(3, "lang: not a tag")]


def test_a_page_language_that_is_none_is_reported_and_left_out():
    article = _page("<html lang='x y'><body><p>Words.</p></body></html>")
    assert article.language == "en"
    assert [one.text for one in article.dropped] == ["x y"]


@pytest.mark.parametrize("reference", ["&#x1f;", "&#31;", "&#xFFFE;", "&#0;", "&#xd800;", "&#x0000b", "&&#1;#x1f;", "&#X1F;"])
def test_a_reference_to_a_character_that_xml_forbids_stops_no_import(reference):
    assert clean(f"<h1>T</h1><p>a<script>x</script>{reference} b</p>", name="a.html").html == "<p>a b</p>"
