"""What is typed into the search finds an article's words in any of its forms and scripts, and never breaks a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.articles.search.excerpts import LENGTH, excerpt, marked
from syndication.articles.search.plain import plain_text
from syndication.articles.search.question import LONGEST_QUESTION, MOST_TERMS, read
from syndication.articles.search.words import comparable, words


def stems(text, language):
    return [word.stem for word in words(text, language)]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "walking gardens", "Walks garden"),
        ("de", "Gärten der Häuser", "garten der haus"),
        ("de-AT", "Gärten", "Garten"),
        ("fr", "journaux", "journal"),
        ("ru", "книги", "книга"),
        ("xx", "Élan Ångström", "elan angstrom"),
        ("el", "ΛΌΓΟΣ", "λόγος"),
    ],
)
def test_forms_of_a_word_are_the_same_word(language, one, other):
    assert stems(one, language) == stems(other, language)


def test_scripts_without_spaces_are_read_sign_by_sign():
    assert stems("図書館 opens", "ja") == ["図", "書", "館", "opens"]


def test_a_word_is_kept_whole_with_its_marks():
    assert [word.first for word in words("हिन्दी भाषा", "hi")] == [0, 7]


def test_what_is_compared_has_an_end():
    assert len(comparable("word " * 1000, "en", longest=100)) <= 100


def test_the_question_names_stem_plain_form_and_beginning():
    question = read("walking", ("en",))
    assert question.for_fts5() == '("walk" OR "walking" OR "walking"*)'
    assert question.for_tsquery() == "('walk' | 'walking' | 'walking':*)"


def test_signs_that_stand_together_are_a_phrase():
    assert read("図書館 京都", ("ja",)).for_fts5() == '("図 書 館") AND ("京 都")'
    assert read("図書館", ("ja",)).for_tsquery() == "('図' <-> '書' <-> '館')"


@pytest.mark.parametrize("typed", ["", " ", '"', "*", "AND", "' OR 1=1 --", "a" * 10_000, "\x00", "🙂", "(", "NEAR(", "\ud800", "ั"])
def test_no_question_is_too_odd(typed):
    question = read(typed, ("en",))
    assert len(question.terms) <= MOST_TERMS
    assert len(question.for_fts5()) < 20 * LONGEST_QUESTION


@given(st.text(max_size=400))
def test_terms_hold_letters_and_digits_only(typed):
    for term in read(typed, ("en", "de")).terms:
        assert all(one.isalnum() for one in (*term.forms, *term.signs))
        assert not term.beginning or term.beginning.isalnum()


def test_html_is_read_as_people_read_it():
    html = (
        "<h2>Start</h2><p>Dear {{ subscriber.first_name | default(&quot;reader&quot;) }}, a <em>wa</em>lk &amp; more.</p>"
        '{% if x %}<img src="a.png" alt="A gate">{% endif %}<ul><li>one</li><li>two</li></ul>'
    )
    assert plain_text(html) == "Start Dear reader, a walk & more. A gate one two"


@pytest.mark.parametrize("html", ["", "plain", "<p>", "<!-- x -->", "{{ open"])
def test_odd_html_is_read_too(html):
    assert isinstance(plain_text(html), str)


def test_an_excerpt_shows_what_was_found():
    text = "Nothing here. " * 50 + "Then the canals froze over. " + "More. " * 100
    pieces = excerpt(text, read("canal", ("en",)), "en")
    assert [one.text for one in pieces if one.is_found] == ["canals"]
    shown = "".join(one.text for one in pieces)
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < LENGTH + 10


def test_an_excerpt_without_a_find_is_the_beginning():
    assert excerpt("Short text.", read("else", ("en",)), "en")[0].text == "Short text."


@given(text=st.text(max_size=600), typed=st.text(max_size=20))
def test_pieces_put_together_are_the_text(text, typed):
    question = read(typed, ("en",))
    assert "".join(one.text for one in marked(text, question, "en")) == text
    assert "".join(one.text for one in excerpt(text, question, "en")).strip("…") in text or "…" in text
