"""What a page leaves around an article goes and is reported; what only looks like it stays."""

import pytest

from syndication.articles.cleaning import Options, clean


def _text(source, **options):
    return clean(source, options=Options(kind="text", **options))


@pytest.mark.parametrize(
    "line",
    [
        "We left a comment on the wall and a reply in the basket.",
        "Cookies are baked on Fridays; we use cookies instead of bread.",
        "Share the bread, and subscribe to the idea that nobody eats alone.",
        "The copyright of the recipe is held by my aunt.",
    ],
)
def test_a_sentence_that_mentions_debris_is_no_debris(line):
    assert _text(f"Title\n\nFirst words of the text.\n\n{line}").dropped == ()


@pytest.mark.parametrize("end", ["the shop; if you like it,\nleave a comment", "what is said there and then\nshare this"])
def test_the_wrapped_end_of_a_sentence_is_no_debris(end):
    article = _text(f"Title\n\nThese are the words that somebody wrote about {end}")
    assert article.dropped == ()


@pytest.mark.parametrize(
    ("line", "is_note"),
    [
        ("This article is for informational purposes only.", True),
        ("The information on this page is provided solely for general information and replaces no doctor.", True),
        ("Medical disclaimer: ask your doctor.", True),
        ("This article is full of information that somebody else collected.", False),
        ("A note: the key is under the mat.", False),
    ],
)
def test_a_disclaimer_at_the_end_is_a_marked_note(line, is_note):
    assert ('<aside class="note">' in _text(f"Title\n\nFirst words of the text.\n\n{line}").html) == is_note


@pytest.mark.parametrize(
    "first",
    [
        "Menu",
        "By Night Train to Rome",
        "3 March 2026",
        "Red / Green / Blue",
        "5 Minutes of Silence",
        "Share",
        "Paris > Lyon > Nice",
        "Home",
    ],
)
def test_a_title_that_could_be_debris_stays_when_nothing_shows_a_page(first):
    assert _text(f"{first}\n\nOne word, and another.\n\nAnd a last one.").title == first


@pytest.mark.parametrize(
    "line",
    [
        "Published in 1926, the book was forgotten.",
        "By then Jane Doe was gone.",
        "Home is where the coffee is.",
        "2 March was a Monday, they say.",
    ],
)
def test_a_sentence_below_the_title_that_mentions_a_date_or_a_menu_stays(line):
    assert f"<p>{line}</p>" in _text(f"The Title\n\n{line}\n\nAnd more words here.").html


@pytest.mark.parametrize(
    "line",
    [
        "Home > Blog > Tea",
        "Blog | Tea",
        "Accueil / Thé",
        "Veröffentlicht am 3. März 2026",
        "Publié le 1er mars 2026",
        "Publicado el 3 de marzo de 2026",
        "Updated: March 3, 2026 by Jane Doe",
        "5 min read",
        "Lesezeit: 4 Minuten",
        "Advertisement",
        "Compartir: Facebook Twitter",
        "Monday, March 3, 2026",
    ],
)
def test_a_line_of_the_page_above_the_title_is_dropped_and_reported(line):
    article = _text(f"{line}\n\nTea on the Ferry\n\nThe ferry sells tea in paper cups, and nobody minds the wind.\n\nMore of it.")
    assert (article.title, [one.text for one in article.dropped]) == ("Tea on the Ferry", [line])


@pytest.mark.parametrize("lines", ["By Jane Doe | March 3, 2026 | 3 Comments", "Jane Doe\nMarch 3, 2026", "3. März 2026 · 4 Min. Lesezeit"])
def test_date_and_author_below_the_title_are_dropped_and_reported(lines):
    article = _text(f"The Long Walk\n\n{lines}\n\nThe bakery is four miles away and the road is steep, so we walk.\n\nMore.")
    assert article.html.startswith("<p>The bakery")
    assert [one.text for one in article.dropped] == lines.split("\n")


@pytest.mark.parametrize("opening", ["Anna says:\nMarch 4, 2026", "Anna said on March 4, 2026 at 9:00", "Anna\n4 March 2026 at 9:00"])
def test_readers_comments_below_the_text_are_dropped_and_reported(opening):
    article = _text(f"The Long Walk\n\nThe road is steep.\n\n{opening}\n\nI like it.\n\nReply\n\nTags: bread, walks")
    assert article.html == "<p>The road is steep.</p>"
    assert [one.text for one in article.dropped] == [*opening.split("\n"), "I like it.", "Reply", "Tags: bread, walks"]


def test_a_dialogue_with_dates_is_no_comment_thread():
    assert "I left early." in _text("The Log\n\nAnna says:\n\nMarch 4, 2026\n\nI left early.\n\nNobody answered her that day.").html


@pytest.mark.parametrize(
    "line",
    [
        "Abrir chat",
        "Sign up",
        "Jetzt anmelden",
        "Privacy Policy | Terms of Service",
        "Aviso legal · Política de privacidad",
        "« Previous Post",
        "Next: Tea on the Ferry",
        "Une réflexion sur « Le thé »",
        "3 Kommentare",
        "Nous utilisons des cookies pour améliorer votre navigation.",
        "Teilen: Facebook Twitter",
    ],
)
def test_a_line_of_the_page_at_the_end_is_dropped_and_reported(line):
    article = _text(f"The Title\n\nWords that stay here.\n\n{line}")
    assert (article.html, [one.text for one in article.dropped]) == ("<p>Words that stay here.</p>", [line])


def test_debris_in_the_middle_of_a_text_stays():
    assert "Checkout" in _text("Title\n\nCheckout\n\nAt the till one pays, and then one goes home again.").html
