"""Each source in tests/samples/articles comes out as the HTML and the report that lie beside it.

To add a case: put `<name>.txt`, `.md` or `.html` there, run `python tests/articles/test_article_samples.py`, and read what it wrote.
Expected HTML lies in `<name>.expected.html` for HTML sources, else in `<name>.html`; its first line names title and language.
"""

import dataclasses
import json
from pathlib import Path

import pytest

from syndication.articles.cleaning import Options, clean

SAMPLES = Path(__file__).parents[1] / "samples" / "articles"
SOURCES = sorted(
    path
    for path in SAMPLES.iterdir()
    if path.suffix in {".txt", ".md"} or (path.suffix == ".html" and path.with_suffix(".expected.html").exists())
)


def _expected_path(source):
    return source.with_suffix(".expected.html" if source.suffix == ".html" else ".html")


def _clean(source):
    return clean(source.read_bytes().decode(), name=source.name)


def _shown(article):
    return f"<!-- {article.title} [{article.language}] -->\n{article.html}\n"


def _report(article):
    return [dataclasses.asdict(one) for one in article.dropped]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_source_becomes_the_article_beside_it(source):
    assert _shown(_clean(source)) == _expected_path(source).read_text(encoding="utf-8")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_all_that_was_dropped_is_reported_with_its_line(source):
    assert _report(_clean(source)) == json.loads(source.with_suffix(".dropped.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_a_clean_article_cleaned_again_is_the_same(source):
    article = _clean(source)
    assert clean(article.html, options=Options(kind="html")).html == article.html


def _write_expectations():
    sources = {*SOURCES, SAMPLES / "village-page.html"}
    for source in sources:
        article = _clean(source)
        _expected_path(source).write_text(_shown(article), encoding="utf-8")
        text = json.dumps(_report(article), indent=2, ensure_ascii=False)
        source.with_suffix(".dropped.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write_expectations()
