"""Readers who are alike in all that decides share one prepared text, and nobody gets what is another reader's."""

import pytest

from syndication.rendering.mail_headers import Links
from syndication.rendering.merge import Answers, Encoding, Shapes, compile_pieces
from syndication.rendering.merge.limits import TooMuch
from syndication.rendering.merge.pieces import MOST_PRINTED
from syndication.rendering.merge.sandbox import printable
from syndication.rendering.merge.shapes import MOST_SHAPES, PATIENCE
from syndication.rendering.reader import ReaderRow

AS_TEXT = Encoding(fixed=str, ended=lambda text: text[:-1] + text[-1:], printed=lambda value: str(printable(value)), once=str)
KIND = (
    "{% set v = subscriber.attributes.v %}"
    "{% if v is boolean %}yes or no{% elif v is number %}number{% elif v is string %}text{% else %}other{% endif %}"
)
LINKS = Links("https://n.example/u/1/", "", "", "https://n.example/a/")


def shapes_of(source: str) -> Shapes:
    return Shapes([[compile_pieces(source, where="text", markup=False, encoding=AS_TEXT, links={"page_url": LINKS.page})]])


def filled(shapes: Shapes, name: str = "Ada Lovelace", **attributes: object) -> str:
    (pieces,) = shapes.fill(Answers(ReaderRow(1, "ada@example.org", name, attributes, ""), LINKS))
    return "".join(pieces)


def test_readers_of_different_names_share_a_shape():
    shapes = shapes_of('Hello {{ subscriber.first_name | default("there") | upper }}!')
    assert [filled(shapes, name) for name in ("Ada Lovelace", "Grace", "", "<&>")] == [
        "Hello ADA!",
        "Hello GRACE!",
        "Hello THERE!",
        "Hello <&>!",
    ]
    assert shapes.made == 1


def test_whether_a_name_is_known_makes_two_shapes_not_one_for_each_name():
    shapes = shapes_of("{% if subscriber.first_name %}Hi {{ subscriber.first_name }}{% else %}Hi{% endif %}")
    assert [filled(shapes, name) for name in ("Ada", "Grace", "", "Zoë")] == ["Hi Ada", "Hi Grace", "Hi", "Hi Zoë"]
    assert shapes.made == 2


def test_readers_of_the_same_topics_share_a_shape():
    shapes = shapes_of(
        "{% for topic in subscriber.attributes.topics %}{{ loop.index }} {{ topic | title }}, {{ subscriber.name }}. {% endfor %}"
    )
    assert filled(shapes, "Ada", topics=["moss", "ferns"]) == "1 Moss, Ada. 2 Ferns, Ada. "
    assert filled(shapes, "Zoë", topics=["moss", "ferns"]) == "1 Moss, Zoë. 2 Ferns, Zoë. "
    assert filled(shapes, "Zoë", topics=["moss"]) == "1 Moss, Zoë. "
    assert shapes.made == 2


@pytest.mark.parametrize("values", [(1, True, 1.0, "1"), (["1"], "1", ["1", ""]), (0, False, None, "")])
def test_values_that_only_look_alike_do_not_share_one(values):
    shapes = shapes_of(KIND)
    kinds = {bool: "yes or no", int: "number", float: "number", str: "text"}
    expected = ["other" if value == "" or value is None else kinds.get(type(value), "other") for value in values]
    assert [filled(shapes, v=value) for value in values] == expected
    assert [filled(shapes, v=value) for value in values] == expected


def test_a_comparison_behind_a_guard_does_not_fail_for_readers_whom_the_guard_keeps_away():
    shapes = shapes_of("{% if subscriber.attributes.age %}{% if subscriber.attributes.age > 17 %}grown up{% endif %}{% endif %}.")
    assert [filled(shapes), filled(shapes, age=20), filled(shapes, age=3), filled(shapes)] == [".", "grown up.", ".", "."]


def test_a_template_that_gives_everybody_another_shape_stops_keeping_them():
    shapes = shapes_of("{% for letter in subscriber.attributes.code %}{{ letter }}-{% endfor %}")
    for number in range(MOST_SHAPES * (PATIENCE + 2)):
        assert filled(shapes, code=f"{number:04}") == "".join(f"{letter}-" for letter in f"{number:04}")
        assert shapes.kept <= MOST_SHAPES
    assert shapes.kept <= 1


def test_a_large_shape_is_not_kept():
    shapes = shapes_of("{% for item in subscriber.attributes.items %}{{ item }}{% endfor %}")
    assert filled(shapes, items=["x"] * 400) == "x" * 400
    assert shapes.kept == 1
    assert filled(shapes, items=["y"] * 2_000) == "y" * 2_000
    assert filled(shapes, items=["z" * 1_000] * 40) == "z" * 40_000
    assert shapes.kept == 1


def test_a_shape_is_kept_however_long_the_text_after_its_last_field():
    shapes = shapes_of("{{ subscriber.name }}" + "x" * 50_000)
    assert filled(shapes, "Ada") == "Ada" + "x" * 50_000
    assert shapes.kept == 1


def test_a_text_that_ends_in_a_field_ends_as_the_field_does():
    assert filled(shapes_of("Bye {{ subscriber.name }}"), "Ada") == "Bye Ada"


def test_a_text_beyond_the_limit_is_left_to_the_way_that_counts():
    shapes = shapes_of("{{ subscriber.attributes.v | replace('a', 'bbbbbbbbbb') }}" * 150)
    assert len(filled(shapes, v="a" * 10)) == 15_000
    with pytest.raises(TooMuch):
        filled(shapes, v="a" * 1_000)


def test_a_source_of_very_many_fields_is_left_to_the_way_that_counts():
    with pytest.raises(TooMuch):
        shapes_of("{{ subscriber.name }}" * (MOST_PRINTED + 1))
