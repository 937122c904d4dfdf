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


def test_raw_braces_are_shown_on_the_page(letter):
    assert page(letter, "<p>{% raw %}{{ x }}{% endraw %}</p>") == "<p>{{ x }}</p>"


def test_raw_braces_are_entities_in_a_feed_so_that_they_are_no_forgotten_field(letter):
    assert feed(letter, "<p>{% raw %}{{ x }}{% endraw %}</p>") == "<p>&#123;{ x }}</p>"


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
        ('<img src="/a b.png" alt="">', '<img src="https://garden.example/a%20b.png" alt="">'),
        ('<img src="https:" alt="">b', "b"),
        (
            '<img srcset="/w_300,h_200/a.png 300w,/b.png 600w" alt="">',
            '<img srcset="https://garden.example/w_300,h_200/a.png 300w, https://garden.example/b.png 600w" alt="">',
        ),
    ],
)
def test_every_address_in_a_feed_is_complete(letter, source, absolute):
    assert feed(letter, f"<p>a {source}</p>") == f"<p>a {absolute}</p>"


@pytest.mark.parametrize(
    "base",
    [
        "https://garden.example/a/x/",
        "https://garden.example/a/x/?q=1",
        "https://garden.example/a/x/#top",
        "https://garden.example/a/x/y.html",
    ],
)
@pytest.mark.parametrize(
    ("typed", "absolute"),
    [
        ("/y", "https://garden.example/y"),
        ("y", "https://garden.example/a/x/y"),
        ("../y", "https://garden.example/a/y"),
        (" y ", "https://garden.example/a/x/y"),
        ("//cdn.example/y", "https://cdn.example/y"),
    ],
)
def test_addresses_are_complete_from_odd_bases_too(letter, base, typed, absolute):
    assert feed(letter, f'<p><a href="{typed}">t</a></p>', url=base) == f'<p><a href="{absolute}">t</a></p>'


@pytest.mark.parametrize("base", ["https://garden.example", "https://garden.example/a/x/?q=1", "https://garden.example/#top"])
def test_a_fragment_points_into_the_page(letter, base):
    assert feed(letter, '<p><a href="#part">t</a></p>', url=base) == f'<p><a href="{base.partition("#")[0]}#part">t</a></p>'


def test_a_film_is_a_linked_picture_in_a_feed(letter):
    link = '<a href="https://garden.example/v.mp4">'
    assert feed(letter, '<p>a</p><video src="/v.mp4" poster="/p.jpg" title="Pond"></video>') == (
        f'<p>a</p><figure>{link}<img src="https://garden.example/p.jpg" alt="Pond"></a><figcaption>{link}Pond</a></figcaption></figure>'
    )


@FORMS
def test_a_players_frame_is_a_link(letter, form):
    found = form(letter, '<iframe src="https://player.vimeo.com/video/123" title="The pond"></iframe>')
    assert found == '<p><a href="https://vimeo.com/123">The pond</a></p>'


@FORMS
@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('<a href="https://x.us2.list-manage.com/unsubscribe?u=1&amp;id=2">out</a>', ""),
        ('<a href="https://blog.example/unsubscribe">Unsubscribe</a>', ""),
        ('<a href="https://blog.example/unsubscribe-rates">Rates</a>', '<a href="https://blog.example/unsubscribe-rates">Rates</a>'),
        ('<a href="https://garden.example/u/3f9a8b7c6d5e4f3a2b1c/">stop</a>', ""),
        ('<a href="https://garden.example/p/3f9a8b7c6d5e4f3a2b1c/">choose</a>', ""),
        ('<a href="https://a.example/web">View this email in your browser</a>', ""),
        ('<a href="https://x.us2.list-manage.com/track/click?u=1&amp;id=2&amp;e=3">Pond</a>', "Pond"),
        ('<a href="https://a.example/?mc_eid=1&amp;utm_source=x">Pond</a>', '<a href="https://a.example/?utm_source=x">Pond</a>'),
        ('<a href="*|UNSUB|*">Unsubscribe</a>', ""),
        ('<a href="https://a.example/*|ID|*">Pond</a>', "Pond"),
        ('<img src="https://t.example/o.gif" width="1" height="1" alt="">', ""),
        ('<img src="https://u1.ct.sendgrid.net/wf/open?upn=1" alt="">', ""),
        ("Dear *|FNAME|*, hello", "Dear, hello"),
        ("<code>*|FNAME|*</code>", "<code>*|FNAME|*</code>"),
        ("[firstname,fallback=friend], hello", ", hello"),
    ],
)
def test_nothing_of_another_newsletter_leaks(letter, form, source, left):
    assert form(letter, f"<p>b</p><p>{source}</p>") == "<p>b</p>" + (f"<p>{left}</p>" if left else "")


def test_without_a_page_addresses_start_from_the_site(letter):
    assert feed(letter, '<p><a href="x">t</a></p>', url="") == '<p><a href="https://garden.example/x">t</a></p>'


def test_a_feed_has_no_classes_and_a_note_is_still_something_apart(letter):
    assert feed(letter, '<aside class="note"><p>n</p></aside>') == "<blockquote><p>n</p></blockquote>"


def test_a_page_keeps_the_note(letter):
    assert page(letter, '<aside class="note"><p>n</p></aside>') == '<aside class="note"><p>n</p></aside>'


def test_the_title_is_one_plain_line(letter):
    assert plain_title(replace(letter.content, title=letter.content.title + "\n"), letter.brand) == "A pond in a bucket, for you"


def test_a_title_and_a_summary_hold_no_merge_tags_of_other_programs(letter):
    content = replace(letter.content, title="A pond, *|FNAME|*!", summary="For %%first_name%% and all")
    assert (plain_title(content, letter.brand), plain_summary(content, letter.brand)) == ("A pond,!", "For and all")


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
