"""Pages and feeds show an article to everybody: defaults in place of fields, nothing unsafe, nothing of the newsletter."""

from dataclasses import replace

import pytest

from syndication.rendering.article import check_article, feed_html, page_html, plain_summary, plain_title
from syndication.rendering.bad_template import BadTemplate

BASE = "https://garden.example"


def page(letter, html: str) -> str:
    return page_html(replace(letter.content, html=html), letter.brand)


def feed(letter, html: str, **changes) -> str:
    return feed_html(replace(letter.content, html=html, **changes), letter.brand, base_url=BASE)


FORMS = pytest.mark.parametrize("form", [page, feed], ids=["page", "feed"])


@FORMS
def test_merge_fields_show_their_defaults(letter, form):
    assert form(letter, "<p>Hello {{ subscriber.first_name | default(&quot;there&quot;) }}</p>") == "<p>Hello there</p>"


@FORMS
def test_the_branch_for_nobody_in_particular_is_shown(letter, form):
    source = "<p>{% if subscriber.attributes.plan == &quot;pro&quot; %}</p><p>Pro</p><p>{% else %}</p><p>All</p><p>{% endif %}</p>"
    assert form(letter, source) == "<p>All</p>"


@FORMS
def test_nothing_unsafe_passes(letter, form):
    source = (
        '<p onclick="x()" style="color:red">a</p><script>b</script><style>c</style><form><input name="d"></form>'
        '<iframe src="https://e.example"></iframe><a href="javascript:f()">g</a><img src="data:image/png;base64,aa">'
    )
    assert form(letter, source) == "<p>a</p>g"


@FORMS
def test_unsubscribe_links_are_gone_with_their_paragraph(letter, form):
    source = '<p>a</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p><p>b <strong>{{ unsubscribe_url }}</strong></p>'
    assert form(letter, source) == "<p>a</p><p>b </p>"


@FORMS
def test_a_link_to_the_page_leads_to_the_page(letter, form):
    assert 'href="https://garden.example/a/letter/pond/"' in form(letter, '<p><a href="{{ page_url }}">x</a></p>')


@FORMS
def test_the_readers_address_is_never_there_yet_the_article_is(letter, form):
    assert form(letter, "<p>To {{ subscriber.address }}</p>") == "<p>To …</p>"


@FORMS
def test_lazy_pictures_are_loaded_at_once(letter, form):
    source = '<p><img class="lazy" loading="lazy" src="data:image/gif;base64,R0" data-src="https://a.example/x.png" alt="x"></p>'
    assert form(letter, source) == '<p><img alt="x" src="https://a.example/x.png"></p>'


@FORMS
def test_raw_braces_are_shown(letter, form):
    assert form(letter, "<p>{% raw %}{{ x }}{% endraw %}</p>") == "<p>{{ x }}</p>"


@pytest.mark.parametrize(
    ("source", "absolute"),
    [
        ('<a href="/y">t</a>', '<a href="https://garden.example/y">t</a>'),
        ('<a href="y?z=1#f">t</a>', '<a href="https://garden.example/a/letter/pond/y?z=1#f">t</a>'),
        ('<a href="#part">t</a>', '<a href="https://garden.example/a/letter/pond/#part">t</a>'),
        ('<a href="//cdn.example/f">t</a>', '<a href="https://cdn.example/f">t</a>'),
        ('<a href="mailto:a@b.example">t</a>', '<a href="mailto:a@b.example">t</a>'),
        ('<a href="https://[broken">t</a>', "t"),
        ('<img src="/i.png" alt="">', '<img src="https://garden.example/i.png" alt="">'),
        (
            '<img srcset="/a.png 1x, b.png 2x" src="/a.png" alt="">',
            '<img srcset="https://garden.example/a.png 1x, https://garden.example/a/letter/pond/b.png 2x" src="https://garden.example/a.png" alt="">',
        ),
        (
            '<video src="/v.mp4" poster="/p.jpg"></video>',
            '<video src="https://garden.example/v.mp4" poster="https://garden.example/p.jpg"></video>',
        ),
    ],
)
def test_every_address_in_a_feed_is_complete(letter, source, absolute):
    assert feed(letter, f"<p>a {source}</p>") == f"<p>a {absolute}</p>"


def test_without_a_page_addresses_start_from_the_site(letter):
    assert feed(letter, '<p><a href="x">t</a></p>', url="") == '<p><a href="https://garden.example/x">t</a></p>'


def test_a_feed_has_no_classes_and_a_note_is_still_something_apart(letter):
    assert feed(letter, '<aside class="note"><p>n</p></aside>') == "<blockquote><p>n</p></blockquote>"


def test_a_page_keeps_the_note(letter):
    assert page(letter, '<aside class="note"><p>n</p></aside>') == '<aside class="note"><p>n</p></aside>'


def test_the_title_is_one_plain_line(letter):
    assert plain_title(replace(letter.content, title=letter.content.title + "\n"), letter.brand) == "A pond in a bucket, for you"


def test_the_summary_is_one_plain_line(letter):
    assert plain_summary(replace(letter.content, summary="For {{ subscriber.name | default('all') }}"), letter.brand) == "For all"


def test_the_sample_passes_the_check(letter):
    check_article(letter.content.title, letter.content.html, letter.brand)


@pytest.mark.parametrize(
    ("title", "html", "where", "line"),
    [
        ("{{ subscriber.name }}", "<p>a</p>", "title", 1),
        ("a", "<p>a</p>\n<p>{{ subscriber.nmae }}</p>", "article", 2),
        ("a", "<p>{{ x", "article", 1),
        ("a", '<p>\n{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{{ a }}{% endfor %}{% endfor %}</p>', "article", 2),
    ],
)
def test_a_wrong_field_is_refused_with_its_place(letter, title, html, where, line):
    with pytest.raises(BadTemplate) as caught:
        check_article(title, html, letter.brand)
    assert (caught.value.where, caught.value.line) == (where, line)
