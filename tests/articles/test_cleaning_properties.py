"""What holds for every text that anybody may bring in."""

import html
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from syndication.articles.clean_article import KINDS
from syndication.articles.cleaning import Options, clean
from syndication.articles.errors import BadSource
from syndication.articles.merge_fields import escape_field, protect

INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
WORD = re.compile(r"\w{2,}")
WORDS = [
    "Why",
    "we",
    "walk",
    "home.",
    "Leave a Comment",
    "Note: this.",
    "1.",
    "-",
    ">",
    "#",
    "*",
    "Über",
    "\u00a0",
    "https://x.example/a_b",
    "\t",
    "Related posts",
    "Open chat",
]
FIELDS = [
    '{{ subscriber.first_name | default("there") }}',
    "{% if a < b and c > d %}",
    "{% endif %}",
    "{# *no* _marks_ #}",
    "{{ {'a': '}}'} }}",
]
TAGS = [
    "<p>", "</p>", "<b>", "</b>", "<i>", "</i>", '<a href="/x">', '<a href="javascript:x()">', "</a>", "<div>", "</div>", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>",
    "<th>", "</table>", "<h1>", "</h1>", "<h3>", "</h3>", "<br>", "<hr>", "<blockquote>", "</blockquote>", "<pre>", "</pre>", "<img src=x alt=a>", "<figure>", "<figcaption>",
    "</figure>", "<aside>", '<aside class="note">', "</aside>", "<dl>", "<dt>", "<dd>", "</dl>", "<code>", "</code>", "<q>", "</q>", "<span>", "</span>", "<form>", "</form>", "<svg>",
    "<script>", "</script>", "<style>", "<article>", "</article>", "<main>", "<nav>", "</nav>", "<math>", "<select>", "<option>", "<template>", "<plaintext>", "<!--", "-->", "<![CDATA[",
    "&amp;", "&lt;", "&#0;", "&nbsp;", "<p {{ x }}>", '<a href="{{ url }}">', "<center>", "<font>", "<caption>", "<thead>", "<button>", "<body>", "<html>", "<a href='http://[x'>",
    "<sub>", "</sub>", "{", "}", "<p", "\x00", "<s>", "<strike>", "<li><p>", "<noscript>", "<iframe>", "<textarea>", "<title>", "<wbr>", "<base href=x>",
    '<iframe src="https://youtu.be/dQw4w9WgXcQ" title="a & b">', "</iframe>", "<video src=/v.mp4 poster=p.jpg>", "</video>", "<audio src=s.mp3></audio>", "<object data=//vimeo.com/1>",
    '<a href="https://x.ct.sendgrid.net/ls/click?upn=1">', '<a href="https://x.example/?mc_eid=1">', "<img width=1 height=1 src=x>", "&#x1f;", "&#xfffe;", "&#0",
]  # fmt: skip
GLUE = st.sampled_from(["", " ", "\n", "\n\n", "\n\n\n", "\r\n"])


def _mixed(*pieces: list[str]) -> st.SearchStrategy[str]:
    piece = st.one_of(*(st.sampled_from(some) for some in pieces), st.text(max_size=8))
    return st.lists(st.tuples(piece, GLUE), max_size=25).map(lambda pairs: "".join(text + glue for text, glue in pairs))


def _cleaned(text, kind):
    try:
        return clean(text, options=Options(kind=kind))
    except BadSource:
        return None


@settings(max_examples=100, deadline=None)
@given(_mixed(WORDS, FIELDS, TAGS), st.sampled_from(KINDS))
def test_cleaning_the_result_again_changes_nothing(text, kind):
    article = _cleaned(text, kind)
    if article:
        assert clean(article.html, options=Options(kind="html")).html == article.html


@settings(max_examples=100, deadline=None)
@given(st.text(), st.sampled_from([*KINDS, None]))
@example("\ud800 lone surrogate", "text")
@example("---\n!!timestamp x: &a [*a]\n---\n", "markdown")
def test_no_text_raises_anything_but_bad_source(text, kind):
    _cleaned(text, kind)


@settings(max_examples=100, deadline=None)
@given(_mixed(WORDS, FIELDS))
def test_each_word_of_a_plain_text_is_in_the_article_or_in_the_report(text):
    article = _cleaned(text, "text")
    if article:
        kept = html.unescape(re.sub("<[^>{}]*>", " ", article.html)) + " ".join([article.title, *(one.text for one in article.dropped)])
        missing = {word for word in WORD.findall(INVISIBLE.sub("", text)) if word not in INVISIBLE.sub("", kept)}
        assert {word for word in missing if not word.isdigit()} == set()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Word",
                "<p>",
                "</p>",
                "<div>",
                "<b>",
                "</b>",
                "<nav>",
                "</nav>",
                "<ul><li>",
                "</ul>",
                "<h1>",
                "</h1>",
                "<table><tr><td>",
                "</table>",
                "<article>",
                "</article>",
            ]
        ),
        max_size=20,
    )
)
def test_each_word_of_a_page_is_in_the_article_or_in_the_report(pieces):
    numbered = [f"{piece}{number:03}" if piece == "Word" else piece for number, piece in enumerate(pieces)]
    article = _cleaned(" ".join(numbered), "html")
    if article:
        kept = article.html + " ".join([article.title, *(one.text for one in article.dropped)])
        assert [word for word in numbered if word.startswith("Word") and word not in kept] == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(FIELDS)), min_size=1, max_size=12), st.sampled_from(KINDS))
def test_merge_fields_in_text_come_out_as_typed(pieces, kind):
    article = _cleaned(" word ".join(pieces), kind)
    if article:
        kept = article.html + " ".join([escape_field(one) for one in protect(article.title).fields] + [one.text for one in article.dropped])
        assert all(escape_field(piece) in kept or piece in kept for piece in pieces if piece in FIELDS)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="{}%# \"'ab\n&;<", max_size=40), st.booleans())
def test_protecting_and_restoring_a_text_gives_the_text(text, is_html):
    protected = protect(text, is_html=is_html)
    assert html.unescape(protected.restore(protected.text)) == html.unescape(text) if is_html else protected.restore(protected.text) == text


@settings(max_examples=100, deadline=None)
@given(_mixed(TAGS, WORDS))
def test_nothing_active_passes(text):
    article = _cleaned(text, "html")
    if article:
        tags = {tag.lower() for tag in re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)", article.html)}
        assert not tags & {"script", "style", "iframe", "form", "svg", "object", "input", "h1"}
        assert not re.search("<[^<>]*javascript:", article.html)
