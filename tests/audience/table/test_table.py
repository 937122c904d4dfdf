import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience.table.columns import Reader, checked, guess, names_of
from syndication.audience.table.forms import Form, delimiter_of, encoding_of, first_records, guessed, has_header
from syndication.audience.table.look import Chosen, look_at
from syndication.audience.table.presets import PRESETS, recognised
from syndication.audience.table.rows import BadTable
from syndication.audience.table.source import LONGEST_LINE, Source, count_records

ZONES = frozenset({"Europe/Berlin"})


def read(content, chosen=None):
    file = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    look = look_at(file, chosen)
    reader = Reader(checked(look.fields, look.names), preset=look.form.preset, known_zones=ZONES)
    return list(map(reader.row, Source(file, look.form)))


def test_columns_are_known_by_name_and_the_others_become_attributes():
    (row,) = read("Name;E-Mail;Favourite Colour\r\nAda;ada@example.org;blue\r\n")
    assert (row.address, row.name, dict(row.attributes), row.line) == ("ada@example.org", "Ada", {"favourite_colour": "blue"}, 2)


def test_first_and_last_name_make_the_name_and_stay_attributes():
    (row,) = read("email,first name,last name\nada@example.org,Ada,Lovelace\n")
    assert (row.name, dict(row.attributes)) == ("Ada Lovelace", {"first_name": "Ada", "last_name": "Lovelace"})


def test_attributes_may_be_a_json_object():
    (row,) = read('email,attributes\nada@example.org,"{""plan"": ""pro""}"\n')
    assert row.attributes == {"plan": "pro"}


@pytest.mark.parametrize("cell", ["[1]", "{", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}', '{"a": "\\u0000"}', "[" * 5000])
def test_attributes_that_no_database_takes_are_a_problem_of_that_row_only(cell):
    quoted = cell.replace('"', '""')
    first, second = read(f'email,attributes\nada@example.org,"{quoted}"\nbo@example.org,\n')
    assert "attributes" in first.problem
    assert not second.problem


def test_empty_lines_are_passed_over_and_lines_are_counted_as_an_editor_does():
    assert [row.line for row in read('email,name\n\nada@example.org,"A"\n\nbo@example.org,B\n')] == [3, 5]


def test_a_table_without_addresses_says_which_columns_it_has():
    with pytest.raises(BadTable, match="line 1 has: first, last"):
        read("first,last\nAda,L\n")


def test_a_table_without_a_header_is_known_by_its_addresses():
    assert [(row.line, row.address) for row in read("Ada,ada@example.org\nBo,bo@example.org\n")] == [
        (1, "ada@example.org"),
        (2, "bo@example.org"),
    ]


def test_broken_quotes_name_the_line():
    with pytest.raises(BadTable, match="Line 3"):
        read('email,name\nada@example.org,Ada\nbo@example.org,"Bo"x\n')


def test_a_quote_that_never_ends_names_the_line_where_it_begins():
    with pytest.raises(BadTable, match="Line 3"):
        read('email,name\nada@example.org,Ada\nbo@example.org,"Bo\n' + "c@example.org,C\n" * 20)


def test_a_hundred_thousand_columns_are_refused():
    with pytest.raises(BadTable, match="columns; 200 are the most"):
        read("email" + "," * 100_000 + "\n")
    with pytest.raises(BadTable, match="Line 3 has 100,001 columns"):
        read("email,name\nada@example.org,A\n" + "," * 100_000 + "\n")


def test_a_cell_of_a_megabyte_is_refused_with_its_line():
    with pytest.raises(BadTable, match="Line 2: field larger than field limit"):
        read(f"email,name\nada@example.org,{'x' * 2**20}\n")


def test_a_file_without_line_ends_is_not_read_into_memory():
    with pytest.raises(BadTable, match="Line 2 has more than"):
        read(b"email\n" + b"a@example.org," * (LONGEST_LINE // 4))


@pytest.mark.parametrize("cell", ['"A\r\nB"', "A\0B", "A\x1bB"])
def test_a_control_character_in_a_cell_is_a_problem_of_the_row(cell):
    many = "ok@example.org,x\n" * 5000  # a NUL at the start of a file says that it is no text
    row = read(f"email,name\n{many}ada@example.org,{cell}\n")[-1]
    assert "control character" in row.problem


def test_more_cells_than_columns_are_a_problem_of_the_row():
    first, second = read("email,name\nada@example.org,Lovelace, Ada\nbo@example.org,Bo,\n")
    assert "needs quotes" in first.problem
    assert not second.problem


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16-le"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("latin-1", "cp1252"),
    ],
)
def test_the_encoding_is_found_and_the_text_is_right(encoding, found):
    content = "email,name\r\nzoe@example.org,Zoë\r\nand@example.org,Andé\r\n".encode(encoding)
    file = io.BytesIO(content)
    assert look_at(file).form.encoding == found
    assert [row.name for row in read(content)] == ["Zoë", "Andé"]


def test_a_language_of_another_alphabet_is_told_from_enough_text():
    text = "email,name\n" + "".join(f"r{n}@example.org,Александра Петровна Иванова\n" for n in range(20))
    assert guessed(text.encode("cp1251")) == "cp1251"


def test_a_person_may_say_the_encoding_but_a_byte_order_mark_wins():
    assert encoding_of(b"email", "latin-1") == ("iso8859-1", 0)
    assert encoding_of("email".encode("utf-16"), "latin-1") == ("utf-16-le", 2)
    with pytest.raises(BadTable, match="not known here"):
        encoding_of(b"email", "klingon")


def test_bytes_that_are_not_in_the_chosen_encoding_name_their_line():
    with pytest.raises(BadTable, match="near line 3 "):
        read(b"email\nada@example.org\ncaf\xe9@example.org\n", Chosen(encoding="utf-8"))


@pytest.mark.parametrize("start", [b"", b" \n\n", b"PK\x03\x04\0\0", b"\x89PNG\r\n\0", b"%PDF-1.7", b"\x1f\x8b\x08"])
def test_an_empty_packed_or_binary_file_is_refused(start):
    with pytest.raises(BadTable):
        encoding_of(start)


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n", ","),
        ("a;b;c,d\n", ";"),
        ("a\tb\n", "\t"),
        ("a|b\n", "|"),
        ("email\n", ","),
        ('"Last, First";email\n', ";"),
        ("a;b,c\n1;2,3,4\n5;6\n", ";"),
    ],
)
def test_the_delimiter_is_the_most_frequent_one_of_the_first_line_outside_of_quotes(sample, delimiter):
    assert delimiter_of(sample) == delimiter


def test_a_header_is_told_from_a_first_reader():
    assert has_header(first_records("email,name\na@b.org,A\n", ",", 5))
    assert not has_header(first_records("a@b.org,A\n", ",", 5))
    assert not has_header([["1", "2"]])


# ---------------------------------------------------------------- exports of other systems

HEADERS = {
    "mailchimp": "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TIMEZONE,LEID,EUID,NOTES,TAGS",
    "substack": "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at",
    "ghost": "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers",
    "listmonk": "uuid,email,name,attributes,status,created_at,updated_at",
    "buttondown": "id,email_address,type,tags,metadata,notes,creation_date,source,referrer_url",
}


@pytest.mark.parametrize("preset", HEADERS)
def test_the_exports_of_other_systems_are_recognised_and_can_be_read(preset):
    names = HEADERS[preset].split(",")
    assert recognised(names) == preset
    fields = checked(guess(names, [], preset), names)
    assert fields.count("address") == 1
    assert set(PRESETS[preset].drops).isdisjoint(name.lower() for name, field in zip(names, fields, strict=True) if field != "ignore")


@pytest.mark.parametrize(
    ("table", "standings"),
    [
        (HEADERS["listmonk"] + '\nu,a@e.org,A,"{}",enabled,x,y\nu,b@e.org,B,{},blocklisted,x,y\n', ["", "unsubscribed"]),
        (HEADERS["substack"] + "\na@e.org,true,,free,false,x,\nb@e.org,false,,free,true,x,\n", ["", "unsubscribed"]),
        (HEADERS["ghost"] + "\n1,a@e.org,A,,true,,,x,,,\n2,b@e.org,B,,false,,,x,,,\n", ["", "unsubscribed"]),
        (
            HEADERS["buttondown"] + "\n1,a@e.org,regular,,{},,x,,\n2,b@e.org,unactivated,,{},,x,,\n3,c@e.org,undeliverable,,{},,x,,\n4,d@e.org,complained,,{},,x,,\n",
            ["", "pending", "bounced", "complained"],
        ),
        (HEADERS["mailchimp"] + ",UNSUB_TIME\na@e.org,A,B,2,x,,x,,,1,2,,,2020-01-01\n", ["unsubscribed"]),
        (HEADERS["mailchimp"] + ",CLEAN_TIME\na@e.org,A,B,2,x,,x,,,1,2,,,2020-01-01\n", ["bounced"]),
    ],
)  # fmt: skip
def test_who_left_or_bounced_in_another_system_is_known_for_it(table, standings):
    assert [row.standing for row in read(table)] == standings


def test_a_status_that_nobody_knows_is_refused_instead_of_guessed():
    (row,) = read("email,status\na@e.org,vip\n")
    assert "not known whether such readers may be mailed" in row.problem


@pytest.mark.parametrize(
    ("cells", "why"),
    [("a@e.org,germanish!,", "no language"), ("a@e.org,de,Mars/Base", "no time zone"), ("a@e.org,de-AT,Europe/Berlin", "")],
)
def test_languages_and_time_zones_are_checked(cells, why):
    (row,) = read(f"email,locale,time_zone\n{cells}\n")
    assert why in row.problem
    assert bool(row.problem) == bool(why)


# ---------------------------------------------------------------- columns


def test_privileged_columns_are_left_out_unless_somebody_insists():
    fields = guess(["email", "id", "address_hash", "uid"], [])
    assert fields == ["address", "ignore", "ignore", "ignore"]
    with pytest.raises(BadTable, match="call it old_id"):
        checked(["address", "attribute:id"], ["email", "id"])


@pytest.mark.parametrize("field", ["attribute:", "attribute:A b", "attribute:1a", "attribute:" + "x" * 61, "state", "nonsense"])
def test_fields_that_do_not_exist_are_refused(field):
    with pytest.raises(BadTable):
        checked(["address", field], ["email", "other"])


def test_two_columns_for_one_field_are_refused():
    with pytest.raises(BadTable, match="Two columns would become"):
        checked(["address", "attribute:a", "attribute:a"], ["x", "y", "z"])


def test_columns_without_names_are_numbered():
    assert names_of(["a", "b"], has_header=False) == ["Column 1", "Column 2"]


# ---------------------------------------------------------------- where a record ends

LINES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), max_size=12), min_size=1, max_size=40)


@given(LINES, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be"]), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(0, 40))
def test_a_file_can_be_read_on_from_where_any_record_ended(cells, encoding, end, cut):
    content = "".join(f'"{cell}",x{end}' for cell in cells).encode(encoding)
    form = Form(encoding, ",", has_header=False)
    whole = list(Source(io.BytesIO(content), form))
    first = Source(io.BytesIO(content), form)
    begun = [record for _, record in zip(range(cut), first, strict=False)]
    rest = Source(io.BytesIO(content), form, offset=first.offset, line=first.line)
    assert begun + list(rest) == whole
    assert [cells[0] for _, cells in whole] == cells


@given(st.text(max_size=300))
def test_any_text_gives_rows_or_a_clear_refusal(text):
    with contextlib.suppress(BadTable):
        read(text.encode("utf-8", "replace"))


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_a_clear_refusal(content):
    with contextlib.suppress(BadTable):
        rows = read(content)
        assert count_records(io.BytesIO(content), look_at(io.BytesIO(content)).form) == len(rows)
