"""The text part says what the article says, in order, and is a pleasure to read."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.rendering import html_body
from syndication.rendering.plain_text import TextBody

CASES = sorted((Path(__file__).parents[1] / "samples" / "rendering" / "plain_text").glob("*.html"))


def text_of(html: str) -> str:
    body = TextBody()
    root = html_body.parse(html)
    html_body.make_absolute(root, "https://garden.example/a/pond/")
    text = body.text(root)
    return text + "\n" + ("\n" + body.footnotes() + "\n" if body.links else "")


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_each_sample_becomes_the_text_beside_it(case):
    assert text_of(case.read_text(encoding="utf-8")) == case.with_suffix(".txt").read_text(encoding="utf-8")


def test_an_address_is_never_broken():
    url = "https://garden.example/" + "long-" * 30
    assert url in text_of(f'<p>Words before that fill the line to its very end, and then <a href="{url}">{url}</a> and after.</p>')


def test_a_link_whose_text_is_its_address_needs_no_footnote():
    assert text_of('<p><a href="mailto:a@b.example">a@b.example</a></p>') == "a@b.example\n"


def test_the_same_address_has_one_footnote():
    assert text_of('<p><a href="/x">a</a> <a href="/x">b</a></p>') == "a [1] b [1]\n\n[1] https://garden.example/x\n"


def test_a_picture_without_words_is_silent():
    assert text_of('<p>a</p><p><img src="/x.png" alt=""></p><p>b</p>') == "a\n\nb\n"


def test_no_break_spaces_hold_their_words_together():
    text = text_of("<p>" + "word " * 13 + "about 10\u00a0km away</p>")
    assert "10\u00a0km" in text


def test_chinese_text_is_wrapped_between_signs():
    assert max(len(line) for line in text_of("<p>" + "水" * 100 + "</p>").splitlines()) == 36


def test_a_title_of_two_lines_has_one_line_below():
    lines = TextBody().underlined("word " * 20, "=").splitlines()
    assert [set(line) == {"="} for line in lines] == [False, False, True]


words = st.lists(st.text(st.sampled_from("abcdefé-,."), min_size=1, max_size=20), min_size=1, max_size=40)


@given(words)
def test_no_line_is_longer_than_72_columns_and_no_word_is_lost(some):
    text = text_of(f"<p>{' '.join(some)}</p>")
    assert text.split() == some
    assert max(map(len, text.splitlines())) <= 72


blocks = st.recursive(
    st.sampled_from(["<p>one two</p>", "<p><a href='/x'>link</a></p>", "<pre>  code\n\n  more</pre>", "<hr>", "<h2>Head</h2>", "<p>a<br>b</p>"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map("".join).flatmap(
        lambda html: st.sampled_from([f"<blockquote>{html}</blockquote>", f"<ul><li>{html}</li><li>x</li></ul>", f"<aside>{html}</aside>", html])
    ),
    max_leaves=12,
)  # fmt: skip


@given(blocks)
def test_whatever_is_nested_no_tag_is_left_and_no_gap_is_wider_than_a_line(html):
    text = text_of(html)
    assert not re.search(r"<[a-z/]", text)
    assert not re.search(r"\n{3,}", text)
