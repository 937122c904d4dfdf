"""Two keys, and a message to sign with them."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.signed_mail import Mail

from syndication.delivery.signing import keys as key_cache
from syndication.delivery.signing.dkim import DomainKey

DOMAIN = "news.example.org"


@pytest.fixture(scope="session")
def rsa_key():
    return DomainKey(DOMAIN, "r1", rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture(scope="session")
def ed25519_key():
    return DomainKey(DOMAIN, "e1", Ed25519PrivateKey.generate())


@pytest.fixture(scope="session")
def both_keys(rsa_key, ed25519_key):
    return [rsa_key, ed25519_key]


@pytest.fixture
def mail():
    shared = (
        b"From: =?utf-8?q?Mara_=E2=80=93_The_Garden?= <mara@news.example.org>\r\n"
        b"Reply-To: post@news.example.org\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: multipart/alternative;\r\n boundary="=_0a636f2ee2348094"\r\n'
        b"List-Id: Weekly notes <weekly.news.example.org>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        b"Feedback-ID: 0f4a:weekly:campaign:news-example\r\n"
        b"CFBL-Address: fbl@news.example.org; report=arf\r\n"
        b"Precedence: bulk\r\n"
    )
    token = b"t" * 60
    own = (
        b"To: Ada Example <ada@example.org>\r\n"
        b"Subject: =?utf-8?q?Ein_Teich_f=C3=BCr_Ada_und_f=C3=BCr_alle=2C_die?=\r\n =?utf-8?q?_im_Garten_sitzen?=\r\n"
        b"List-Unsubscribe: <https://news.example.org/u/" + token + b"/>,\r\n"
        b" <mailto:u+" + token + b"@news.example.org?subject=unsubscribe>\r\n"
        b"Date: Tue, 24 Nov 2026 08:30:00 +0000\r\n"
        b"Message-ID: <m.0f4a.1@news.example.org>\r\n"
    )
    body = b"--=_0a636f2ee2348094\r\nContent-Type: text/plain\r\n\r\nHello Ada,=20=\r\n  two  blanks.\r\n\r\n--=_0a636f2ee2348094--\r\n"
    return Mail(shared, own, body)


@pytest.fixture(autouse=True)
def _no_remembered_keys():
    """Keys of one test are not those of the next."""
    key_cache.look_again()
    yield
    key_cache.look_again()
