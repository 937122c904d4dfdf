"""Numbers, times and sizes as a person would say them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.web import wording

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (7_800, "2 h 10 min"),
        (7_200, "2 h"),
        (90_000, "1 d 1 h"),
        (172_800, "2 d"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds, said):
    assert wording.how_long(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (7_800, "in 2 h 10 min"),
        (30, "in 30 s"),
        (0, "just now"),
        (-44, "just now"),
        (-300, "5 min ago"),
        (-7_900, "2 h ago"),
        (-200_000, "2 d ago"),
    ],
)
def test_a_moment_is_told_from_now(seconds, said):
    assert wording.from_now(NOON + timedelta(seconds=seconds), NOON) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("UTC", "Tue 1 Dec 2026, 12:00 UTC"),
        ("Europe/Berlin", "Tue 1 Dec 2026, 13:00 CET"),
        ("America/Sao_Paulo", "Tue 1 Dec 2026, 09:00 America/Sao_Paulo (-03)"),
    ],
)
def test_a_moment_is_told_on_the_clock_of_a_zone(zone, said):
    assert wording.stamp(NOON, zone) == said


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (wording.counted(1, "article"), "1 article"),
        (wording.counted(1_240, "article"), "1,240 articles"),
        (wording.counted(2, "delivery", "deliveries"), "2 deliveries"),
        (wording.size(1), "1 byte"),
        (wording.size(14_541), "14.2 KB"),
        (wording.size(3_250_000), "3.1 MB"),
        (wording.thousands(12_345), "12,345"),
    ],
)
def test_numbers_come_with_their_nouns(said, expected):
    assert said == expected


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_every_moment_has_words(seconds):
    said = wording.from_now(NOON + timedelta(seconds=seconds), NOON)
    assert said.startswith("in ") or said.endswith((" ago", "just now"))
