import socket
from pathlib import Path

import pytest
from support.providers import FakeProvider

from syndication import environment
from syndication.delivery.parcel import Parcel

SAMPLE = Path(__file__).parents[2] / "samples" / "rendering" / "newsletter" / "message.eml"


@pytest.fixture
def provider():
    made = FakeProvider()
    yield made
    made.stop()


@pytest.fixture
def account(provider):
    """Gives an account at the fake provider: postmark or resend."""

    def make(name="postmark", *, api=None, connections=4):
        return environment.esp(f"esp+{name}://:geheim@?api={api or provider.url}&connections={connections}")

    return make


@pytest.fixture
def closed_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def newsletter(recipient: str) -> Parcel:
    """The sample newsletter, addressed to somebody."""
    raw = SAMPLE.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return Parcel("b+token@weekly.example.org", recipient, (raw,))


@pytest.fixture
def parcel():
    return newsletter
