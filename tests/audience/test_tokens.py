import base64
import hashlib
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


COPY = (417, 700_001, 3)
PURPOSES = [tokens.UNSUBSCRIBE, tokens.BOUNCE, tokens.MESSAGE_ID, tokens.PREFERENCES]


def test_the_four_tokens_of_a_copy_are_the_quarters_of_an_hmac_over_its_numbers():
    body = b"".join(map(tokens.packed, COPY))
    mac = hmac.new(KEY, body, hashlib.sha512).hexdigest()
    assert "".join(token.removeprefix(body.hex()) for token in tokens.of_copy(*COPY, KEY)) == mac


def test_a_token_of_a_copy_opens_its_own_purpose_only():
    for made, token in zip(PURPOSES, tokens.of_copy(*COPY, KEY), strict=True):
        opened = [purpose for purpose in PURPOSES if tokens.read_copy(token, purpose, KEY) is not None]
        assert opened == [made]
        assert tokens.read_copy(token, made, KEY) == tokens.read_copy(token.upper(), made, KEY) == COPY


@given(st.sampled_from(range(4)), st.integers(0, 200), st.sampled_from("0123456789abcdefg -@\u00e9"))
def test_a_changed_token_of_a_copy_opens_nothing(which, at, character):
    token = tokens.of_copy(*COPY, KEY)[which]
    changed = token[: at % len(token)] + character + token[at % len(token) + 1 :]
    assert (tokens.read_copy(changed, PURPOSES[which], KEY) == COPY) == (changed == token)


@pytest.mark.parametrize("token", ["", "00", "g" * 50, "0" * 200, "01" + "00" * 17])
def test_what_is_no_token_of_a_copy_opens_nothing(token):
    assert all(tokens.read_copy(token, purpose, KEY) is None for purpose in PURPOSES)
