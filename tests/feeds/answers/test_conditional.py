"""A reader that polls with true validators is told "unchanged", by the rules of RFC 9110."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.answers.conditional import Validators, http_date, is_not_newer, is_refused, is_unchanged, known_tag, last_modified

MODIFIED = datetime(1994, 11, 6, 8, 49, 37, 123_456, tzinfo=UTC)
WHOLE_SECOND = MODIFIED.replace(microsecond=0)
TAG = '"a0b1c2"'
VALIDATORS = Validators(TAG, WHOLE_SECOND)


def unchanged(if_none_match=None, if_modified_since=None):
    return is_unchanged(VALIDATORS, if_none_match=if_none_match, if_modified_since=if_modified_since)


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", "*", " * ", f'"other", W/"third",{TAG}', f'"a,b" , {TAG}'])
def test_a_tag_that_names_our_bytes_means_unchanged(header):
    assert unchanged(if_none_match=header)


@pytest.mark.parametrize("header", ["", '"other"', TAG.strip('"'), '"', f'{TAG[:-1]}-gzip"', "W/*", "\x00", f'w/"x"{TAG[1:]}'])
def test_a_tag_that_does_not_name_our_bytes_means_send_them(header):
    assert not unchanged(if_none_match=header)


def test_of_several_forms_the_one_that_is_named_is_found():
    assert known_tag('"c", W/"b"', ('"a"', '"b"', '"c"')) == '"b"'
    assert known_tag("*", ('"a"', '"b"')) == '"a"'
    assert known_tag('"d"', ('"a"', '"b"')) is None


@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 07 Nov 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        " sun, 06 nov 1994 08:49:37 gmt ",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Thu, 31 Dec 2026 23:59:60 GMT",
    ],
)
def test_each_form_of_date_equal_or_later_means_unchanged(header):
    assert unchanged(if_modified_since=header)


@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "yesterday",
        "",
        "1994-11-06T08:49:37",
        "2026-11-06T08:49:37Z",
        "Sun, 99 Nov 2026 08:49:37 GMT",
        "Sun, 06 Foo 2026 08:49:37 GMT",
        "Sun, 06 Nov 2026 25:49:37 GMT",
        "Sun, 06 Nov 2026 08:49:37 GMT, Sun, 06 Nov 2026 08:49:37 GMT",
        "Sun, 06 Nov 2026 08:49:37 GMT" + " " * 5_000,
        "Sun, ٠٦ Nov 2026 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "0",
    ],
)
def test_an_earlier_or_broken_date_means_send(header):
    assert not unchanged(if_modified_since=header)


@pytest.mark.parametrize(("year", "whole"), [("69", 2069), ("70", 1970), ("26", 2026), ("99", 1999)])
def test_a_year_of_two_digits_is_of_the_nearest_century_that_had_feeds(year, whole):
    assert http_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT").year == whole


def test_the_tag_wins_over_the_date():
    assert not unchanged(if_none_match='"other"', if_modified_since=VALIDATORS.last_modified)
    assert not unchanged(if_none_match="garbage", if_modified_since=VALIDATORS.last_modified)
    assert unchanged(if_none_match=TAG, if_modified_since="Sun, 06 Nov 1983 08:49:37 GMT")


def test_a_reader_that_sends_nothing_gets_the_feed():
    assert not unchanged()


def test_our_own_last_modified_is_understood():
    assert VALIDATORS.last_modified == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert unchanged(if_modified_since=VALIDATORS.last_modified)


def test_last_modified_is_never_later_than_the_answer():
    assert last_modified(MODIFIED, MODIFIED + timedelta(days=1)) == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert last_modified(MODIFIED, MODIFIED - timedelta(seconds=7)) == "Sun, 06 Nov 1994 08:49:30 GMT"


@pytest.mark.parametrize("if_match", ["*", TAG, f'"other", {TAG}'])
def test_a_reader_that_insists_on_our_bytes_is_not_refused(if_match):
    assert not is_refused(if_match, "Sun, 06 Nov 1983 08:49:37 GMT", (TAG,), WHOLE_SECOND)


@pytest.mark.parametrize("if_match", [f"W/{TAG}", '"other"', "", "garbage"])
def test_a_reader_that_insists_on_other_bytes_is_refused_and_weak_tags_do_not_count(if_match):
    assert is_refused(if_match, None, (TAG,), WHOLE_SECOND)


def test_a_reader_that_insists_on_an_old_date_is_refused():
    assert is_refused(None, "Sun, 06 Nov 1994 08:49:36 GMT", (TAG,), WHOLE_SECOND)
    assert not is_refused(None, "Sun, 06 Nov 1994 08:49:37 GMT", (TAG,), WHOLE_SECOND)
    assert not is_refused(None, "whenever", (TAG,), WHOLE_SECOND)


@given(st.text(), st.text())
def test_no_header_value_breaks_the_answer(tag, date):
    assert unchanged(tag, date) in {True, False}
    assert unchanged(None, date) in {True, False}
    assert is_refused(tag, date, (TAG,), MODIFIED) in {True, False}


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9990, 1, 1)))  # noqa: DTZ001  # made aware below
def test_any_true_date_round_trips(moment):
    validators = Validators(TAG, moment.replace(tzinfo=UTC, microsecond=0))
    header = validators.last_modified
    assert is_unchanged(validators, if_none_match=None, if_modified_since=header)
    assert not is_not_newer(validators.modified_at + timedelta(seconds=1), header)
