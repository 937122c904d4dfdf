"""A server's URL, its password, and the lock on it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndication.delivery.servers.addresses import BadServer, address_from, split_password
from syndication.delivery.servers.sealing import NONCE_BYTES, seal, unseal

KEY, OTHER_KEY, NONCE = b"k" * 32, b"o" * 32, b"n" * NONCE_BYTES


def test_the_password_leaves_the_url_and_everything_else_stays():
    bare, password = split_password("smtp://news%40example.org:s%40fe%2F@mail.example.org:587?tls=starttls")
    assert (bare, password) == ("smtp://news%40example.org@mail.example.org:587?tls=starttls", "s@fe/")
    address = address_from(bare, password)
    assert (address.username, address.password, address.host, address.tls) == ("news@example.org", "s@fe/", "mail.example.org", "starttls")


def test_a_url_without_a_password_stays_as_it_is():
    assert split_password("smtps://mail.example.org") == ("smtps://mail.example.org", "")


@given(st.text(min_size=1, max_size=60))
def test_any_password_comes_back(password):
    assert address_from("smtp://user@mail.example.org", password).password == password


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://mail.example.org:port",
        "smtp://mail.example.org:70000",
        "smtp://mail.example.org?tls=maybe",
        "smtp://:secret@mail.example.org",
        "smtp://user:secret@mail.example.org:25\r\nRCPT",
        "smtp://user:secret@mail exam ple.org",
        "smtp://user:secret@" + "h" * 600,
    ],
)
def test_a_wrong_url_is_refused_and_the_password_not_shown(url):
    with pytest.raises(BadServer) as caught:
        split_password(url)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 700


@given(st.text(max_size=200), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_what_is_sealed_opens_with_its_key_only(secret, nonce):
    sealed = seal(secret, KEY, nonce)
    assert sealed.isascii()
    assert unseal(sealed, KEY) == secret
    assert unseal(sealed, OTHER_KEY) is None


@given(st.data())
def test_a_changed_seal_opens_nothing(data):
    sealed = seal("secret", KEY, NONCE)
    at = data.draw(st.integers(0, len(sealed) - 5))
    other = data.draw(st.sampled_from([letter for letter in "ABCabc019+/" if letter != sealed[at]]))
    assert unseal(sealed[:at] + other + sealed[at + 1 :], KEY) is None


@pytest.mark.parametrize("sealed", ["", "AA", "not base64!", "ÄÖ", "AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_rubbish_opens_nothing(sealed):
    assert unseal(sealed, KEY) is None
