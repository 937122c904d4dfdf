import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience.table import BadTable, delimiter_of, encoding_of, rows


def read(text):
    return list(rows(io.StringIO(text, newline=""), text))


def test_columns_are_known_by_name_and_the_others_become_attributes():
    (row,) = read("Name;E-Mail;Favourite Colour\r\nAda;ada@example.org;blue\r\n")
    assert (row.address, row.name, row.attributes, row.line) == ("ada@example.org", "Ada", {"favourite_colour": "blue"}, 2)


def test_attributes_may_be_a_json_object():
    (row,) = read('email,attributes\nada@example.org,"{""plan"": ""pro""}"\n')
    assert row.attributes == {"plan": "pro"}


def test_attributes_that_are_no_object_are_a_problem_of_that_row_only():
    first, second = read('email,attributes\nada@example.org,"[1]"\nbo@example.org,\n')
    assert "JSON object" in first.problem
    assert not second.problem


def test_empty_lines_are_passed_over_and_lines_are_counted_as_an_editor_does():
    assert [row.line for row in read('email,name\n\nada@example.org,"A"\n\nbo@example.org,B\n')] == [3, 5]


def test_a_table_without_a_column_of_addresses_says_which_columns_it_has():
    with pytest.raises(BadTable, match="line 1 has: first, last"):
        read("first,last\nAda,L\n")


def test_broken_quotes_name_the_line():
    with pytest.raises(BadTable, match="Line 3"):
        read('email,name\nada@example.org,Ada\nbo@example.org,"Bo"x\n')


def test_a_hundred_thousand_columns_are_refused():
    with pytest.raises(BadTable, match="100,001 columns"):
        read("email" + "," * 100_000 + "\n")


def test_a_cell_of_a_megabyte_is_refused_with_its_line():
    with pytest.raises(BadTable, match="Line 2: field larger than field limit"):
        read(f"email,name\nada@example.org,{'x' * 2**20}\n")


def test_a_control_character_in_a_cell_is_a_problem_of_the_row():
    (row,) = read('email,name\nada@example.org,"A\r\nB"\n')
    assert "control character" in row.problem


def test_the_encoding_comes_from_the_byte_order_mark_then_from_the_person():
    assert encoding_of("\ufeffemail".encode()) == "utf-8-sig"
    assert encoding_of("email".encode("utf-16")) == "utf-16"
    assert encoding_of(b"email", "latin-1") == "latin-1"


@pytest.mark.parametrize("start", [b"", b" \n\n", b"PK\x03\x04\0\0", b"\x89PNG\r\n\0"])
def test_an_empty_or_binary_file_is_refused(start):
    with pytest.raises(BadTable):
        encoding_of(start)


@pytest.mark.parametrize(("first_line", "delimiter"), [("a,b", ","), ("a;b;c,d", ";"), ("a\tb", "\t"), ("email", ",")])
def test_the_delimiter_is_the_most_frequent_one_of_the_first_line(first_line, delimiter):
    assert delimiter_of(first_line + "\n;;;;\n") == delimiter


@given(st.text(max_size=300))
def test_any_text_gives_rows_or_a_clear_refusal(text):
    with contextlib.suppress(BadTable):
        read(text)
