"""Rates as people write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.limits.rates import BadRate, Rate, parse_rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("20/s", (20, 1)),
        ("500/min", (500, 60)),
        ("10000/h", (10_000, 3600)),
        ("10,000/hour", (10_000, 3600)),
        ("1_000_000 / day", (1_000_000, 86400)),
        (" 1/MINUTE ", (1, 60)),
    ],
)
def test_a_rate_is_read(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["", "20", "/s", "20/", "20/fortnight", "0/s", "-1/s", "1.5/s", "10.000/h", "1,0000/h", "٢٠/s", "9" * 30 + "/s", "20/m"]
)
def test_what_is_no_rate_is_refused_with_examples(text):
    with pytest.raises(BadRate, match=r"20/s|from 1 to"):
        parse_rate(text)


@given(st.text(max_size=60))
def test_rubbish_is_refused_and_breaks_nothing(text):
    with suppress(BadRate):
        assert parse_rate(text).messages >= 1


@given(st.integers(1, 10**9), st.sampled_from([1, 60, 3600, 86400]))
def test_a_rate_is_read_as_it_is_written(messages, seconds):
    assert parse_rate(Rate(messages, seconds).short) == (messages, seconds)
