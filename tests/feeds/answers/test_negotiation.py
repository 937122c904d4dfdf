"""A reader is sent an encoding that it takes: the smallest of those that it likes best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.feeds.answers.negotiation import acceptable, chosen, manipulations, weights

ALL = {"identity", "gzip", "br"}


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br;q=0.5, gzip;q=1.0", "gzip"),
        ("br; q=0.5 , gzip ; q = 0.4", "br"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000, br;q=0", "identity"),
        ("*", "br"),
        ("*;q=0.1, br;q=0", "gzip"),
        ("identity", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", "identity"),
        ("*;q=0", "identity"),
        ("identity;q=0, *;q=0", "identity"),
        ("deflate", "identity"),
        ("compress, zstd;q=0.9", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=-1", "identity"),
        ("gzip;q=nan", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;level=9", "identity"),
        ("gzip;q=1;q=0", "identity"),
        ("gzip, gzip;q=0", "gzip"),
        (",,, ,gzip,,", "gzip"),
        (";q=1", "identity"),
        ("gz ip", "identity"),
        ("gzip\x00", "identity"),
        ("gzip;q=٠.٥", "identity"),
        ("gzip," * 10_000, "identity"),
        ("q=1", "identity"),
        ("br;Q=0.3, gzip;Q=0.4", "gzip"),
    ],
)
def test_each_wish_gets_its_encoding(header, sent):
    assert chosen(acceptable(header), ALL) == sent


def test_an_encoding_that_is_not_there_is_passed_over():
    assert chosen(acceptable("br, gzip;q=0.5"), {"identity", "gzip"}) == "gzip"
    assert chosen(acceptable("br"), {"identity"}) == "identity"


def test_plain_bytes_are_acceptable_to_whoever_did_not_exclude_them():
    assert acceptable("gzip") == ("gzip", "identity")
    assert acceptable("gzip, identity;q=0") == ("gzip",)
    assert acceptable("gzip, *;q=0") == ("gzip",)
    assert acceptable("identity;q=0, *;q=0") == ()


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("feed", {"feed"}),
        ("feed, gzip", {"feed", "gzip"}),
        ("FEED;q=0.5", {"feed"}),
        ("feed;q=0", set()),
        ("vcdiff", {"vcdiff"}),
        ("", set()),
    ],
)
def test_the_manipulations_with_a_weight_count(header, named):
    assert manipulations(header) == named


@given(st.text())
def test_no_header_breaks_it(header):
    assert chosen(acceptable(header), ALL) in ALL
    assert all(0 <= weight <= 1 for weight in weights(header).values())
    assert isinstance(manipulations(header), frozenset)


@given(st.dictionaries(st.sampled_from(["gzip", "br", "identity", "*", "deflate"]), st.floats(0, 1)))
def test_what_was_excluded_is_sent_only_when_nothing_else_is_left(wishes):
    wishes = {name: round(weight, 3) for name, weight in wishes.items()}
    taken = acceptable(", ".join(f"{name};q={weight:.3f}" for name, weight in wishes.items()))
    sent = chosen(taken, ALL)
    assert not taken or wishes.get(sent, wishes.get("*", 1)) > 0
