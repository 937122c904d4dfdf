import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience import addresses
from syndication.audience.addresses import NotAnAddress, normalise, on_the_wire


@pytest.mark.parametrize(
    ("typed", "known_as"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("x@xn--exmple-cua.org", "x@exämple.org"),
        ("X@EXÄMPLE.org", "x@exämple.org"),
        ("a+news@example.org", "a+news@example.org"),
        ("reader@example.test", "reader@example.test"),
    ],
)
def test_an_address_has_one_spelling(typed, known_as):
    assert normalise(typed) == known_as


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "ada\u200b@example.org",
        "ada\r\nBcc: all@example.org",
        '"a b"@example.org',
        "a" * 65 + "@example.org",
        "a" * 400 + "@example.org",
        "ada@example..org",
        "ada@exa\0mple.org",
        "ada@example.org\x1f",
        "ada\u3164@example.org",
        "ada\ufe0f@example.org",
        "ada\u202e@example.org",
        "ada\ud800@example.org",
        "é" * 32 + "@" + ".".join(["ü" * 20] * 8) + ".org",  # 320 bytes are fewer than 320 characters
    ],
)
def test_what_is_no_address_is_refused_with_the_text_and_a_reason(typed):
    with pytest.raises(NotAnAddress, match="is not an email address: "):
        normalise(typed)


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_clear_refusal_and_normalising_twice_changes_nothing(text):
    try:
        once = normalise(text)
    except NotAnAddress:
        return
    assert normalise(once) == once
    assert not any(ord(letter) < 33 for letter in once)


def test_a_domain_outside_ascii_goes_over_the_wire_in_ascii_unless_the_local_part_needs_utf8():
    assert on_the_wire("x@exämple.org") == "x@xn--exmple-cua.org"
    assert on_the_wire("ü@exämple.org") == "ü@exämple.org"
    assert on_the_wire("x@example.org") == "x@example.org"


def test_a_hint_shows_too_little_to_write_to():
    assert addresses.hint("ada.lovelace@example.org") == "a…@example.org"


def test_what_was_broken_on_the_way_is_no_address():
    with pytest.raises(NotAnAddress, match="UTF-8"):
        normalise("ad\N{REPLACEMENT CHARACTER}@example.org")
