"""What a reader may choose is read strictly, and each refusal says what to do."""

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience.self_service.choices import LONGEST_NAME, LONGEST_PAUSE, Frequency, frequency_of, name_of, pause_of
from syndication.errors import BadInput

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("offered", list(Frequency))
def test_each_issue_and_the_feed_can_be_chosen(offered):
    assert frequency_of(offered.value) is offered


@pytest.mark.parametrize("word", ["", "daily", "weekly", "EACH", "never", "each\x00", "each "])
def test_what_is_not_offered_yet_or_never_was_is_refused(word):
    with pytest.raises(BadInput, match="how you want to read"):
        frequency_of(word)


def test_an_empty_field_is_no_pause():
    assert pause_of("  ", today=TODAY) is None


@given(st.integers(1, LONGEST_PAUSE.days))
def test_a_pause_may_end_on_any_day_of_the_year_to_come(days):
    until = TODAY + timedelta(days=days)
    assert pause_of(until.isoformat(), today=TODAY) == until


@given(st.dates().filter(lambda one: not TODAY < one <= TODAY + LONGEST_PAUSE))
def test_a_day_that_is_over_or_too_far_away_is_refused(day):
    with pytest.raises(BadInput, match=r"later day|year at most"):
        pause_of(day.isoformat(), today=TODAY)


@pytest.mark.parametrize(
    "text", ["tomorrow", "1.3.2027", "2027-02-30", "20270301", "2027-W09-1", "2027-3-1", "２０２７-03-01", "2027-03-01T00:00", "0000-00-00"]
)
def test_what_is_no_day_is_answered_with_one_that_is(text):
    with pytest.raises(BadInput, match="2026-12-08"):
        pause_of(text, today=TODAY)


@given(st.text())
def test_no_text_breaks_the_reading_of_a_day(text):
    with suppress(BadInput):
        assert (pause_of(text, today=TODAY) or date.max) > TODAY


@pytest.mark.parametrize("name", ["", "Mara", "  Mara   Vahl ", "O’Brien", "李小龍", "محمد", "नेहा", "می\u200cخواهم", "👩‍🌾 Jo"])
def test_names_of_all_the_world_are_kept(name):
    assert name_of(name) == " ".join(name.split())


@pytest.mark.parametrize("name", ["a\x00b", "a\x07b", "\u202eevil", "a\u2066b", "\ue000", "\x9f", "x" * (LONGEST_NAME + 1)])
def test_a_name_that_is_too_long_or_cannot_be_shown_is_refused(name):
    with pytest.raises(BadInput, match="This name"):
        name_of(name)


@given(st.text())
def test_a_name_that_is_kept_has_no_line_of_its_own_and_stays_the_same_when_read_again(text):
    try:
        kept = name_of(text)
    except BadInput:
        return
    assert len(kept.splitlines()) <= 1
    assert name_of(kept) == kept
