import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.audience import tokens

KEY = tokens.derive("an installation's secret", tokens.UNSUBSCRIBE)
NUMBERS = st.lists(st.integers(min_value=0, max_value=2**63), min_size=1, max_size=4).map(tuple)


@given(NUMBERS)
def test_a_token_gives_back_its_numbers_in_any_case(numbers):
    token = tokens.make(numbers, KEY)
    assert tokens.read(token, KEY, count=len(numbers)) == numbers
    assert tokens.read(token.upper(), KEY, count=len(numbers)) == numbers


@given(NUMBERS, st.data())
def test_a_token_with_one_changed_character_opens_nothing(numbers, data):
    token = tokens.make(numbers, KEY)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([letter for letter in "0123456789abcdefghijklmnopqrstuvwxyz" if letter != token[at]]))
    changed = token[:at] + other + token[at + 1 :]
    assert tokens.read(changed, KEY, count=len(numbers)) is None


@given(st.text(max_size=200))
def test_rubbish_is_no_token_and_no_error(text):
    assert tokens.read(text, KEY, count=2) is None


@given(NUMBERS)
def test_a_token_of_one_purpose_or_installation_opens_nothing_in_another(numbers):
    token = tokens.make(numbers, KEY)
    assert tokens.read(token, tokens.derive("an installation's secret", tokens.CONFIRM), count=len(numbers)) is None
    assert tokens.read(token, tokens.derive("another secret", tokens.UNSUBSCRIBE), count=len(numbers)) is None


@given(NUMBERS)
def test_a_link_of_the_time_when_tokens_were_written_in_base32_still_works(numbers):
    raw = bytes.fromhex(tokens.make(numbers, KEY))
    old = base64.b32encode(raw).decode().rstrip("=").lower()
    assert tokens.read(old, KEY, count=len(numbers)) == numbers
    assert tokens.read(old.upper(), KEY, count=len(numbers)) == numbers


@given(NUMBERS, st.binary(max_size=200))
def test_a_token_carries_hmac_sha256_of_its_numbers(numbers, key):
    body = b"".join(map(tokens.packed, numbers))
    assert tokens.make(numbers, key) == (body + hmac.digest(key, body, "sha256")[:16]).hex()


@pytest.mark.parametrize("change", [lambda token: f" {token}", lambda token: f"{token[:2]} {token[2:]}", lambda token: f"{token}\n"])
def test_a_token_written_in_another_way_opens_nothing(change):
    assert tokens.read(change(tokens.make((17, 4), KEY)), KEY, count=2) is None


def test_a_cut_token_opens_nothing():
    token = tokens.make((17, 4), KEY)
    assert all(tokens.read(token[:length], KEY, count=2) is None for length in range(len(token)))


def test_a_token_with_a_prefix_fits_into_a_local_part():
    assert len(tokens.make((2**63, 2**31), KEY)) + len("u+") <= 64
