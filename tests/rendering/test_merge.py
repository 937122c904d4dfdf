"""Merge fields put a reader's values into a text, safely, and say what is wrong with them."""

import contextlib
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.rendering.merge import BadTemplate, check, compile_merge, with_publication
from syndication.rendering.reader import ANONYMOUS, Reader, reader_from

ADA = reader_from(
    "ada@example.org", "Ada Lovelace", {"plan": "pro", "visits": 3, "topics": ["moss", "ferns"], "city": {"name": "Paris"}}, "en"
)
BRAND = {"name": "The Garden Letter", "description": ""}
LINKS = {"unsubscribe_url": "https://n.example/u/1/", "page_url": "https://n.example/p/"}


def fill(source: str, reader: Reader = ADA, *, markup: bool = False) -> str:
    return compile_merge(source, where="text", markup=markup, brand=BRAND).fill(reader, LINKS)


def refusal(source: str, *, markup: bool = False) -> BadTemplate:
    with pytest.raises(BadTemplate) as caught:
        check(source, where="article", markup=markup, brand=BRAND)
    return caught.value


# ------------------------------------------------------------------ filling


@pytest.mark.parametrize(
    ("source", "filled"),
    [
        ('Hello {{ subscriber.first_name | default("there") }}', "Hello Ada"),
        ("{{ subscriber.last_name }} {{ subscriber.address }} {{ subscriber.email }} {{ subscriber.locale }}", "Lovelace ada@example.org ada@example.org en"),
        ("{{ publication.name }}: {{ page_url }}", "The Garden Letter: https://n.example/p/"),
        ("{{ subscriber.attributes.plan | upper }}", "PRO"),
        ("{{ subscriber.attributes.visits + 1 }}", "4"),
        ("{{ subscriber.attributes.city.name }}", "Paris"),
        ("{% for topic in subscriber.attributes.topics %}{{ loop.index }}. {{ topic }}{% if not loop.last %}, {% endif %}{% endfor %}", "1. moss, 2. ferns"),
        ('{{ subscriber.attributes.topics | join(" and ") }}', "moss and ferns"),
        ('{% if subscriber.attributes.plan == "pro" %}yes{% else %}no{% endif %}', "yes"),
        ('{% set who = subscriber.first_name | default("you") %}{{ who ~ "!" }}', "Ada!"),
        ("{% raw %}{{ kept }}{% endraw %}{# gone #}", "{{ kept }}"),
        ('{{ "A calm and long sentence" | truncate(10) }}', "A calm…"),
        ('{{ 3.14159 | round(2) }} {{ "7" | int + 1 }}', "3.14 8"),
        ("no fields\n", "no fields\n"),
    ],
)  # fmt: skip
def test_a_field_shows_the_readers_value(source, filled):
    assert fill(source) == filled


@pytest.mark.parametrize("name", ["", "   ", "\r\n", "\u202e"])
def test_an_empty_name_is_absent_so_that_default_speaks(name):
    assert fill('{{ subscriber.name | default("there") }}', reader_from("a@b.example", name, {}, "")) == "there"


def test_nobody_reads_the_defaults():
    assert fill('{{ subscriber.first_name | default("there") }} {{ subscriber.address | default("you") }}', ANONYMOUS) == "there you"


def test_an_attribute_that_is_missing_is_false_and_equal_to_nothing():
    assert fill('{{ "a" if subscriber.attributes.nope == "x" else "b" }}{% if subscriber.attributes.nope.deep %}c{% endif %}') == "b"


def test_a_first_name_comes_from_the_attributes_before_the_name():
    assert reader_from("a@b.example", "Ada Lovelace", {"first_name": "Augusta"}, "").first_name == "Augusta"


def test_a_missing_value_is_told_with_place_and_line():
    with pytest.raises(BadTemplate) as caught:
        fill("one\ntwo {{ subscriber.attributes.nope }}")
    assert (caught.value.where, caught.value.line) == ("text", 2)
    assert "subscriber.attributes.nope" in str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ subscriber.attributes.plan + 1 }}",
        "{{ subscriber.attributes.plan < 3 }}",
        "{{ subscriber.attributes.topics }}",
        "{{ -subscriber.attributes.plan }}",
    ],
)
def test_a_value_of_the_wrong_kind_is_told_as_a_bad_template(source):
    with pytest.raises(BadTemplate):
        fill(source)


# ------------------------------------------------------------------ markup


def test_values_are_escaped_in_markup():
    assert fill("<p>{{ subscriber.name }}</p>", reader_from("a@b.example", "<b>&", {}, ""), markup=True) == "<p>&lt;b&gt;&amp;</p>"


def test_values_are_not_escaped_in_text():
    assert fill("{{ subscriber.name }}", reader_from("a@b.example", "<b>&", {}, "")) == "<b>&"


def test_entities_inside_the_braces_are_read_as_characters():
    assert fill("{{ subscriber.attributes.nope | default(&quot;x &gt; y&quot;) }}", markup=True) == "x &gt; y"


def test_entities_outside_the_braces_stay():
    assert fill("&lt; {{ subscriber.first_name }} &amp;", markup=True) == "&lt; Ada &amp;"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&amp;b=2"),
        ("/path", "/path"),
        ("javascript:alert(1)", "#"),
        ("JaVaScRiPt\t:alert(1)", "#"),
        (" data:text/html,x", "#"),
        (":alert(1)", "#"),
        ('"><script>', "&#34;&gt;&lt;script&gt;"),
    ],
)
def test_a_value_in_a_link_cannot_become_a_script(value, shown):
    reader = reader_from("a@b.example", "", {"link": value}, "")
    for before, after in (('<a href="', '">'), ("<img src='", "'>"), ('<a title="x" href = "', '" class="y">')):
        assert fill(f"{before}{{{{ subscriber.attributes.link }}}}{after}", reader, markup=True) == f"{before}{shown}{after}"


def test_both_branches_of_a_condition_in_a_link_are_watched():
    reader = reader_from("a@b.example", "", {"a": "javascript:1"}, "")
    source = '<a href="{% if subscriber.name %}x{{ subscriber.name }}{% else %}{{ subscriber.attributes.a }}{% endif %}">'
    assert fill(source, reader, markup=True) == '<a href="#">'


def test_a_field_cannot_be_the_scheme_of_a_link():
    assert "https://" in str(refusal('<a href="{{ subscriber.address }}:alert(1)">', markup=True))


def test_a_field_behind_a_settled_address_is_left_alone():
    reader = reader_from("a@b.example", "", {"q": "a:b"}, "")
    assert (
        fill('<a href="https://x.example/?q={{ subscriber.attributes.q }}">', reader, markup=True) == '<a href="https://x.example/?q=a:b">'
    )


@given(st.text(st.sampled_from("a{}%#\"'<>&;:\r\n\0\u202e\ud800 =/"), max_size=40))
def test_no_value_is_ever_read_as_a_template_or_as_markup(value):
    filled = fill(
        "<p title=\"{{ subscriber.attributes.v | default('x') }}\">", reader_from("a@b.example", "", {"v": value}, ""), markup=True
    )
    inner = filled.removeprefix('<p title="').removesuffix('">')
    assert not set(inner) & set("<>\"'\r\n\0\u202e\ud800")


# ------------------------------------------------------------------ what is refused, and how


@pytest.mark.parametrize(
    ("source", "meant"),
    [
        ("{{ subscriber.frist_name }}", "subscriber.first_name"),
        ("{{ first_name }}", "subscriber.first_name"),
        ("{{ email }}", "subscriber.address"),
        ("{{ publication.nmae }}", "publication.name"),
        ("{{ unsubscribe_link }}", "unsubscribe_url"),
        ("{{ subscriber.plan }}", "subscriber.attributes.plan"),
        ("{{ subscriber.name | uper }}", "upper"),
    ],
)
def test_an_unknown_name_is_refused_with_near_ones(source, meant):
    error = refusal(f"one\n\n{source}")
    assert error.line == 3
    assert meant in str(error)


def test_an_unknown_field_is_told_how_to_show_braces():
    assert "{% raw %}" in str(refusal("{{ vue_variable }}"))


@pytest.mark.parametrize(
    "source",
    [
        "{{ subscriber.first_name }}",
        "{{ subscriber.attributes.plan }}",
        "{{ subscriber.first_name | upper }}",
        '{{ "a" ~ subscriber.first_name }}',
        "{{ publication.description }}",
        "{% if subscriber.last_name %}{{ subscriber.first_name }}{% endif %}",
        "{% if not subscriber.first_name %}{{ subscriber.first_name }}{% endif %}",
        "{% if subscriber.first_name or subscriber.last_name %}{{ subscriber.first_name }}{% endif %}",
        "{% set x = subscriber.first_name %}",
        "{% for t in subscriber.attributes.topics %}{{ t.title }}{% endfor %}",
        "{{ subscriber.first_name and subscriber.last_name }}",
        "{{ subscriber.first_name if subscriber.last_name else 'x' }}",
        "{% if subscriber.attributes.age > 3 %}old{% endif %}",
    ],
)
def test_a_field_that_can_be_empty_needs_a_default(source):
    error = refusal(source)
    assert "can be empty" in str(error)
    assert '| default("…")' in str(error)


@pytest.mark.parametrize(
    "source",
    [
        '{{ subscriber.first_name | default("there") }}',
        '{{ subscriber.first_name | default("there") | upper }}',
        '{{ subscriber.first_name or "there" }}',
        "{{ subscriber.first_name or subscriber.address }}",
        "{% if subscriber.first_name %}{{ subscriber.first_name }}{% endif %}",
        "{% if subscriber.first_name and subscriber.last_name %}{{ subscriber.first_name }} {{ subscriber.last_name }}{% endif %}",
        "{% if not subscriber.first_name %}x{% else %}{{ subscriber.first_name }}{% endif %}",
        "{% if subscriber.first_name is defined %}{{ subscriber.first_name }}{% endif %}",
        "{{ subscriber.first_name if subscriber.first_name else 'x' }}",
        '{% if subscriber.attributes.plan == "pro" %}{{ subscriber.attributes.plan }}{% endif %}',
        '{% if subscriber.attributes.plan in ["pro", "team"] %}paid{% endif %}',
        "{% for t in subscriber.attributes.topics %}{{ t }}{{ loop.index }}{% else %}none{% endfor %}",
        "{{ subscriber.address }} {{ subscriber.email }} {{ unsubscribe_url }} {{ page_url }} {{ publication.name }}",
        "{% set n = subscriber.first_name | default('x') %}{{ n }}",
        "{% raw %}{{ anything }} {% at all %}{% endraw %}",
        "plain text with a { brace and a } brace",
    ],
)
def test_what_works_for_every_reader_passes(source):
    check(source, where="article", markup=False, brand=BRAND)
    for reader in (ADA, Reader(address="a@b.example"), Reader(address="a@b.example", last_name="X")):
        fill(source, reader)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ subscriber.__class__ }}",
        "{{ subscriber.attributes.__class__.__base__ }}",
        "{{ subscriber.name.upper() }}",
        '{{ "{0.__class__}".format(subscriber) }}',
        "{{ lipsum() }}",
        "{{ cycler('a') }}",
        "{{ namespace() }}",
        "{{ range(3) }}",
        "{{ dict(a=1) }}",
        "{{ self }}",
        "{{ _budget }}",
        "{{ publication }}",
        '{{ publication["name"] }}',
        "{{ subscriber.name | safe }}",
        '{{ subscriber.name | attr("x") }}',
        '{% include "x" %}',
        '{% import "x" as y %}',
        '{% extends "x" %}',
        "{% macro m() %}{% endmacro %}",
        "{% block b %}{% endblock %}",
        "{% call x() %}{% endcall %}",
        "{% filter upper %}x{% endfilter %}",
        "{% set x %}y{% endset %}",
        "{% set subscriber = 1 %}",
        "{% set page_url = 1 %}",
        "{% for x in [1] recursive %}{% endfor %}",
        "{{ {'a': 1} }}",
        "{{ [[1]] }}",
        "{{ x",
        "{% if subscriber.name %}",
        "{# never closed",
        "{{ 1 +* 2 }}",
        "{{ subscriber.name | default(“there”) }}",
        "{{ 'x' if subscriber.name }}",
    ],
)
def test_everything_else_is_refused_with_a_line(source):
    assert refusal(f"one\n{source}").line == 2


def test_curly_quotation_marks_are_explained():
    assert "straight" in str(refusal("{{ subscriber.name | default(“there”) }}"))


def test_formatting_inside_the_braces_is_explained():
    error = refusal("<p>a</p>\n<p>{{ subscriber.<b>name</b> }}</p>", markup=True)
    assert error.line == 2
    assert "plain" in str(error)


# ------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    "source",
    [
        '{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{{ b }}{% endfor %}{% endfor %}',
        '{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{% if a == b and not a %}y{% endif %}{% endfor %}{% endfor %}',
        "{% for a in [1] %}{% for b in [1] %}{% for c in [1] %}x{% endfor %}{% endfor %}{% endfor %}",
        '{{ "x" * 10 ** 9 }}',
        '{{ 10 ** 9 * "x" }}',
        "{{ [1] * 10 ** 9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ 10 ** 100 }}",
        "{{ 1 / 0 }}",
        '{{ "%1000000000d" % 1 }}',
        '{% set x = "ab" * 5000 %}' + "{% set x = x ~ x %}" * 40 + "{{ x }}",
        '{% set x = "ab" * 5000 %}' + "{% set x = x + x %}" * 40 + "{{ x }}",
        '{{ "a" * 9999 | replace("", "b" * 9999) }}',
        '{{ ("a" * 9999) | replace("", "b" * 9999) }}',
        '{{ ("a" * 9999) | join("b" * 9999) }}',
        '{% for a in "x" * 200 %}{{ "y" * 9999 }}{% endfor %}',
        "{{ " + "(" * 400 + "1" + ")" * 400 + " }}",
        "{% if 1 %}" * 120 + "{% endif %}" * 120,
    ],
)
def test_what_would_run_for_ever_or_grow_without_end_is_refused(source):
    refusal(source)


def test_the_line_of_an_endless_loop_is_named():
    assert refusal('one\ntwo\n{% for a in "x" * 9999 %}{% for b in "x" * 9999 %}{{ b }}{% endfor %}{% endfor %}').line == 3


def test_a_readers_huge_values_cannot_make_a_template_run_for_ever():
    reader = reader_from("a@b.example", "x" * 1_000_000, {"topics": ["y" * 500] * 100_000}, "")
    with pytest.raises(BadTemplate):
        fill(
            "{% for a in subscriber.attributes.topics %}{% for b in subscriber.attributes.topics %}{{ a | upper }}{% endfor %}{% endfor %}",
            reader,
        )


def test_a_name_of_a_megabyte_is_cut():
    assert len(fill("{{ subscriber.name }}", reader_from("a@b.example", "x" * 1_000_000, {}, ""))) == 1_000


def test_checking_works_in_any_thread_and_leaves_no_tracing_behind():
    said: list[str] = []
    thread = threading.Thread(
        target=lambda: said.append(str(refusal('{% for a in "x" * 9999 %}{{ a ~ a }}{% for b in "x" * 9999 %}{% endfor %}{% endfor %}')))
    )
    before = sys.gettrace()
    thread.start()
    thread.join()
    assert "too long" in said[0]
    assert sys.gettrace() is before


@given(st.text(st.sampled_from("{}%#|.\"'()[]~*+ abxsubcribe_nm12"), max_size=60))
def test_any_text_is_either_accepted_or_refused_with_words(source):
    with contextlib.suppress(BadTemplate):  # any other error fails the test
        check(source, where="article", markup=False, brand=BRAND)


# ------------------------------------------------------------------ what all readers share


def test_the_publications_fields_are_written_in_for_good():
    source = with_publication("{{ publication.name | upper }} {{ publication.description | default('-') }}", BRAND, where="text")
    assert compile_merge(source, where="text", markup=False, brand={}).fill(ADA, {}) == "THE GARDEN LETTER -"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30).filter(str.strip))
def test_any_publication_name_survives_being_written_in(name):
    source = with_publication("{{ publication.name }}", {"name": name}, where="text")
    assert compile_merge(source, where="text", markup=False, brand={}).fill(ADA, {}) == name


def test_raw_text_about_the_publication_is_left_alone():
    source = "{% raw %}{{ publication.name }}{% endraw %}"
    assert with_publication(source, BRAND, where="text") == source
