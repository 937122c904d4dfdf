"""The sample newsletter becomes exactly the files that lie beside it; UPDATE_SAMPLES=1 writes them anew, to be read in the diff."""

import os
from pathlib import Path

import pytest

from syndication.rendering.article import feed_html, page_html

SAMPLE = Path(__file__).parents[1] / "samples" / "rendering" / "newsletter"

FORMS = {
    "email.html": lambda letter: letter.html.encode(),
    "email.txt": lambda letter: letter.text.encode(),
    "message.eml": lambda letter: letter.message,
    "page.html": lambda letter: page_html(letter.content, letter.brand).encode() + b"\n",
    "feed.html": lambda letter: feed_html(letter.content, letter.brand, base_url="https://garden.example").encode() + b"\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_the_sample_newsletter_is_rendered_as_kept(letter, name):
    rendered = FORMS[name](letter)
    if os.environ.get("UPDATE_SAMPLES"):
        (SAMPLE / name).write_bytes(rendered)
    assert rendered == (SAMPLE / name).read_bytes()
