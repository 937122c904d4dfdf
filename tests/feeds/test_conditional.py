"""A reader that polls with true validators is told "unchanged", by the rules of RFC 9110."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.conditional import is_unchanged, validators_of

MODIFIED = datetime(1994, 11, 6, 8, 49, 37, 123_456, tzinfo=UTC)
VALIDATORS = validators_of(b"a feed", MODIFIED)
TAG = VALIDATORS.etag


def unchanged(if_none_match=None, if_modified_since=None):
    return is_unchanged(VALIDATORS, if_none_match=if_none_match, if_modified_since=if_modified_since)


@pytest.mark.parametrize("header", [TAG, f"W/{TAG}", "*", " * ", f'"other", W/"third",{TAG}', f'"a,b" , {TAG}'])
def test_a_tag_that_names_our_bytes_means_unchanged(header):
    assert unchanged(if_none_match=header)


@pytest.mark.parametrize("header", ["", '"other"', TAG.strip('"'), '"', f'{TAG[:-1]}-gzip"', "W/*", "\x00"])
def test_a_tag_that_does_not_name_our_bytes_means_send_them(header):
    assert not unchanged(if_none_match=header)


@pytest.mark.parametrize(
    "header",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Mon, 07 Nov 1994 08:49:37 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ],
)
def test_each_form_of_date_equal_or_later_means_unchanged(header):
    assert unchanged(if_modified_since=header)


@pytest.mark.parametrize(
    "header", ["Sun, 06 Nov 1994 08:49:36 GMT", "yesterday", "", "1994-11-06T08:49:37", "Sun, 99 Nov 1994 08:49:37 GMT"]
)
def test_an_earlier_or_broken_date_means_send(header):
    assert not unchanged(if_modified_since=header)


def test_the_tag_wins_over_the_date():
    assert not unchanged(if_none_match='"other"', if_modified_since=VALIDATORS.last_modified)
    assert unchanged(if_none_match=TAG, if_modified_since="Sun, 06 Nov 1983 08:49:37 GMT")


def test_a_reader_that_sends_nothing_gets_the_feed():
    assert not unchanged()


def test_our_own_last_modified_is_understood():
    assert VALIDATORS.last_modified == "Sun, 06 Nov 1994 08:49:37 GMT"
    assert unchanged(if_modified_since=VALIDATORS.last_modified)


def test_other_bytes_have_another_tag():
    assert validators_of(b"a feed.", MODIFIED).etag != TAG


@given(st.text(), st.text())
def test_no_header_value_breaks_the_answer(tag, date):
    assert unchanged(tag, date) in {True, False}
    assert unchanged(None, date) in {True, False}


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9990, 1, 1)))  # noqa: DTZ001  # made aware below
def test_any_true_date_round_trips(moment):
    validators = validators_of(b"", moment.replace(tzinfo=UTC))
    header = validators.last_modified
    assert is_unchanged(validators, if_none_match=None, if_modified_since=header)
    later = validators_of(b"", moment.replace(tzinfo=UTC) + timedelta(seconds=1))
    assert not is_unchanged(later, if_none_match=None, if_modified_since=header)
